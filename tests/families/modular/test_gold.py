from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from proveout.errors import RowInvalid, TaskInvalid
from proveout.families import BuildRun
from proveout.families.modular import ModularCandidate, ModularFamily
from proveout.task import DataSpec, Example, Modular
from proveout.testing import make_splits, make_task

FAMILY = ModularFamily()


def build(folder: Path, **gold: str) -> ModularCandidate:
    task = make_task(data=DataSpec(examples=("rows.csv",)), modular=Modular(gold=gold))
    run = BuildRun(seed=0, snapshot="0" * 64, cache=folder / "cache", embedder="tfidf")
    return FAMILY.build(task, *make_splits(), run)


def row(value: Any) -> Example:
    said = {"intent": "card"}
    return Example(id="7", inputs={"text": "my card"}, expected=said, meta={"right": value}, provenance="rows.csv:7")


@pytest.mark.parametrize("value", ["refund", '"refund"', '{"label": "refund"}', {"label": "refund"}])
def test_a_column_holds_an_output_or_the_field_it_is_judged_by(tmp_path: Path, value: Any) -> None:
    candidate = build(tmp_path, intent="right")
    assert candidate.gold(row(value))["intent"] == {
        "label": "refund",
        "confidence": 0.0,
        "domain": "",
        "alternatives": [],
    }


def test_a_number_may_be_a_label(tmp_path: Path) -> None:
    assert build(tmp_path, intent="right").gold(row("7"))["intent"]["label"] == "7"


def test_gold_in_a_column_puts_an_answer_right(tmp_path: Path) -> None:
    candidate = build(tmp_path, intent="right")
    gold = candidate.gold(row("refund"))["intent"]
    (answer,) = candidate.answer_with([{"text": "my card 7 is lost"}], {"intent": lambda _row, _own: gold})
    assert answer.output == {"intent": "refund"}


@pytest.mark.parametrize("value", [None, ""])
def test_an_empty_column_leaves_what_is_known_anyway(tmp_path: Path, value: Any) -> None:
    assert build(tmp_path, intent="right").gold(row(value))["intent"]["label"] == "card"


@pytest.mark.parametrize("value", ["maybe", "{", '{"inside": 3}', '{"inside": true, "sure": 1}', [1]])
def test_what_is_no_output_names_its_row(tmp_path: Path, value: Any) -> None:
    with pytest.raises(RowInvalid, match=r"rows\.csv:7"):
        build(tmp_path, scope="right").gold(row(value))


def test_gold_for_no_step_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TaskInvalid, match=r"modular\.gold\.intents"):
        build(tmp_path, intents="right")


def test_columns_are_kept_with_the_candidate(tmp_path: Path) -> None:
    folder = tmp_path / "stored"
    folder.mkdir()
    build(tmp_path, scope="right").save(folder)
    assert ModularCandidate.load(folder, tmp_path / "cache").gold(row("false"))["scope"]["inside"] is False
