from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from proveout.families.llm._agreement import self_agreement


@given(st.lists(st.lists(st.sampled_from(["a", "b", None]), min_size=3, max_size=3), min_size=1, max_size=30))
def test_the_value_lies_in_its_interval(outputs: list[list[str | None]]) -> None:
    found = self_agreement(outputs)
    assert 0 <= found["low"] <= found["value"] <= found["high"] <= 1
    assert found["rows"] == len(outputs)
    assert self_agreement(outputs[::-1])["value"] == found["value"]


@pytest.mark.parametrize("alike", [0, 7, 20])
def test_the_interval_is_wilsons(alike: int) -> None:
    outputs = [["a", "a"]] * alike + [["a", "b"]] * (20 - alike)
    low, high = stats.binomtest(alike, 20).proportion_ci(0.95, method="wilson")
    found = self_agreement(outputs)
    assert (found["low"], found["high"]) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))


def test_objects_are_alike_whatever_the_order_of_their_keys() -> None:
    assert self_agreement([[{"a": 1, "b": 2.0}, {"b": 2, "a": 1}]])["value"] == 1
