from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from proveout.families.modular.micro import (
    BuiltMicro,
    ChooseModel,
    Chosen,
    FoundSentence,
    MicroRow,
    MicroRows,
    MicroRun,
    Passages,
    build_micro,
    load_micro,
)
from proveout.families.modular.micro._choose import ChooseKind
from proveout.families.retrieval._sentences import FEATURES
from proveout.task import Citation


class Telling:
    """A search that finds, for a question, the sentences that the test has for it."""

    def __init__(self, found: dict[str, Passages]) -> None:
        self.found, self.asked = found, list[str]()

    def __call__(self, text: str) -> Passages:
        self.asked.append(text)
        return self.found[text]


def sentence(text: str, at: int, features: Any) -> FoundSentence:
    citation = Citation(document="a.md", fingerprint="f", start=at, end=at + len(text))
    return FoundSentence(text=text, citation=citation, passage=0, features=tuple(map(float, features)))


def world(count: int, seed: int) -> tuple[dict[str, Passages], tuple[MicroRow, ...]]:
    """Questions of which the last feature alone tells the sentence with the answer, where there is one."""
    rng = np.random.default_rng(seed)
    found, rows = {}, []
    for number in range(count):
        question, answered = f"question {seed} {number}", number % 4 != 0
        features = rng.normal(size=(4, len(FEATURES)))
        right = int(rng.integers(4))
        features[:, -1] = 0.0
        features[right, -1] = 4.0 if answered else 0.0
        texts = ["the answer is blue" if answered and at == right else f"nothing {at}" for at in range(4)]
        found[question] = Passages(
            sentences=tuple(sentence(text, at * 50, features[at]) for at, text in enumerate(texts))
        )
        rows.append(MicroRow(text=question, labelled=True, answer="blue" if answered else None))
    return found, tuple(rows)


TRAIN, KNOWN = world(60, 1)
SELECT, HELD = world(40, 2)
SEARCH = Telling(TRAIN | SELECT)


def build(run: MicroRun, train: Any = KNOWN, select: Any = HELD, search: Telling = SEARCH) -> ChooseModel:
    made: Any = search
    return ChooseKind().build({}, MicroRows(train=train, select=select), run, {"search": made})


def test_it_chooses_by_what_rows_show_and_says_when_nothing_answers(run: MicroRun) -> None:
    model = build(run)
    fresh, rows = world(40, 3)
    said = [model(fresh[row.text]) for row in rows]
    answered = [one for one, row in zip(said, rows, strict=True) if row.answer]
    assert np.mean([one.text == "the answer is blue" for one in answered]) >= 0.9
    assert np.mean([one.answers for one in answered]) >= 0.9
    assert np.mean([one.answers for one, row in zip(said, rows, strict=True) if not row.answer]) <= 0.5
    assert all(0 < one.confidence < 1 for one in said)
    assert model.chosen["threshold"]["chosen_on"] == "select"


def test_no_sentence_is_no_choice(run: MicroRun) -> None:
    assert build(run)(Passages()) == Chosen()


def test_weights_come_from_the_train_split_alone(run: MicroRun) -> None:
    other = tuple(msgspec.structs.replace(row, answer="nothing 0") for row in HELD)
    assert build(run, select=other).chosen["weights"] == build(run).chosen["weights"]


def test_what_has_no_label_or_no_text_is_not_looked_up(run: MicroRun) -> None:
    search = Telling(TRAIN | SELECT)
    blank = (MicroRow(text=" ", labelled=True), MicroRow(text="unlabelled"))
    build(run, train=(*KNOWN, *blank), select=blank, search=search)
    assert set(search.asked) == {row.text for row in KNOWN}


def test_no_rows_leave_it_plain_and_nothing_is_held_back(run: MicroRun) -> None:
    model = build(run, train=(), select=())
    assert "threshold" not in model.chosen
    found = model(next(iter(TRAIN.values())))
    assert found.answers
    assert found.confidence == pytest.approx(0.5, abs=0.3)


def test_it_is_read_back_as_it_was(run: MicroRun, tmp_path: Path) -> None:
    model = build(run)
    model.save(tmp_path)
    loaded = ChooseModel.load(tmp_path, run.encoders)
    assert [loaded(one) for one in SELECT.values()] == [model(one) for one in SELECT.values()]
    assert loaded.chosen == model.chosen


PAGES = {"a.md": b"# Shop\n\nThe shop opens at nine. Cards are taken. It is closed on Sundays."}


def asked(run: MicroRun, rows: MicroRows) -> BuiltMicro:
    run = msgspec.structs.replace(run, documents=lambda: PAGES)
    search = build_micro("search", "search", MicroRows(), run, parameters={"embedder": "tfidf"})
    return build_micro("choose", "choose", rows, run, needs={"search": search})


def test_over_a_real_search_and_kept(run: MicroRun, tmp_path: Path) -> None:
    row = MicroRow(text="When does the shop open?", labelled=True, answer="at nine")
    built = asked(run, MicroRows(train=(row,), select=(row,)))
    built.save(tmp_path / "copy")
    card, loaded = load_micro(tmp_path / "copy", run.cache)
    assert (card.learned, card.needs) == (True, ("search",))
    assert isinstance(loaded, ChooseModel)
    assert asked(run, MicroRows(train=(row,), select=(row,))).reused


def test_a_row_that_loses_its_label_is_learned_anew(run: MicroRun) -> None:
    """No answer and no label are two things: the first says that the documents hold none."""
    row = MicroRow(text="Who owns the moon?", labelled=True)
    asked(run, MicroRows(train=(row,), select=(row,)))
    bare = msgspec.structs.replace(row, labelled=False)
    assert not asked(run, MicroRows(train=(bare,), select=(bare,))).reused
