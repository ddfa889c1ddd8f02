from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proveout.errors import FamilyDoesNotFit, GenerationNotFound, WeightsMismatch
from proveout.families.retrieval import Knowledge, Search, Source, read_folder

Opens = Callable[..., Knowledge]
MODES = ("bm25", "vector", "hybrid")
GROUPS = ("hr", "legal", "sales")


def source(path: str, text: str, **options: Any) -> Source:
    return Source(path=path, content=text.encode(), **options)


@pytest.mark.parametrize("mode", MODES)
def test_a_hit_cites_document_version_and_span(knowledge: Knowledge, mode: Any) -> None:
    text = "# Refunds\n\nRefunds take five days."
    knowledge.ingest([source("faq.md", text), source("other.md", "Opening hours are nine to five.")])
    hit = knowledge.search("how long do refunds take", 1, mode=mode)[0]
    assert (hit.path, text[hit.start : hit.end]) == ("faq.md", hit.text)
    assert len(hit.version) == 64
    assert hit.ranks == {name: 1 for name in ("bm25", "vector") if mode in (name, "hybrid")}


def test_equal_scores_are_ordered_by_chunk_id(knowledge: Knowledge) -> None:
    knowledge.ingest([source(f"{number}.txt", "the same words") for number in range(30)])
    for mode in ("bm25", "vector"):
        hits = knowledge.search("same words", 10, mode=mode)
        every = knowledge.search("same words", 30, mode=mode)
        assert len({hit.score for hit in every}) == 1
        assert [hit.chunk for hit in every] == sorted(hit.chunk for hit in every)
        assert hits == every[:10]


def test_as_of_an_older_generation_finds_what_was_valid_then(knowledge: Knowledge) -> None:
    knowledge.ingest([source("a", "refunds take five days")])
    knowledge.ingest([source("a", "refunds take ten days")])
    knowledge.ingest([], delete=["a"])
    assert [hit.text for hit in knowledge.search("refunds", as_of=1)] == ["refunds take five days"]
    assert [hit.text for hit in knowledge.search("refunds", as_of=2)] == ["refunds take ten days"]
    assert knowledge.search("refunds") == knowledge.search("refunds", as_of=3) == []


def test_an_ingest_elsewhere_is_seen_at_once(opens: Opens) -> None:
    reader, writer = opens(), opens()
    writer.ingest([source("a", "one refund")])
    assert len(reader.search("refund")) == 1
    writer.ingest([source("b", "two refunds")])
    assert len(reader.search("refund")) == 2


@settings(max_examples=15)
@given(
    st.lists(st.none() | st.lists(st.sampled_from(GROUPS), max_size=2, unique=True), min_size=1, max_size=40),
    st.lists(st.sampled_from(GROUPS), max_size=2, unique=True),
    st.integers(1, 50),
)
def test_what_may_not_be_read_is_never_found(
    tmp_path_factory: pytest.TempPathFactory,
    hash_embedder: Callable[[], Any],
    permissions: list[list[str] | None],
    groups: list[str],
    k: int,
) -> None:
    folder = tmp_path_factory.mktemp("permissions")
    with Knowledge.open(folder, hash_embedder(), folder) as knowledge:
        allowed = [None if one is None else tuple(one) for one in permissions]
        knowledge.ingest(
            [source(f"{at}", f"secret words {at}", permissions=one) for at, one in enumerate(allowed)],
        )
        open_to = {f"{at}" for at, one in enumerate(allowed) if one is None or set(one) & set(groups)}
        for mode in MODES:
            hits = knowledge.search("secret words", k, groups=groups, mode=mode)  # type: ignore[arg-type]
            assert {hit.path for hit in hits} <= open_to
            assert len(hits) == min(k, len(open_to))
            assert all(rank <= len(open_to) for hit in hits for rank in hit.ranks.values())


def test_permissions_hold_from_the_next_generation_on(knowledge: Knowledge) -> None:
    knowledge.ingest([source("a", "salaries are high")])
    knowledge.ingest([source("a", "salaries are high", permissions=("hr",))])
    assert knowledge.search("salaries") == []
    assert len(knowledge.search("salaries", groups=["hr"])) == 1


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("share", [1, 30, 100, 399])
def test_a_filter_finds_what_an_unfiltered_search_finds_of_it(knowledge: Knowledge, mode: Any, share: int) -> None:
    rows = [
        source(f"{at}", f"words {at % 7} of page {at} refund", metadata={"few": at < share, "n": at})
        for at in range(400)
    ]
    knowledge.ingest(rows)
    if mode == "hybrid":
        found = knowledge.search("refund words 3", 400, filter={"few": True}, mode=mode)
        assert {hit.path for hit in found} == {f"{at}" for at in range(share)}
        return
    every = knowledge.search("refund words 3", 400, mode=mode)
    expected = [hit.path for hit in every if int(hit.path) < share][:10]
    found = knowledge.search("refund words 3", 10, filter={"few": True}, mode=mode)
    assert [hit.path for hit in found] == expected


