from __future__ import annotations

import builtins
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from proveout import families, loop
from proveout.errors import (
    DataEmpty,
    DuplicateIds,
    ExtraMissing,
    GenerationNotFound,
    RequestNotFound,
    WeightsMismatch,
    WeightsMissing,
)
from proveout.families import Source
from proveout.ledger import LedgerReader
from proveout.store import Workspace

PAGES = {"refunds.md": "# Refunds\n\nRefunds take five days.", "hours.md": "# Hours\n\nWe open at nine."}
Uses = Callable[[Any], None]


class Letters:
    """Unit vectors of letter counts."""

    name = fingerprint = "letters"

    def embed(self, texts: Any) -> Any:
        counts = np.array([[1 + text.count(chr(97 + at)) for at in range(26)] for text in texts], dtype=np.float32)
        return counts / np.linalg.norm(counts, axis=1, keepdims=True)


@pytest.fixture
def uses(monkeypatch: pytest.MonkeyPatch) -> Uses:
    """Puts an embedder, or None for missing weights, in place of the packaged one."""

    def put(embedder: Any) -> None:
        def fit(*_: Any) -> Any:
            if embedder is None:
                raise WeightsMissing("no such weights", why="not installed", fix="install them", about="minilm-int8")
            return embedder

        monkeypatch.setattr(families, "fit_embedder", fit)

    return put


@pytest.fixture
def pages(desk: Path, uses: Uses) -> Path:
    """The desk with documents that its task names; searched by words alone."""
    uses(None)
    (desk / "docs").mkdir()
    for name, text in PAGES.items():
        (desk / "docs" / name).write_text(text, encoding="utf-8")
    toml = desk / "task.toml"
    toml.write_text(toml.read_text(encoding="utf-8") + '\n[documents]\npaths = ["docs/*.md"]\n', encoding="utf-8")
    return desk


def entries(folder: Path, kind: str) -> list[Any]:
    with LedgerReader.open(Workspace(folder)) as reader:
        return [entry.body() for entry in reader.entries(kind=kind)]


def test_the_tasks_own_documents_come_and_go(pages: Path) -> None:
    assert loop.ingest(pages).added == ("docs/hours.md", "docs/refunds.md")
    again = loop.ingest(pages)
    assert (again.generation, again.unchanged) == (1, 2)
    (pages / "docs" / "hours.md").unlink()
    (pages / "docs" / "refunds.md").write_text("Refunds take six days.", encoding="utf-8")
    report = loop.ingest(pages)
    assert (report.updated, report.deleted) == (("docs/refunds.md",), ("docs/hours.md",))
    told = entries(pages, "knowledge.ingested")
    assert [(one.generation, one.added, one.deleted) for one in told] == [
        (1, ("docs/hours.md", "docs/refunds.md"), ()),
        (2, (), ("docs/hours.md",)),
    ]


def test_a_pattern_that_matches_nothing_deletes_nothing(pages: Path, desk: Path) -> None:
    loop.ingest(pages)
    shutil.rmtree(pages / "docs")
    with pytest.raises(DataEmpty, match=r"docs/\*\.md"):
        loop.ingest(pages)
    assert len(loop.search(pages, "refunds").hits) == 1


def test_searches_replay_after_later_ingests(pages: Path) -> None:
    loop.ingest(pages)
    found = [
        loop.search(pages, words) for words in ("refunds", "when do you open", "\u202erefunds\u200b", "nothing", "")
    ]
    assert [len(one.hits) for one in found] == [1, 1, 1, 0, 0]
    assert {one.generation for one in found} == {1}
    for turn in range(3):
        extra = [Source(path=f"{turn}.md", content=b"Refunds and opening hours.")]
        loop.ingest(pages, extra, delete=["docs/refunds.md"] if turn == 1 else [])
    shutil.rmtree(Workspace(pages).cache, ignore_errors=True)
    assert [loop.replay(pages, one.request).differences for one in found] == [()] * 5
    assert len(loop.search(pages, "refunds").hits) == 3
    assert loop.search(pages, "refunds", as_of=1).hits == found[0].hits


def test_a_search_of_an_empty_base_is_recorded_and_replays(pages: Path) -> None:
    found = loop.search(pages, "refunds")
    assert (found.hits, found.generation) == ((), None)
    loop.ingest(pages)
    assert loop.replay(pages, found.request).identical


