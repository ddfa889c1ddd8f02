from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from proveout.certify import reject_in_sequence

P = st.floats(0, 1)


def holm(values: list[float], delta: float) -> set[int]:
    rejected: set[int] = set()
    for rank, at in enumerate(sorted(range(len(values)), key=lambda at: values[at])):
        if values[at] > delta / (len(values) - rank) * (1 + 1e-12):
            break
        rejected.add(at)
    return rejected


@given(st.lists(P, min_size=1, max_size=8))
def test_sequences_of_one_are_holm(values: list[float]) -> None:
    found = reject_in_sequence([[p] for p in values], 0.05)
    assert {at for at, (passed, _) in enumerate(found) if passed} == holm(values, 0.05)


@given(st.lists(P, max_size=20))
def test_one_sequence_stops_at_its_first_failure(values: list[float]) -> None:
    ((passed, level),) = reject_in_sequence([values], 0.05)
    assert level == 0.05
    assert all(p <= 0.05 for p in values[:passed])
    assert passed == len(values) or values[passed] > 0.05


@given(st.lists(st.lists(P, max_size=6), min_size=1, max_size=5), st.randoms())
def test_the_order_of_segments_changes_nothing(values: list[list[float]], random: object) -> None:
    found = reject_in_sequence(values, 0.1)
    turned = reject_in_sequence(values[::-1], 0.1)[::-1]
    assert [passed for passed, _ in found] == [passed for passed, _ in turned]


@given(st.lists(st.lists(P, min_size=1, max_size=5), min_size=1, max_size=5))
def test_a_smaller_p_never_rejects_less(values: list[list[float]]) -> None:
    lower = [[p / 2 for p in one] for one in values]
    before, after = reject_in_sequence(values, 0.05), reject_in_sequence(lower, 0.05)
    assert all(less[0] <= more[0] for less, more in zip(before, after, strict=True))


def test_segments_at_once_are_wrong_in_five_percent_of_draws_at_most() -> None:
    rng = np.random.default_rng(0)
    draws = 4000
    # Two sequences with a true start, three true ones: any rejection of a true one is an error.
    false_starts = rng.random((draws, 2, 2)) ** 8
    true = rng.random((draws, 5, 3))
    wrong = 0
    for at in range(draws):
        values = [[*map(float, false_starts[at, part]), *map(float, true[at, part])] for part in range(2)]
        values += [list(map(float, true[at, part])) for part in range(2, 5)]
        found = reject_in_sequence(values, 0.05)
        wrong += any(passed > (2 if part < 2 else 0) for part, (passed, _) in enumerate(found))
    assert wrong / draws <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / draws)
