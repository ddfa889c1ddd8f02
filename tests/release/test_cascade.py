from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.errors import BuildFailed
from proveout.release import Judged, Part, build_cascade, choose_thresholds
from proveout.task import Answer

MakePart = Callable[..., Part]


def truth(inputs: Mapping[str, Any]) -> str:
    return "even" if inputs["n"] % 2 == 0 else "odd"


def sure_below(limit: int) -> Callable[[Mapping[str, Any]], tuple[str | None, float]]:
    """Right and sure below ``limit``; wrong and unsure from there on."""
    return lambda inputs: (truth(inputs), 0.9) if inputs["n"] < limit else ("even", 0.4)


def judged(part: Part, rows: list[dict[str, Any]]) -> Judged:
    answers = tuple(part.candidate.answer(rows))
    points = tuple(float((one.guess or {}).get("label") == truth(row)) for one, row in zip(answers, rows, strict=True))
    return Judged(answers=answers, points=points)


ROWS = [{"n": n} for n in range(20)]


def test_the_next_is_asked_only_what_the_first_is_unsure_of(part: MakePart) -> None:
    cheap, dear = part("cheap", sure_below(12), 0.01), part("dear", lambda row: (truth(row), 0.8), 1.0)
    route = build_cascade([cheap, dear], [judged(cheap, ROWS), judged(dear, ROWS)])
    cheap.candidate.asked = dear.candidate.asked = 0  # type: ignore[attr-defined]
    answers = route.answer(ROWS)
    assert [one.output == {"label": truth(row)} for one, row in zip(answers, ROWS, strict=True)] == [True] * 20
    assert (cheap.candidate.asked, dear.candidate.asked) == (20, 8)  # type: ignore[attr-defined]
    assert route.card.parameters["thresholds"] == {"value": [0.9], "chosen_on": "select"}


def test_the_trace_and_the_price_hold_all_who_were_asked(part: MakePart) -> None:
    cheap, dear = part("cheap", sure_below(0), 0.01), part("dear", lambda row: (truth(row), 0.8), 1.0)
    route = build_cascade([cheap, dear], [judged(cheap, ROWS), judged(dear, ROWS)])
    (answer,) = route.answer([{"n": 3}])
    assert [step.name for step in answer.evidence.trace] == ["cheap", "dear"]
    assert answer.evidence.trace[0].output == {"guess": {"label": "even"}, "confidence": 0.4, "abstention": ""}
    assert answer.usage.usd == pytest.approx(1.01)
    assert answer.usage.wall_seconds == pytest.approx(1.0)
    assert answer.evidence.note == "answered by dear, after 1 escalation(s)."


def test_three_stages_and_an_abstention(part: MakePart) -> None:
    first = part("first", lambda row: (None, 0.99) if row["n"] < 5 else (truth(row), 0.99))
    second, third = part("second", sure_below(10)), part("third", lambda row: (truth(row), 0.7))
    route = build_cascade([first, second, third], [judged(one, ROWS) for one in (first, second, third)])
    by = [len(answer.evidence.trace) for answer in route.answer(ROWS)]
    assert by == [2] * 5 + [1] * 15


def test_a_batch_is_its_rows(part: MakePart) -> None:
    cheap, dear = part("cheap", sure_below(9)), part("dear", lambda row: (truth(row), 0.8))
    route = build_cascade([cheap, dear], [judged(cheap, ROWS), judged(dear, ROWS)])
    assert route.answer(ROWS) == [route.answer([row])[0] for row in ROWS]
    assert route.answer([]) == []


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_on_the_rows_it_is_chosen_on_a_cascade_is_never_worse(rows: list[tuple[float, bool, bool]]) -> None:
    cheap = Judged(
        answers=tuple(Answer(output={"y": 1}, guess={"y": 1}, confidence=sure) for sure, _, _ in rows),
        points=tuple(float(right) for _, right, _ in rows),
    )
    dear = Judged(answers=cheap.answers, points=tuple(float(right) for _, _, right in rows))
    (threshold,) = choose_thresholds([cheap, dear])
    out = np.array([sure >= threshold for sure, _, _ in rows])
    assert np.where(out, cheap.points, dear.points).sum() >= sum(dear.points)


def test_a_cheap_one_that_is_always_worse_serves_nothing() -> None:
    answers = tuple(Answer(output={"y": 1}, guess={"y": 1}, confidence=0.9) for _ in range(5))
    worse, better = Judged(answers=answers, points=(0.0,) * 5), Judged(answers=answers, points=(1.0,) * 5)
    assert choose_thresholds([worse, better]) == (1.01,)


def test_one_candidate_is_no_route(part: MakePart) -> None:
    alone = part("alone", sure_below(3))
    with pytest.raises(BuildFailed, match="two or more different families"):
        build_cascade([alone], [judged(alone, ROWS)])
