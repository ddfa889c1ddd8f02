from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from proveout.release import Judged, Part, build_mixture
from proveout.release._mixture import vote
from proveout.task import Answer

MakePart = Callable[..., Part]
ROWS = [{"n": n} for n in range(30)]


def says(label: str | None, confidence: float) -> Answer:
    if label is None:
        return Answer(abstention="unsure", confidence=confidence)
    return Answer(output={"label": label}, guess={"label": label}, confidence=confidence)


def made(part: MakePart) -> tuple[Any, list[Part]]:
    parts = [
        part("a", lambda _row: ("x", 0.9), 0.1),
        part("b", lambda row: ("x" if row["n"] % 3 else "z", 0.8), 0.2),
        part("c", lambda _row: ("z", 0.55), 0.3),
    ]
    told = [tuple(one.candidate.answer(ROWS)) for one in parts]
    # Where the second disagrees, the first is wrong as often as not.
    truth = ["z" if row["n"] % 6 == 0 else "x" for row in ROWS]
    judged = [
        Judged(answers=one, points=tuple(float((a.guess or {})["label"] == y) for a, y in zip(one, truth, strict=True)))
        for one in told
    ]
    return build_mixture(parts, judged), parts


def test_two_who_agree_outvote_one_that_is_surer() -> None:
    assert vote({"a": says("x", 0.8), "b": says("z", 0.7), "c": says("z", 0.7)}).winner in {"b", "c"}


def test_one_that_is_sure_outvotes_two_that_guess() -> None:
    assert vote({"a": says("x", 0.99), "b": says("z", 0.6), "c": says("z", 0.6)}).winner == "a"


def test_who_abstains_has_no_vote_and_all_may_abstain() -> None:
    assert vote({"a": says(None, 0.99), "b": says("z", 0.6)}).winner == "b"
    assert vote({"a": says(None, 0.99), "b": says(None, 0.6)}).margin == 0


def test_every_candidate_is_asked_and_paid(part: MakePart) -> None:
    route, _ = made(part)
    (answer,) = route.answer([{"n": 1}])
    assert answer.output == {"label": "x"}
    assert answer.usage.usd == pytest.approx(0.6)
    assert [step.name for step in answer.evidence.trace] == ["a", "b", "c"]
    assert answer.evidence.note == "2 of 3 agree."


def test_confidence_is_higher_where_more_agree(part: MakePart) -> None:
    route, _ = made(part)
    torn, agreed = route.answer([{"n": 3}, {"n": 1}])
    assert torn.confidence < agreed.confidence


def test_a_batch_is_its_rows(part: MakePart) -> None:
    route, _ = made(part)
    assert route.answer(ROWS) == [route.answer([row])[0] for row in ROWS]
