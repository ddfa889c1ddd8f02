"""Off-policy estimates against a truth that is known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from proveout.economics import OffPolicy, doubly_robust, inverse_propensity
from proveout.errors import CountsInvalid

Floats = NDArray[np.float64]
TRUE = {0: 0.2, 1: 0.5}
TARGET_OF_1 = 0.9
TRUTH = 0.1 * 0.2 + 0.9 * 0.5


def log(seed: int, rows: int = 2000) -> tuple[Floats, Floats, Floats, NDArray[np.int64]]:
    """Actions of a policy that prefers 0, with rewards."""
    rng = np.random.default_rng(seed)
    actions = (rng.random(rows) < 0.3).astype(np.int64)
    rewards = (rng.random(rows) < np.where(actions == 1, TRUE[1], TRUE[0])).astype(np.float64)
    logged = np.where(actions == 1, 0.3, 0.7)
    target = np.where(actions == 1, TARGET_OF_1, 1 - TARGET_OF_1)
    return rewards, logged, target, actions


def estimates(seed: int) -> list[OffPolicy]:
    rewards, logged, target, actions = log(seed)
    good = np.where(actions == 1, TRUE[1], TRUE[0])
    return [
        inverse_propensity(rewards, logged, target, normalised=False),
        inverse_propensity(rewards, logged, target),
        doubly_robust(rewards, logged, target, predicted_taken=good, predicted_target=np.full(len(rewards), TRUTH)),
    ]


def test_the_intervals_hold_the_truth_as_often_as_they_say() -> None:
    found = [estimates(seed) for seed in range(300)]
    for number, method in enumerate(("ips", "snips", "dr")):
        own = [row[number] for row in found]
        assert {one.method for one in own} == {method}
        covered = np.mean([one.low <= TRUTH <= one.high for one in own])
        assert covered == pytest.approx(0.95, abs=0.04)


def test_a_wrong_model_does_no_harm_where_the_propensities_are_right() -> None:
    values = []
    for seed in range(200):
        rewards, logged, target, _ = log(seed)
        wrong = doubly_robust(
            rewards,
            logged,
            target,
            predicted_taken=np.full(len(rewards), 0.9),
            predicted_target=np.full(len(rewards), 0.9),
        )
        values.append(wrong.value)
    assert np.mean(values) == pytest.approx(TRUTH, abs=0.01)


def test_a_right_model_narrows_the_interval() -> None:
    plain, _, robust = estimates(1)
    assert robust.high - robust.low < plain.high - plain.low


def test_few_effective_rows_are_said() -> None:
    rewards = np.ones(200)
    logged = np.full(200, 0.5)
    logged[0] = 0.001
    found = inverse_propensity(rewards, logged, np.full(200, 0.5))
    assert found.effective_rows < 10
    assert len(found.warnings) == 2


@pytest.mark.parametrize(
    ("rewards", "logged", "target"),
    [
        ([1.0], [0.5], [0.5]),
        ([1.0, 0.0], [0.0, 0.5], [0.5, 0.5]),
        ([1.0, 0.0], [0.5, 1.5], [0.5, 0.5]),
        ([1.0, 0.0], [0.5, 0.5], [0.5, -0.1]),
        ([1.0, 0.0], [0.5, 0.5], [0.0, 0.0]),
        ([1.0, 0.0], [0.5], [0.5, 0.5]),
        ([1.0, float("nan")], [0.5, 0.5], [0.5, 0.5]),
    ],
)
def test_logs_that_cannot_be(rewards: list[float], logged: list[float], target: list[float]) -> None:
    with pytest.raises(CountsInvalid) as caught:
        inverse_propensity(np.array(rewards), np.array(logged), np.array(target))
    assert caught.value.fix
