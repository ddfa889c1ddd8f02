from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.trial import Curve, CurvePoint, examples_to, sample_efficiency


def curve(family: str, *heights: float, label_count: int = 1) -> Curve:
    points = tuple(
        CurvePoint(
            per_class=2**at,
            examples=float(label_count * 2**at),
            accuracy=height,
            low=None,
            high=None,
            seeds=(height,),
            ledger=(at,),
        )
        for at, height in enumerate(heights)
    )
    return Curve(family, points, None)


def test_a_family_shifted_by_two_doublings_needs_four_times_the_examples() -> None:
    fast, slow = curve("fast", 0.4, 0.6, 0.8, 0.9), curve("slow", 0.1, 0.2, 0.4, 0.6, 0.8, 0.9)
    found = sample_efficiency([fast, slow], incumbent=0.8)
    assert found is not None
    assert [(one.family, one.examples) for one in found.reaches] == [("fast", 4.0), ("slow", 16.0)]
    (multiplier,) = found.multipliers
    assert (multiplier.family, multiplier.than, multiplier.accuracy) == ("fast", "slow", 0.9)
    assert multiplier.factor == pytest.approx(4.0)


def test_a_target_out_of_reach_and_curves_that_share_no_accuracy_say_so() -> None:
    low, high = curve("low", 0.1, 0.2), curve("high", 0.5, 0.7)
    found = sample_efficiency([low, high], incumbent=0.9)
    assert found is not None
    assert [one.examples for one in found.reaches] == [None, None]
    assert found.multipliers == ()


def test_without_curves_there_is_nothing_to_say() -> None:
    assert sample_efficiency([], incumbent=0.9) is None
    assert sample_efficiency([Curve("empty", (), None)], incumbent=0.9) is None
    assert sample_efficiency([curve("one", 0.5, 0.6)], incumbent=None) is not None


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8), st.floats(0, 1))
def test_examples_to_lies_where_the_curve_first_gets_there(heights: list[float], accuracy: float) -> None:
    drawn = curve("any", *heights)
    found = examples_to(drawn, accuracy)
    if max(heights) < accuracy:
        assert found is None
        return
    first = next(at for at, height in enumerate(heights) if height >= accuracy)
    assert found is not None
    assert (2 ** (first - 1) if first else 1) <= found <= 2**first * (1 + 1e-9)
