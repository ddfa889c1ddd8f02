from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from proveout.data import SelectSplit, TrainSplit
from proveout.errors import BuildFailed
from proveout.families import BuildRun, PassageCandidate, document_text, families
from proveout.task import Example
from proveout.testing import check_family

Asking = Callable[..., Any]
Build = Callable[..., PassageCandidate]
STRANGE = ("Who composed the ninth symphony?", "xyzzy plugh", "What is the boiling point of tungsten?")


def run_of(folder: Path, pages: dict[str, bytes], embedder: str = "tfidf") -> BuildRun:
    return BuildRun(seed=0, snapshot="0" * 64, cache=folder, embedder=embedder, documents=lambda: pages)


@pytest.fixture
def build(asking: Asking, handbook: dict[str, bytes], tmp_path: Path) -> Build:
    def make(pages: dict[str, bytes] | None = None, *, unanswerable: tuple[str, ...] = ()) -> PassageCandidate:
        task, (train, select) = asking()
        rows = tuple(
            Example(id=f"u{at}", inputs={"question": asked}, expected={"answer": None})
            for at, asked in enumerate(unanswerable)
        )
        train = TrainSplit(snapshot=train.snapshot, examples=train.examples + rows)
        select = SelectSplit(snapshot=select.snapshot, examples=select.examples + rows)
        candidate = families.create("retrieval").build(task, train, select, run_of(tmp_path, pages or handbook))
        assert isinstance(candidate, PassageCandidate)
        return candidate

    return make


def test_it_passes_the_suite_of_families(asking: Asking, handbook: dict[str, bytes], tmp_path: Path) -> None:
    task, splits = asking()
    family = families.create("retrieval")
    check_family(family, task, splits, tmp_path, embedder="tfidf", documents=lambda: handbook)


def test_answers_hold_what_was_asked_and_cite_exactly_the_text(
    build: Build, asking: Asking, handbook: dict[str, bytes]
) -> None:
    rows = asking()[1][0].examples
    answers = build().answer([row.inputs for row in rows])
    for row, answer in zip(rows, answers, strict=True):
        assert answer.output is not None
        assert row.expected["answer"] in answer.output["answer"]
        first = answer.evidence.citations[0]
        assert handbook[first.document].decode()[first.start : first.end] == answer.output["answer"]
        assert len(first.fingerprint) == 64
        assert answer.evidence.trace[0].name == "retrieve"


def test_unrelated_questions_are_not_in_the_documents(build: Build) -> None:
    candidate = build(unanswerable=STRANGE)
    answers = candidate.answer([{"question": "Which planet has the largest rings?"}, {"question": "plugh xyzzy"}])
    assert [answer.abstention for answer in answers] == ["not in the documents"] * 2
    assert candidate.card.parameters["threshold"]["value"]


def test_a_question_without_a_word_in_common_has_no_passage(build: Build) -> None:
    answer = build().answer([{"question": "xyzzy"}])[0]
    assert (answer.abstention, answer.guess) == ("not in the documents", None)


@pytest.mark.parametrize("question", ["", " \n", None])
def test_an_empty_question_is_an_abstention(build: Build, question: str | None) -> None:
    assert build().answer([{"question": question}])[0].abstention == "empty input"


def test_citations_count_the_characters_of_the_text_that_was_read(build: Build) -> None:
    page = b"# Moorings\r\n\r\nBoats moor at pier 7.\r\nDogs stay aboard."
    answer = build({"a.md": page}).answer([{"question": "Where do boats moor?"}])[0]
    assert answer.output == {"answer": "Boats moor at pier 7."}
    first = answer.evidence.citations[0]
    text = document_text("a.md", page)
    assert text is not None
    assert text[first.start : first.end] == "Boats moor at pier 7."


@pytest.mark.parametrize("pages", [{"a.md": b" \n", "b.txt": b""}, {"a.bin": b"\0\1"}, {"a.md": "\u200b".encode()}])
def test_documents_without_text_are_an_error_that_says_so(build: Build, pages: dict[str, bytes]) -> None:
    with pytest.raises(BuildFailed, match="has text that can be read"):
        build(pages)


def test_no_documents_are_an_error(asking: Asking, tmp_path: Path) -> None:
    task, (train, select) = asking()
    with pytest.raises(BuildFailed, match="holds no documents"):
        families.create("retrieval").build(task, train, select, run_of(tmp_path, {}))


def test_a_document_without_text_is_counted(build: Build, handbook: dict[str, bytes]) -> None:
    card = build({**handbook, "blank.md": b" "}).card
    assert card.parameters["documents"] == {"value": 5, "without_text": 1}


def test_a_candidate_whose_cache_is_gone_or_damaged_answers_as_before(
    build: Build, tmp_path: Path, asking: Asking
) -> None:
    candidate, inputs = build(), [row.inputs for row in asking()[1][0].examples]
    before = [answer.output for answer in candidate.answer(inputs)]
    folder = tmp_path / "saved"
    folder.mkdir()
    candidate.save(folder)
    [record] = (tmp_path / "knowledge").glob("*/knowledge.sqlite")
    for side in record.parent.glob("*-wal"):
        side.unlink()
    record.write_bytes(b"no database")
    for cache in (tmp_path, tmp_path / "elsewhere"):
        loaded = families.create("retrieval").candidate.load(folder, cache)
        assert [answer.output for answer in loaded.answer(inputs)] == before
