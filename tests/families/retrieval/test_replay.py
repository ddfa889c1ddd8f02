from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random

import msgspec
import pytest

from proveout.families.retrieval import Knowledge, Search, SearchRecord, Source, record_search, replay

Opens = Callable[..., Knowledge]
WORDS = [f"word{number}" for number in range(80)]


def pages(random: Random, count: int) -> list[Source]:
    paths = random.sample(range(60), count)
    return [Source(path=f"{path}", content=" ".join(random.choices(WORDS, k=60)).encode()) for path in paths]


@pytest.mark.parametrize("cold", [False, True])
def test_100_searches_replay_bit_for_bit_after_20_batches(opens: Opens, tmp_path: Path, cold: bool) -> None:  # noqa: FBT001
    random = Random(0)
    knowledge = opens()
    knowledge.ingest(pages(random, 40))
    modes = ("hybrid", "bm25", "vector")
    asked = [Search(text=" ".join(random.choices(WORDS, k=5)), mode=modes[at % 3]) for at in range(100)]  # type: ignore[arg-type]
    records = [record_search(knowledge, str(at), one)[1] for at, one in enumerate(asked)]
    for _ in range(20):
        changed = pages(random, 6)
        there = {source.path for source in changed}
        knowledge.ingest(changed, delete=[str(at) for at in random.sample(range(60), 2) if str(at) not in there])
    if cold:
        shutil.rmtree(tmp_path / "cache")
    again = opens() if cold else knowledge
    stored = [msgspec.json.decode(msgspec.json.encode(one), type=SearchRecord) for one in records]
    assert [replay(again, one).differences for one in stored] == [()] * 100
    assert sum(knowledge.search(one.text, mode=one.mode) != [] for one in asked) == 100
    assert any(
        tuple(hit.score for hit in knowledge.run(one)) != record.scores
        for one, record in zip(asked, records, strict=True)
    )


def test_a_replay_says_what_differs(knowledge: Knowledge) -> None:
    knowledge.ingest([Source(path="a", content=b"refund"), Source(path="b", content=b"refund hours")])
    _, record = record_search(knowledge, "r", Search(text="refund"))
    assert replay(knowledge, record).identical
    altered = msgspec.structs.replace(record, scores=(record.scores[0] + 1e-17 + 1e-15, record.scores[1]))
    assert replay(knowledge, altered).differences[0].startswith("hit 1: recorded")
    short = msgspec.structs.replace(record, chunks=record.chunks[:1])
    assert replay(knowledge, short).differences == ("1 hits were recorded, 2 found",)
    other = msgspec.structs.replace(record, embedder="another")
    assert replay(knowledge, other).differences == ("embedder: recorded another, found hash-1",)


def test_a_search_of_nothing_replays(knowledge: Knowledge) -> None:
    hits, record = record_search(knowledge, "r", Search(text="refund"))
    assert (hits, record.search.as_of) == ([], None)
    knowledge.ingest([Source(path="a", content=b"refund")])
    assert replay(knowledge, record).identical
