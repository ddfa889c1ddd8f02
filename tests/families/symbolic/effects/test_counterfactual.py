from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.errors import FactInvalid
from proveout.families.symbolic.effects import (
    Case,
    ConsequenceModel,
    Event,
    counterfactual,
    fit_consequences,
    predict,
    read_consequences,
)
from proveout.testing._cases import ACTIONS, RESULTS

SEEN: dict[str, Any] = {"history": "new", "amount": "small", "evidence": "unasked", "offered": "no"}
CAME: dict[str, Any] = {"result": "kept", "evidence": "unasked", "offered": "no", "spent": 21.0}


@given(st.sampled_from(ACTIONS), st.sampled_from(ACTIONS), st.sampled_from(RESULTS))
def test_bounds_hold_a_distribution(desk_model: ConsequenceModel, done: str, instead: str, result: str) -> None:
    found = counterfactual(desk_model, Event(SEEN, done, {**CAME, "result": result}), instead)
    assert found.identified == (done == instead)
    assert all(-1e-9 <= one.low <= one.high + 1e-9 for one in found.outcomes)
    assert sum(one.low for one in found.outcomes) <= 1 + 1e-9 <= sum(one.high for one in found.outcomes) + 2e-9
    assert found.reward[0] <= found.reward[1] + 1e-9


def test_the_action_that_was_taken_gives_what_came(desk_model: ConsequenceModel) -> None:
    found = counterfactual(desk_model, Event(SEEN, "approve", CAME), "approve")
    assert found.outcomes[0].after["result"] == "kept"
    assert found.outcomes[0].low == pytest.approx(1.0)
    assert found.reward[0] == pytest.approx(found.factual)


def test_bounds_average_to_the_interventional_distribution(desk_model: ConsequenceModel) -> None:
    """Over what might have come, lower bounds average to at most P(outcome | do(action)), upper ones to at least."""
    flagged = {**SEEN, "flag": "clean"}
    wanted = {tuple(one.after.values()): one.probability for one in predict(desk_model, flagged, "refuse").outcomes}
    lows, highs = dict.fromkeys(wanted, 0.0), dict.fromkeys(wanted, 0.0)
    for seen in predict(desk_model, flagged, "approve").outcomes:
        event = Event(flagged, "approve", {**seen.after, "spent": 20.0})
        for one in counterfactual(desk_model, event, "refuse").outcomes:
            key = tuple(value for name, value in one.after.items() if name != "spent")
            lows[key] += seen.probability * one.low
            highs[key] += seen.probability * one.high
    assert all(lows[key] <= p + 1e-9 and highs[key] >= p - 1e-9 for key, p in wanted.items())


def monotone(rng: np.random.Generator, number: int) -> list[tuple[Case, str]]:
    """Cases of a monotone truth, each with what would have come of the other action."""

    def end(u: float, action: str) -> str:
        return ("lost", "open", "won")[int(np.digitize(u, (0.5, 0.7) if action == "wait" else (0.2, 0.4)))]

    found = []
    for at in range(number):
        u, action = rng.random(), str(rng.choice(["wait", "act"]))
        other = "wait" if action == "act" else "act"
        level = float(rng.normal())
        after: dict[str, Any] = {"end": end(u, action), "level": level + (action == "act")}
        found.append(
            (
                Case(str(at), (Event({"sign": str(rng.choice(["bad", "good"])), "level": level}, action, after),)),
                end(u, other),
            )
        )
    return found


def test_a_monotone_truth_is_found(table: dict[str, Any]) -> None:
    drawn = monotone(np.random.default_rng(0), 4000)
    model = fit_consequences(read_consequences(table), [case for case, _ in drawn], replicas=0)
    totals: dict[str, float] = dict.fromkeys(("lost", "open", "won"), 0.0)
    chosen = [
        (case.events[0], other)
        for case, other in drawn
        if case.events[0].action == "wait" and case.events[0].after["end"] == "lost"
    ]
    for event, _ in chosen[:300]:
        found = counterfactual(model, event, "act")
        assert found.identified
        for one in found.outcomes:
            assert one.low == pytest.approx(one.high)
            totals[str(one.after["end"])] += one.low
            assert one.after["level"] == pytest.approx(float(event.state["level"]) + 1, abs=0.1)
    truth = [other for _, other in chosen[:300]]
    for end, total in totals.items():
        assert total / 300 == pytest.approx(truth.count(end) / 300, abs=0.08)


def test_without_the_assumption_it_says_that_only_bounds_hold(table: dict[str, Any]) -> None:
    table["after"]["end"]["monotone"] = False
    drawn = monotone(np.random.default_rng(0), 1000)
    model = fit_consequences(read_consequences(table), [case for case, _ in drawn], replicas=0)
    event = Event({"sign": "bad", "level": 0.0}, "wait", {"end": "lost", "level": 0.0})
    found = counterfactual(model, event, "act")
    assert not found.identified
    assert found.reason == "not identified: end is not declared monotone, so that only bounds hold"
    assert found.reward[0] < found.reward[1]


@pytest.mark.parametrize(
    "event",
    [
        Event(SEEN, "pray", CAME),
        Event(SEEN, "approve", {"result": "kept"}),
        Event(SEEN, "approve", {**CAME, "result": "fine"}),
        Event({**SEEN, "colour": "red"}, "approve", CAME),
    ],
)
def test_an_event_that_does_not_fit_is_refused(desk_model: ConsequenceModel, event: Event) -> None:
    with pytest.raises(FactInvalid):
        counterfactual(desk_model, event, "refuse")
    with pytest.raises(FactInvalid):
        counterfactual(desk_model, msgspec.structs.replace(event, action="approve"), "pray")