def test_unknown_requests_and_generations_are_errors(pages: Path) -> None:
    with pytest.raises(RequestNotFound, match="proveout ledger show"):
        loop.replay(pages, "nope")
    loop.ingest(pages)
    with pytest.raises(GenerationNotFound):
        loop.search(pages, "refunds", as_of=9)


def test_an_index_deleted_truncated_or_of_another_snapshot_is_built_again(pages: Path) -> None:
    loop.ingest(pages)
    found = loop.search(pages, "refunds")
    folder = Workspace(pages).cache / "retrieval"
    shutil.rmtree(folder)
    assert loop.replay(pages, found.request).identical
    for ending in sorted(file.suffix for file in folder.rglob("*") if file.is_file() and file.stat().st_size > 1):
        file = next(file for file in folder.rglob(f"*{ending}") if file.is_file() and file.suffix == ending)
        content = file.read_bytes()
        file.unlink()
        file.write_bytes(content[: len(content) // 2])
        assert loop.replay(pages, found.request).identical
    loop.ingest(pages, [Source(path="new.md", content=b"Refunds, again.")])
    loop.search(pages, "refunds")
    first, second = sorted(folder.iterdir(), key=lambda one: one.stat().st_mtime)
    shutil.rmtree(first)
    shutil.copytree(second, first)
    assert loop.replay(pages, found.request).identical


def test_what_cannot_be_used_is_skipped_with_its_reason(pages: Path) -> None:
    bad = {"empty.txt": b"", "binary.bin": b"\x7fELF\0", "latin.txt": b"caf\xe9", "hidden.txt": "\u200b\u202e".encode()}
    twin = [Source(path=name, content="pay\u200bment \u202edue".encode()) for name in ("a.txt", "b.txt")]
    report = loop.ingest(pages, [*(Source(path=path, content=one) for path, one in bad.items()), *twin])
    assert {one.path for one in report.skipped} == set(bad)
    assert report.added == ("a.txt", "b.txt")
    assert {one.note for one in report.noted} == {
        "2 invisible characters: stored, not indexed",
        "the same bytes as a.txt",
    }
    assert {hit.path for hit in loop.search(pages, "payment").hits} == {"a.txt", "b.txt"}
    assert entries(pages, "knowledge.ingested")[-1].skipped == tuple(bad)
    with pytest.raises(DuplicateIds):
        loop.ingest(pages, [twin[0], twin[0]])


def test_without_its_embedder_nothing_is_ingested_or_found_silently(pages: Path, uses: Uses) -> None:
    uses(Letters())
    loop.ingest(pages)
    found = loop.search(pages, "refunds")
    uses(None)
    (pages / "docs" / "hours.md").write_text("We open at ten.", encoding="utf-8")
    with pytest.raises(WeightsMissing):
        loop.ingest(pages)
    for call in (lambda: loop.search(pages, "refunds"), lambda: loop.replay(pages, found.request)):
        with pytest.raises(WeightsMismatch):
            call()
    assert loop.search(pages, "refunds", mode="bm25").hits


def test_a_generation_without_vectors_is_searched_by_words_also_later(pages: Path, uses: Uses) -> None:
    loop.ingest(pages)
    uses(Letters())
    loop.ingest(pages)
    assert loop.search(pages, "refunds").generation == 2
    assert [hit.path for hit in loop.search(pages, "refunds", as_of=1).hits] == ["docs/refunds.md"]


def test_a_missing_extra_is_an_error_that_names_it(pages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name.startswith(("tantivy", "semantic_text_splitter")):
            raise ImportError(name=name)
        return real(name, *rest, **more)

    for name in ("tantivy", "semantic_text_splitter"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ExtraMissing, match=r"proveout\[retrieval\]"):
        loop.ingest(pages)


def test_groups_are_a_filter(pages: Path) -> None:
    loop.ingest(pages, [Source(path="pay.md", content=b"Salaries are paid monthly.", permissions=("hr",))])
    assert loop.search(pages, "salaries").hits == ()
    secret = loop.search(pages, "salaries", groups=("hr",))
    assert [hit.path for hit in secret.hits] == ["pay.md"]
    assert loop.replay(pages, secret.request).identical
