from __future__ import annotations

from pathlib import Path

from proveout.families import Composed
from proveout.testing import FakeComposed

ROWS = FakeComposed.rows(600)
INPUTS = [row.inputs for row in ROWS]


def test_without_errors_it_is_always_right() -> None:
    desk = FakeComposed(FakeComposed.card_for("s"))
    assert isinstance(desk, Composed)
    assert [answer.output for answer in desk.answer(INPUTS)] == [row.expected for row in ROWS]


def test_each_step_errs_at_its_rate() -> None:
    desk = FakeComposed(FakeComposed.card_for("s"), errors={"intent": 0.2, "days": 0.05})
    traces = [{step.name: step.output for step in answer.evidence.trace} for answer in desk.answer(INPUTS)]
    golds = [desk.gold(row) for row in ROWS]
    wrong = {
        name: sum(trace[name][name] != gold[name][name] for trace, gold in zip(traces, golds, strict=True)) / 600
        for name in ("intent", "days")
    }
    assert 0.15 < wrong["intent"] < 0.25
    assert 0.03 < wrong["days"] < 0.08


def test_learned_anew_it_errs_on_other_rows(tmp_path: Path) -> None:
    desk = FakeComposed(FakeComposed.card_for("s"), errors={"intent": 0.2}, leaks={"days": ["intent"]})
    plain = desk.answer(INPUTS)
    assert desk.rebuilt("decide", 1).answer(INPUTS) == plain
    assert desk.rebuilt("intent", 1).answer(INPUTS) != plain
    assert desk.rebuilt("days", 1).answer(INPUTS) != plain
    desk.save(tmp_path)
    loaded = FakeComposed.load(tmp_path, tmp_path)
    assert loaded.answer(INPUTS) == plain
    assert loaded.rebuilt("days", 1).answer(INPUTS) == desk.rebuilt("days", 1).answer(INPUTS)
