from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proveout.errors import BuildFailed, ChunkerUnknown, DuplicateIds, FamilyDoesNotFit
from proveout.families import fit_embedder
from proveout.families.retrieval import Knowledge, Noted, Skipped, Source

Opens = Callable[..., Knowledge]
WORDS = ("card lost", "refund due", "opening hours", "pay\u200bment late", "ﬁne print")
PATHS = ("a.md", "b.txt", "c.html", "d")


def source(path: str, text: str, **options: Any) -> Source:
    return Source(path=path, content=text.encode(), **options)


def pages(count: int) -> str:
    return "\n\n".join(
        f"# Part {part}\n\n" + "".join(f"Row {at} of part {part}. " for at in range(60)) for part in range(count)
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [("Row 30 of part 7", "Row 30 in part 7"), ("Row 0 of part 3", "Row 0 is inserted. Row 0 of part 3")],
)
def test_a_changed_page_embeds_its_changed_chunks_alone(
    knowledge: Knowledge, embedder: Any, old: str, new: str
) -> None:
    text = pages(8)
    first = knowledge.ingest([source("page.md", text)])
    assert first.embedded == first.chunks == len(embedder.embedded) > 16
    second = knowledge.ingest([source("page.md", text.replace(old, new))])
    assert (second.updated, second.generation) == (("page.md",), 2)
    part = old[-1]
    changed = embedder.embedded[first.embedded :]
    assert 1 <= second.embedded == len(changed) <= 4
    assert all(f"of part {part}" in one for one in changed)
    assert any(new in one for one in changed)


def test_what_was_embedded_once_never_is_again(knowledge: Knowledge, embedder: Any) -> None:
    knowledge.ingest([source("a.md", pages(3))])
    count = len(embedder.embedded)
    knowledge.ingest([], delete=["a.md"])
    report = knowledge.ingest([source("copy.md", pages(3))])
    assert (report.embedded, len(embedder.embedded)) == (0, count)


def test_the_same_again_makes_no_generation(knowledge: Knowledge) -> None:
    knowledge.ingest([source("a.md", "hello")])
    report = knowledge.ingest([source("a.md", "hello")])
    assert (report.generation, report.unchanged, report.added, report.updated) == (1, 1, (), ())


def test_permissions_and_metadata_are_part_of_a_version(knowledge: Knowledge) -> None:
    knowledge.ingest([source("a.md", "hello")])
    assert knowledge.ingest([source("a.md", "hello", permissions=("hr",))]).updated == ("a.md",)
    assert knowledge.ingest([source("a.md", "hello", permissions=("hr",), metadata={"x": 1})]).updated == ("a.md",)


def test_a_document_that_is_opened_to_everybody_is_noted(knowledge: Knowledge) -> None:
    knowledge.ingest([source("a.md", "hello", permissions=("hr", "law")), source("b.md", "hi", permissions=())])
    assert knowledge.ingest([source("a.md", "hello all"), source("b.md", "hi all")]).noted == (
        Noted("a.md", "everybody may read it now; before, hr, law"),
        Noted("b.md", "everybody may read it now; before, nobody"),
    )
    assert knowledge.ingest([source("a.md", "hello you")]).noted == ()


def test_each_bad_document_is_reported_and_the_others_are_in(opens: Opens, tmp_path: Path) -> None:
    knowledge = opens(largest=200_000)
    big = tmp_path / "big.txt"
    big.write_bytes(b"x" * 200_001)
    bad: dict[str, bytes | Path] = {
        "empty": b"",
        "blank": b" \n",
        "binary.bin": b"\x7fELF\0\0",
        "latin": b"caf\xe9",
        "big.txt": big,
        "gone.txt": tmp_path / "gone.txt",
        "cut.pdf": b"%PDF-1.4",
        "hidden.txt": "\u200b\u200b".encode(),
    }
    report = knowledge.ingest([*(Source(path=path, content=one) for path, one in bad.items()), source("ok.md", "fine")])
    reasons = {one.path: one.reason for one in report.skipped}
    assert set(reasons) == set(bad)
    assert report.added == ("ok.md",)
    for path, words in {
        "empty": "empty: 0 bytes",
        "blank": "empty",
        "binary.bin": "binary: a NUL",
        "latin": "undecodable",
        "big.txt": "too large: 200,001 bytes",
        "gone.txt": "unreadable: No such file",
        "cut.pdf": "not a readable PDF",
        "hidden.txt": "no text",
    }.items():
        assert words in reasons[path]


