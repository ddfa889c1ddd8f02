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


def test_an_output_without_a_guess_has_a_vote() -> None:
    bare = Answer(output={"label": "z"}, confidence=0.9)
    assert vote({"a": says("x", 0.6), "b": bare}).winner == "b"


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


def test_agreement_of_the_unsure_counts_where_there_are_many_outputs() -> None:
    """Two that agree on one of 77 labels are seldom both wrong, however little each is sure."""
    torn = {"a": says("x", 0.45), "b": says("z", 0.4), "c": says("z", 0.4)}
    assert vote(torn, 77).winner in {"b", "c"}
    agreed = {name: says("z", 0.4) for name in "abc"}
    assert vote(agreed, 77).margin > vote(torn, 77).margin


def test_no_guess_is_no_confidence_and_teaches_none(part: MakePart) -> None:
    unsure = [part(name, lambda row: (None, 0.0) if row["n"] % 2 else ("x", 0.8)) for name in "ab"]
    judged = [
        Judged(answers=tuple(one.candidate.answer(ROWS)), points=tuple(float(row["n"] % 2 == 0) for row in ROWS))
        for one in unsure
    ]
    route = build_mixture(unsure, judged)
    silent, said = route.answer([{"n": 1}, {"n": 2}])
    assert silent.abstained
    assert silent.confidence == 0
    assert said.confidence > 0.9


def test_rows_out_of_scope_say_nothing_of_confidence(part: MakePart) -> None:
    _, parts = made(part)
    answers = [tuple(one.candidate.answer(ROWS)) for one in parts]
    points = [tuple(float((a.guess or {})["label"] == "x") for a in one) for one in answers]
    inside = [Judged(answers=one[:20], points=two[:20]) for one, two in zip(answers, points, strict=True)]
    whole = [
        Judged(answers=one, points=two[:20] + (0.0,) * 10, outside=tuple(range(20, 30)))
        for one, two in zip(answers, points, strict=True)
    ]
    one, other = (build_mixture(parts, judged).answer(ROWS) for judged in (inside, whole))
    assert [answer.confidence for answer in one] == [answer.confidence for answer in other]
