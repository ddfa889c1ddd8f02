from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.families.symbolic.effects._design import Question, design_of
from proveout.families.symbolic.effects._methods import effect_methods
from proveout.families.symbolic.effects._refute import e_value, refute

ASKED = Question(treatment="t", outcome="y", causes=("x",))


def table(
    seed: int, rows: int = 300, *, hidden: float = 0.0
) -> dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    rng = np.random.default_rng(seed)
    x, u = rng.normal(size=rows), rng.normal(size=rows)
    t = (rng.random(rows) < 1 / (1 + np.exp(-x - hidden * u))).astype(float)
    return {"x": x, "t": t, "y": t + x + hidden * u + rng.normal(size=rows)}


def attempts(seed: int, method: str = "regression", *, hidden: float = 0.0, runs: int = 25) -> dict[str, bool | None]:
    chosen = effect_methods.create(method)
    design = design_of(table(seed, hidden=hidden), ASKED)
    found = chosen.estimate(design, 0, 40)
    return {one.name: one.passed for one in refute(chosen, design, found, seed=seed, runs=runs)}


def test_all_four_are_tried_and_a_right_estimate_stands() -> None:
    found = attempts(0)
    assert found == {
        "placebo treatment": True,
        "random common cause": True,
        "data subset": True,
        "unobserved confounder": None,
    }


@pytest.mark.slow
def test_a_right_estimate_is_seldom_refuted() -> None:
    alarms = sum(passed is False for seed in range(100) for passed in attempts(seed).values())
    assert alarms <= 0.05 * 300


def test_what_was_not_measured_is_not_seen() -> None:
    """Said in the docs: no refuter sees a hidden confounder, so a pass is no proof."""
    found = attempts(3, hidden=2.0)
    assert False not in found.values()


def test_an_instrument_is_tried_too() -> None:
    rng = np.random.default_rng(0)
    w = rng.integers(0, 2, 800)
    t = (rng.random(800) < 0.2 + 0.6 * w).astype(int)
    design = design_of(
        {"w": w, "t": t, "y": t + rng.normal(size=800)}, Question(treatment="t", outcome="y", instruments=("w",))
    )
    chosen = effect_methods.create("instrument")
    passed = [one.passed for one in refute(chosen, design, chosen.estimate(design, 0, 0), seed=0, runs=20)]
    assert passed == [True, True, True, None]


@given(st.floats(-3, 3), st.floats(-3, 3))
def test_a_larger_effect_needs_a_stronger_confounder(one: float, other: float) -> None:
    assert e_value(one) >= 1
    assert e_value(one) == e_value(-one)
    assert (e_value(one) <= e_value(other)) == (abs(one) <= abs(other)) or e_value(one) == e_value(other)


def test_an_e_value_of_the_paper() -> None:
    """A risk ratio of 3.9 has an E-value of 7.26 (VanderWeele and Ding 2017)."""
    assert e_value(float(np.log(3.9)) / 0.91) == pytest.approx(7.26, abs=0.01)
