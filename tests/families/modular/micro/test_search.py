from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from proveout.errors import BuildFailed, TaskInvalid
from proveout.families.modular.micro import BuiltMicro, MicroRows, MicroRun, SearchModel, build_micro, load_micro

PAGES = {
    "öffnung.md": "# Öffnung\n\nThe café opens at nine. It closes at six on weekdays. 東京の店は休みです。".encode(),
    "pay.md": b"# Paying\n\nWe take cards and cash. Cheques are not taken.",
}


def build(run: MicroRun, pages: dict[str, bytes] | None = None, **parameters: str) -> BuiltMicro:
    run = msgspec.structs.replace(run, documents=lambda: PAGES if pages is None else pages)
    return build_micro("search", "search", MicroRows(), run, parameters={"embedder": "tfidf", **parameters})


def test_sentences_stand_where_their_citations_say(run: MicroRun) -> None:
    found = build(run).model("When does the café open?")
    assert {one.text for one in found.sentences} >= {"The café opens at nine.", "It closes at six on weekdays."}
    for one in found.sentences:
        page = PAGES[one.citation.document].decode()
        assert page[one.citation.start : one.citation.end] == one.text
        whole = found.passages[one.passage]
        assert whole.document == one.citation.document
        assert whole.start <= one.citation.start < one.citation.end <= whole.end


def test_what_shares_words_with_the_question_has_more_that_speaks_for_it(run: MicroRun) -> None:
    found = build(run).model("Are cheques taken?")
    best = max(found.sentences, key=lambda one: sum(one.features))
    assert best.text == "Cheques are not taken."


@pytest.mark.parametrize("text", ["", "   ", "?", "zzzz", "\U0001f6b2 \u202e"])
def test_a_question_of_no_known_word_is_no_error(run: MicroRun, text: str) -> None:
    model = build(run).model
    assert model(text) == model(text)


def test_it_is_read_back_as_it_was(run: MicroRun, tmp_path: Path) -> None:
    built = build(run)
    built.save(tmp_path / "copy")
    card, loaded = load_micro(tmp_path / "copy", run.cache)
    assert isinstance(loaded, SearchModel)
    assert not card.learned
    for question in ("When does the café open?", "東京", "cards"):
        assert loaded(question) == built.model(question)


def test_it_is_built_again_when_a_document_changes_and_by_nothing_else(run: MicroRun) -> None:
    first = build(run)
    assert build(msgspec.structs.replace(run, seed=7)).reused
    changed = build(run, PAGES | {"pay.md": b"# Paying\n\nWe take cash only."})
    assert not changed.reused
    assert changed.id != first.id


def test_without_documents_there_is_nothing_to_search(run: MicroRun) -> None:
    with pytest.raises(BuildFailed, match="holds no documents"):
        build(run, {})
    with pytest.raises(BuildFailed, match="no document has text"):
        build(run, {"blank.md": b"  \n"})


def test_an_unknown_parameter_is_refused(run: MicroRun) -> None:
    with pytest.raises(TaskInvalid, match="passages"):
        build(run, passages="3")
