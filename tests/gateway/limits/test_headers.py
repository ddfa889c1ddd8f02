from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.gateway.limits._headers import duration

UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


@given(st.floats(0, 1e7))
def test_a_duration_is_the_next_millisecond_and_reads_back(seconds: float) -> None:
    parts = re.findall(r"([0-9.]+)(ms|h|m|s)", duration(seconds).decode())
    told = sum(float(number) * UNITS[unit] for number, unit in parts)
    assert seconds - 1e-6 <= told <= seconds + 0.0010001


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(-1.0, b"0s"), (0.9995, b"1s"), (59.9999, b"1m0s"), (3600.0, b"1h0m0s"), (0.001, b"1ms"), (100_000, b"27h46m40s")],
)
def test_durations(seconds: float, told: bytes) -> None:
    assert duration(seconds) == told
