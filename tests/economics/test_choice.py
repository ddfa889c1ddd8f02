"""Money first, then what has no price, and a winner only where the weights do not make it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.economics import choose, weigh

RNG = np.random.default_rng(5)
STAY = np.zeros(2000)


def around(mean: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return RNG.normal(mean, 10.0, 2000)


def test_one_option_left() -> None:
    found = choose({"stay": STAY}, {}, {}, seed=0)
    assert (found.winner, found.by) == ("stay", "gates")


def test_money_decides_where_it_can() -> None:
    found = choose({"stay": STAY, "a": around(50.0), "b": around(-20.0)}, {}, {}, seed=0)
    assert (found.winner, found.by, found.contenders) == ("a", "money", ("a",))
    assert sum(one.probability_best for one in found.ranked) == pytest.approx(1.0)
    assert [one.option for one in found.ranked] == ["a", "stay", "b"]


def test_criteria_decide_between_what_money_does_not_tell_apart() -> None:
    values = {"stay": STAY, "a": around(50.0), "b": around(51.0)}
    scores = {"proof": {"stay": 0.5, "a": 0.9, "b": 0.1}, "reach": {"stay": 0.5, "a": 0.8, "b": 0.7}}
    found = choose(values, scores, {"proof": 2.0, "reach": 1.0}, seed=0)
    assert (found.winner, found.by) == ("a", "criteria")
    assert set(found.contenders) == {"a", "b"}
    assert found.weighed is not None
    assert found.weighed.survives == 1.0


def test_no_clear_winner_where_the_weights_make_it() -> None:
    values = {"a": around(50.0), "b": around(50.5)}
    scores = {"proof": {"a": 0.9, "b": 0.1}, "reach": {"a": 0.1, "b": 0.88}}
    found = choose(values, scores, {"proof": 1.0, "reach": 1.0}, seed=0)
    assert (found.winner, found.by) == ("", "none")
    assert "no clear winner" in found.reason
    assert found.weighed is not None
    assert found.weighed.survives < 0.8


def test_no_criteria_and_no_telling() -> None:
    found = choose({"a": around(50.0), "b": around(50.5)}, {}, {}, seed=0)
    assert (found.winner, found.by) == ("", "none")
    assert "states no criteria" in found.reason


def test_a_tie_is_no_win() -> None:
    found = weigh(["a", "b"], {"x": {"a": 0.5, "b": 0.5}}, {"x": 1.0}, seed=0)
    assert not found.clear


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=4),
    st.integers(0, 3),
)
def test_an_option_that_is_better_by_every_criterion_always_survives(
    pairs: list[tuple[float, float]], seed: int
) -> None:
    scores = {f"c{n}": {"best": max(pair), "worst": min(pair) - 0.01} for n, pair in enumerate(pairs)}
    found = weigh(["worst", "best"], scores, dict.fromkeys(scores, 1.0), seed=seed)
    assert (found.winner, found.survives, found.clear) == ("best", 1.0, True)


def test_scaling_the_weights_changes_nothing() -> None:
    scores = {"x": {"a": 0.9, "b": 0.4}, "y": {"a": 0.2, "b": 0.6}}
    one = weigh(["a", "b"], scores, {"x": 1.0, "y": 1.0}, seed=1)
    assert one == weigh(["a", "b"], scores, {"x": 7.0, "y": 7.0}, seed=1)
