from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proveout.errors import FactInvalid
from proveout.families.symbolic.effects import (
    Case,
    ConsequenceModel,
    fit_consequences,
    predict,
    read_consequences,
)
from proveout.testing._cases import ACTIONS, AMOUNT, EVIDENCE, FLAG, HISTORY, OFFERED

Confounded = Callable[[int, int], list[Case]]
SEEN = {"history": "new", "amount": "small", "evidence": "unasked", "offered": "no"}
states = st.fixed_dictionaries(
    {
        name: st.sampled_from(of)
        for name, of in [("history", HISTORY), ("amount", AMOUNT), ("evidence", EVIDENCE), ("offered", OFFERED)]
    },
    optional={"flag": st.sampled_from(FLAG)},
)


@settings(max_examples=40)
@given(states, st.sampled_from(ACTIONS))
def test_probabilities_add_up_and_lie_in_their_intervals(
    desk_model: ConsequenceModel, state: dict[str, str], action: str
) -> None:
    found = predict(desk_model, state, action)
    assert sum(one.probability for one in found.outcomes) == pytest.approx(1)
    assert all(0 <= one.low <= one.probability <= one.high <= 1 for one in found.outcomes)
    assert found.reward.low <= found.reward.value <= found.reward.high
    assert found.numbers["spent"].low < found.numbers["spent"].value < found.numbers["spent"].high
    assert bool(found.warnings) == (found.support == 0)


def test_what_is_not_known_is_averaged_over_as_before_the_action(desk_model: ConsequenceModel) -> None:
    """The back-door formula: sum over flags of P(flag | state) P(kept | do(approve), state, flag)."""

    def kept(state: dict[str, str]) -> float:
        return sum(
            one.probability for one in predict(desk_model, state, "approve").outcomes if one.after["result"] == "kept"
        )

    shares = {str(of["flag"]): p for of, p in desk_model.belief(SEEN)}
    assert kept(SEEN) == pytest.approx(sum(p * kept({**SEEN, "flag": flag}) for flag, p in shares.items()))


def test_confounding_is_not_taken_for_an_effect(table: dict[str, Any], confounded: Confounded) -> None:
    cases = confounded(0, 3000)
    model = fit_consequences(read_consequences(table), cases, replicas=10)
    won = {
        action: next(one for one in predict(model, {"level": 0.0}, action).outcomes if one.after["end"] == "won")
        for action in ("wait", "act")
    }
    naive = {
        action: np.mean([case.events[0].after["end"] == "won" for case in cases if case.events[0].action == action])
        for action in ("wait", "act")
    }
    assert naive["act"] - naive["wait"] > 0.4
    assert abs(won["act"].probability - won["wait"].probability) < 0.05
    assert won["act"].low <= 0.45 <= won["act"].high + 0.02
    levels = predict(model, {"level": 1.0, "sign": "good"}, "act").numbers["level"]
    assert levels.value == pytest.approx(2.0, abs=0.1)
    assert levels.high - levels.low == pytest.approx(2 * 1.96 * 0.5, rel=0.25)


@pytest.mark.slow
def test_intervals_of_probabilities_cover_the_truth(table: dict[str, Any], confounded: Confounded) -> None:
    """Nominal 95 %, by resampling 40 times, which falls short by a little: over 80 logs of 400 cases, 85 % at least."""
    spec, hits, asked = read_consequences(table), 0, 0
    for seed, (sign, action) in product(range(80), [("good", "act"), ("bad", "wait")]):
        if action == "act":
            model = fit_consequences(spec, confounded(seed, 400), replicas=40)
        found = predict(model, {"level": 0.0, "sign": sign}, action)
        won = next(one for one in found.outcomes if one.after["end"] == "won")
        hits, asked = hits + (won.low <= {"good": 0.8, "bad": 0.1}[sign] <= won.high), asked + 1
    assert hits / asked >= 0.85


def test_an_unknown_action_and_a_missing_number_are_refused(
    desk_model: ConsequenceModel, table: dict[str, Any], confounded: Confounded
) -> None:
    with pytest.raises(FactInvalid, match="action"):
        predict(desk_model, SEEN, "pray")
    model = fit_consequences(read_consequences(table), confounded(1, 60), replicas=0)
    with pytest.raises(FactInvalid, match="number is missing"):
        predict(model, {"sign": "good"}, "act")
