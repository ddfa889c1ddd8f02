from __future__ import annotations

from typing import Any

from proveout.task import Citation
from proveout.trial._passages import passages_of, utf8

Bench = Any  # the fixture's class lives in conftest, which a test module cannot import


def cited(document: str, start: int = 0, end: int = 3) -> Citation:
    return Citation(document=document, fingerprint="f", start=start, end=end)


def test_spans_are_read_from_the_documents(bench: Bench) -> None:
    snapshot = bench.Snapshot(bench.task(), [], [])
    snapshot.texts = {"a.md": "né de".encode(), "b.bin": b"\xff\xfe", "e.md": b""}
    read = passages_of(snapshot, utf8)
    assert read is not None
    assert read(cited("a.md")) == "né "
    assert [read(one) for one in (cited("lost.md"), cited("b.bin"), cited("e.md"), cited("a.md", 90, 99))] == [None] * 4


def test_a_reader_of_other_formats_takes_its_place(bench: Bench) -> None:
    snapshot = bench.Snapshot(bench.task(), [], [])
    snapshot.texts = {"a.pdf": b"\xff"}
    read = passages_of(snapshot, lambda path, content: f"{path} {len(content)}")
    assert read is not None
    assert read(cited("a.pdf", 0, 99)) == "a.pdf 1"


def test_without_documents_nothing_can_be_read(bench: Bench) -> None:
    assert passages_of(bench.Snapshot(bench.task(), [], []), utf8) is None