def test_two_hundred_megabytes_are_refused_unread(knowledge: Knowledge, tmp_path: Path) -> None:
    huge = tmp_path / "huge.txt"
    with huge.open("wb") as file:
        file.truncate(200_000_001)
    report = knowledge.ingest([Source(path="huge.txt", content=huge)])
    assert report.skipped == (Skipped("huge.txt", "too large: 200,000,001 bytes, 200,000,000 at most"),)
    assert (report.generation, report.chunks) == (0, 0)


def test_a_document_gone_bad_is_no_longer_found(knowledge: Knowledge) -> None:
    knowledge.ingest([source("a.md", "refunds take days")])
    report = knowledge.ingest([Source(path="a.md", content=b"")])
    assert (report.deleted, len(report.skipped)) == (("a.md",), 1)
    assert knowledge.search("refunds") == []


def test_duplicates_and_invisible_characters_are_noted(knowledge: Knowledge, embedder: Any) -> None:
    text = "the invoi\u200bce \u202eis due"
    report = knowledge.ingest([source("a.txt", text), source("b.txt", text)])
    hidden = "2 invisible characters: stored, not indexed"
    same = Noted("b.txt", "the same bytes as a.txt")
    assert report.noted == (Noted("a.txt", hidden), same, Noted("b.txt", hidden))
    assert embedder.embedded == ["the invoice is due"]
    hits = knowledge.search("invoice", mode="bm25")
    assert {(hit.path, hit.text) for hit in hits} == {("a.txt", text), ("b.txt", text)}
    assert [hit.chunk for hit in hits] == sorted(hit.chunk for hit in hits)


@pytest.mark.parametrize("twice", [{"sources": ["a", "a"]}, {"sources": ["a"], "delete": ["a"]}])
def test_a_path_named_twice_is_refused(knowledge: Knowledge, twice: dict[str, list[str]]) -> None:
    with pytest.raises(DuplicateIds):
        knowledge.ingest([source(path, "x") for path in twice["sources"]], delete=twice.get("delete", []))
    assert knowledge.generation() is None


def test_deleting_what_is_not_there_is_reported(knowledge: Knowledge) -> None:
    assert knowledge.ingest([], delete=["a"]).skipped == (Skipped("a", "cannot be deleted: there is no such document"),)


def test_a_batch_that_fails_leaves_nothing(knowledge: Knowledge) -> None:
    with pytest.raises(ChunkerUnknown):
        knowledge.ingest([source("a", "hello"), source("b", "hello", chunker="nope")])
    assert knowledge.generation() is None
    assert knowledge.ingest([source("a", "hello")]).added == ("a",)


def test_sparse_vectors_are_refused(opens: Opens, tmp_path: Path) -> None:
    knowledge = opens(using=fit_embedder("tfidf", ["some words here"], tmp_path))
    with pytest.raises(FamilyDoesNotFit):
        knowledge.ingest([source("a", "some words")])


class Unnormed:
    name = fingerprint = "unnormed"

    def embed(self, texts: Any) -> Any:
        return np.array([[0.6, 0.8], [np.nan, 1.0]], dtype=np.float32)[: len(texts)]


def test_vectors_that_would_spoil_the_index_are_refused(opens: Opens) -> None:
    knowledge = opens(using=Unnormed())
    assert knowledge.ingest([source("a", "hello")]).generation == 1
    with pytest.raises(BuildFailed, match="row 1"):
        knowledge.ingest([source("b", "more"), source("c", "and more")])
    assert [hit.path for hit in knowledge.search([0.6, 0.8], mode="vector")] == ["a"]


STEP = st.tuples(st.sampled_from(PATHS), st.none() | st.lists(st.sampled_from(WORDS), min_size=1, max_size=3))
BATCH = st.lists(STEP, min_size=1, max_size=3, unique_by=lambda step: step[0])


def searched(knowledge: Knowledge) -> list[Any]:
    modes = ("bm25", "vector", "hybrid")
    return [knowledge.search(words, 20, mode=mode) for words in WORDS for mode in modes]  # type: ignore[arg-type]


@settings(max_examples=15)
@given(st.lists(BATCH, min_size=1, max_size=5))
def test_any_sequence_of_batches_equals_a_fresh_ingest_of_the_final_state(
    hash_embedder: Callable[[], Any], batches: list[list[Any]]
) -> None:
    state: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (
            Knowledge.open(folder / "grown", hash_embedder(), folder / "cache") as grown,
            Knowledge.open(folder / "fresh", hash_embedder(), folder / "other") as fresh,
        ):
            for batch in batches:
                texts = {path: "\n\n".join(words) for path, words in batch if words is not None}
                gone = [path for path, words in batch if words is None]
                grown.ingest([source(path, text) for path, text in texts.items()], delete=gone)
                state = {path: text for path, text in state.items() if path not in gone} | texts
            fresh.ingest([source(path, text) for path, text in state.items()])
            assert searched(grown) == searched(fresh)
