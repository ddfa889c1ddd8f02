from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.families.modular.graph import Retry


@given(
    st.integers(1, 10**6),
    st.floats(0, 1e8),
    st.floats(1, 1e6),
    st.floats(0, 1e8),
)
def test_waits_never_shrink_and_never_pass_the_longest(failed: int, first: float, factor: float, most: float) -> None:
    retry = Retry(attempts=10**6, backoff_seconds=first, factor=factor, most_seconds=most)
    one, two = retry.wait(failed), retry.wait(failed + 1)
    assert 0 <= one <= most * (1 + 1e-9)
    assert two >= one * (1 - 1e-9)


def test_a_wait_after_very_many_failures_is_the_longest() -> None:
    # 2 to the power of 5,000 is no float.
    assert Retry(attempts=6_000).wait(5_000) == 60.0


@pytest.mark.parametrize("failed", [1, 2, 9])
def test_no_back_off_is_no_wait(failed: int) -> None:
    assert Retry(backoff_seconds=0).wait(failed) == 0
    assert Retry(most_seconds=0).wait(failed) == 0