def test_filters_are_joined_by_and(knowledge: Knowledge) -> None:
    knowledge.ingest([source("a", "refund", metadata={"x": 1, "y": "b"}), source("b", "refund", metadata={"x": 1})])
    assert [hit.path for hit in knowledge.search("refund", filter={"x": 1, "y": "b"})] == ["a"]
    assert knowledge.search("refund", filter={"z": None}) == []


def test_a_filter_is_any_json_value(knowledge: Knowledge) -> None:
    knowledge.ingest([source("a", "refund", metadata={"x": ["b", 1]}), source("b", "refund", metadata={"x": 1})])
    assert [hit.path for hit in knowledge.search("refund", filter={"x": ["b", 1]})] == ["a"]
    assert [hit.path for hit in knowledge.search("refund", filter={"x": 1})] == ["b"]
    assert knowledge.search("refund", filter={"x": True}) == []


@pytest.mark.parametrize("query", ["", " ", "\u200b"])
def test_a_blank_query_finds_nothing_by_meaning_either(knowledge: Knowledge, query: str) -> None:
    knowledge.ingest([source("a", "refund")])
    assert knowledge.search(query) == []


def test_threads_share_a_knowledge_base(knowledge: Knowledge) -> None:
    for number in range(6):
        knowledge.ingest([source(f"{number}", f"refund {number}")])
    with ThreadPoolExecutor(8) as pool:
        asked = [at % 6 + 1 for at in range(48)]
        found = list(pool.map(lambda generation: len(knowledge.search("refund", as_of=generation)), asked))
    assert found == asked


def test_a_vector_may_be_given(knowledge: Knowledge, embedder: Any) -> None:
    knowledge.ingest([source("a", "refund"), source("b", "opening hours")])
    vector = embedder.embed(["refund"])[0]
    assert knowledge.search(vector, 1, mode="vector") == knowledge.search("refund", 1, mode="vector")
    asked = Search(text="refund", vector=tuple(vector.tolist()), k=1)
    assert knowledge.run(asked) == knowledge.search("refund", 1)


@pytest.mark.parametrize("query", ["", " ", "\u200b", "?!"])
def test_a_query_without_words_finds_no_words(knowledge: Knowledge, query: str) -> None:
    knowledge.ingest([source("a", "refund")])
    assert knowledge.search(query, mode="bm25") == []
    assert knowledge.search(query, 0) == []


def test_a_query_is_words_and_no_syntax(knowledge: Knowledge) -> None:
    knowledge.ingest([source("a", "refund"), source("b", "hours")])
    for query in ("body:refund AND (", 'at:0 -refund"', "refund " * 5000, "re\u200bfund"):
        assert "a" in [hit.path for hit in knowledge.search(query, mode="bm25")]


def test_without_an_embedder_words_alone_are_searched(opens: Opens) -> None:
    knowledge = opens(using=None)
    knowledge.ingest([source("a", "refund")])
    assert len(knowledge.search("refund", mode="bm25")) == 1
    with pytest.raises(FamilyDoesNotFit):
        knowledge.search("refund")


def test_another_embedder_is_refused_until_the_chunks_are_its_own(opens: Opens, hash_embedder: Any) -> None:
    first, other = opens(), hash_embedder("hash-2")
    first.ingest([source("a", "refund"), source("b", "hours")])
    before = first.search("refund")
    second = opens(using=other)
    with pytest.raises(WeightsMismatch):
        second.search("refund")
    report = second.ingest([])
    assert (report.generation, report.embedded, report.unchanged) == (2, 2, 0)
    assert len(second.search("refund")) == 2
    assert first.search("refund", as_of=1) == before
    with pytest.raises(WeightsMismatch):
        first.search("refund")


def test_an_unknown_generation_is_an_error(knowledge: Knowledge) -> None:
    assert knowledge.search("anything") == []
    with pytest.raises(GenerationNotFound):
        knowledge.search("anything", as_of=7)


class Longest:
    fingerprint = "longest"

    def score(self, query: str, passages: Sequence[str]) -> list[float]:
        return [float(len(passage)) for passage in passages]


def test_a_reranker_has_the_last_word(opens: Opens) -> None:
    knowledge = opens(reranker=Longest())
    knowledge.ingest([source("a", "refund"), source("b", "refund and so on")])
    assert [(hit.path, hit.score) for hit in knowledge.search("refund", 1)] == [("b", 16.0)]


def test_a_folder_is_read_by_relative_path(tmp_path: Path, knowledge: Knowledge) -> None:
    for name in ("b.md", "sub/a.txt", ".hidden/c.md"):
        (tmp_path / "docs" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "docs" / name).write_text("refund", encoding="utf-8")
    sources = read_folder(tmp_path / "docs")
    assert [one.path for one in sources] == ["b.md", "sub/a.txt"]
    assert knowledge.ingest(sources).added == ("b.md", "sub/a.txt")
