"""The closed form against day-by-day counting, exactly."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proveout.economics import Flow, break_even_day, net_after, present_value, simulate, volume_until

DAYS = 400
cents = st.integers(-2_000, 2_000).map(lambda value: Fraction(value, 1_000_000))
growths = st.sampled_from([Fraction(value, 100) for value in (-30, -7, 0, 1, 5, 20)])
flows = st.builds(
    Flow,
    queries_per_day=st.integers(1, 50_000).map(Fraction),
    growth=growths,
    saving_per_request=cents,
    fixed_per_day=st.integers(-500, 2_000).map(lambda value: Fraction(value, 100)),
    one_off=st.integers(-1_000, 200_000).map(lambda value: Fraction(value, 100)),
)


def simulated_day(flow: Flow[Fraction]) -> int | None:
    if flow.one_off <= 0:
        return 0
    return next((day for day, net in enumerate(simulate(flow, DAYS), start=1) if net >= 0), None)


@given(flows)
@settings(max_examples=150)
def test_break_even_is_the_day_that_counting_finds(flow: Flow[Fraction]) -> None:
    assert break_even_day(flow, DAYS) == simulated_day(flow)


@given(flows, st.integers(0, DAYS))
def test_the_net_is_what_counting_gives(flow: Flow[Fraction], day: int) -> None:
    counted = [-flow.one_off, *simulate(flow, day)][-1]
    assert net_after(flow, day) == counted


@given(flows)
def test_moving_back_undoes_moving(flow: Flow[Fraction]) -> None:
    back = flow._replace(
        saving_per_request=-flow.saving_per_request, fixed_per_day=-flow.fixed_per_day, one_off=-flow.one_off
    )
    rate = Fraction(8, 100)
    assert net_after(back, 365) == -net_after(flow, 365)
    assert present_value(back, 365, rate) == -present_value(flow, 365, rate)


@given(flows, st.integers(1, 10_000))
def test_more_traffic_never_pays_back_later_where_requests_save(flow: Flow[Fraction], more: int) -> None:
    flow = flow._replace(saving_per_request=abs(flow.saving_per_request))
    busier = flow._replace(queries_per_day=flow.queries_per_day + more)
    before, after = break_even_day(flow, DAYS), break_even_day(busier, DAYS)
    assert before is None or (after is not None and after <= before)


@given(flows, st.integers(0, 1000))
def test_a_dearer_incumbent_never_pays_back_later(flow: Flow[Fraction], more: int) -> None:
    dearer = flow._replace(saving_per_request=flow.saving_per_request + Fraction(more, 1_000_000))
    before, after = break_even_day(flow, DAYS), break_even_day(dearer, DAYS)
    assert before is None or (after is not None and after <= before)


@given(flows)
def test_arrays_of_draws_give_what_fractions_give(flow: Flow[Fraction]) -> None:
    drawn = Flow(*(np.full(3, float(part)) for part in flow))
    scale = 1e-9 * (1 + abs(float(flow.one_off)) + float(flow.queries_per_day) * DAYS)
    for day in (0, 29, 30, 31, 365):
        assert volume_until(drawn, day) == pytest.approx(float(volume_until(flow, day)), rel=1e-9)
        assert net_after(drawn, day) == pytest.approx(float(net_after(flow, day)), abs=scale, rel=1e-9)
    rate = Fraction(8, 100)
    found = present_value(drawn, 365, np.full(3, 0.08))
    assert found == pytest.approx(float(present_value(flow, 365, rate)), abs=scale, rel=1e-9)


def test_present_value_is_the_sum_of_discounted_periods() -> None:
    flow = Flow(Fraction(1000), Fraction(2, 100), Fraction(1, 100), Fraction(3), Fraction(500))
    factor, worth = 1 / (1 + Fraction(10, 100) * 30 / 365), -flow.one_off
    nets = [-flow.one_off, *simulate(flow, 90)]
    for period, (start, end) in enumerate(pairwise(range(0, 91, 30)), start=1):
        worth += (nets[end] - nets[start]) * factor**period
    assert present_value(flow, 90, Fraction(10, 100)) == worth


@given(flows)
def test_without_discount_the_present_value_is_the_net(flow: Flow[Fraction]) -> None:
    assert present_value(flow, 365, Fraction(0)) == net_after(flow, 365)


def test_savings_that_shrink_away_before_they_have_paid_back() -> None:
    flow = Flow(Fraction(1000), Fraction(-30, 100), Fraction(1, 100), Fraction(5), Fraction(250))
    assert max(simulate(flow, 3650)) < 0
    assert break_even_day(flow, 3650) is None


def test_savings_that_pay_back_first_and_shrink_away_later() -> None:
    flow = Flow(Fraction(1000), Fraction(-30, 100), Fraction(1, 100), Fraction(5), Fraction(180))
    assert break_even_day(flow, 3650) == simulated_day(flow) == 45
    assert net_after(flow, 365) < 0
