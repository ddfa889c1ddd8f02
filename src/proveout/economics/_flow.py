"""Money over time: volume that grows, what is saved by a day, when it is paid back, and what it is worth today."""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING, Generic, NamedTuple

import numpy as np

from proveout.economics._unit import Number, Values, fixed_usd_per_day, one_off_usd, request_cost

if TYPE_CHECKING:
    from collections.abc import Iterator

    from proveout.economics._inputs import Inputs

__all__ = [
    "PERIOD_DAYS",
    "Flow",
    "break_even_day",
    "flow_of",
    "net_after",
    "present_value",
    "simulate",
    "volume_until",
]

PERIOD_DAYS = 30
TINY = 1e-9


class Flow(NamedTuple, Generic[Number]):
    """What moving from one architecture to another does to the bill.

    Attributes:
        queries_per_day: on the first day.
        growth: of the requests a day, every 30 days.
        saving_per_request: US dollars; below 0 the new one costs more.
        fixed_per_day: US dollars that the new one costs more a day, whatever the traffic.
        one_off: US dollars that the new one costs more before it serves.
    """

    queries_per_day: Number
    growth: Number
    saving_per_request: Number
    fixed_per_day: Number
    one_off: Number


def flow_of(inputs: Inputs, values: Values[Number], old: str, new: str) -> Flow[Number]:
    """The flow of moving from ``old`` to ``new``; moving back is its negative, part by part.

    What the architecture in production cost to build is spent, so that a scenario leaves it out.
    """
    return Flow(
        queries_per_day=values["queries_per_day"],
        growth=values["growth_per_30_days"],
        saving_per_request=request_cost(inputs, values, old).total - request_cost(inputs, values, new).total,
        fixed_per_day=fixed_usd_per_day(values, new).total - fixed_usd_per_day(values, old).total,
        one_off=one_off_usd(values, new) - one_off_usd(values, old),
    )


def volume_until(flow: Flow[Number], days: int) -> Number:
    """Requests of the first ``days`` days."""
    periods, rest = divmod(days, PERIOD_DAYS)
    grown = (1 + flow.growth) ** periods
    return flow.queries_per_day * (PERIOD_DAYS * _geometric(flow.growth, periods) + rest * grown)


def net_after(flow: Flow[Number], days: int) -> Number:
    """US dollars saved in the first ``days`` days, less what was spent once: the closed form."""
    return flow.saving_per_request * volume_until(flow, days) - flow.fixed_per_day * days - flow.one_off


def present_value(flow: Flow[Number], days: int, rate_per_year: Number) -> Number:
    """Net present value in US dollars: savings of 30 days count at their end, discounted at ``rate * 30/365``."""
    factor = 1 / (1 + rate_per_year * PERIOD_DAYS / 365)
    periods, rest = divmod(days, PERIOD_DAYS)
    daily = flow.saving_per_request * flow.queries_per_day
    volume = _geometric((1 + flow.growth) * factor - 1, periods) * factor
    fixed = _geometric(factor - 1, periods) * factor
    last = (daily * (1 + flow.growth) ** periods - flow.fixed_per_day) * rest * factor ** (periods + 1)
    return PERIOD_DAYS * (daily * volume - flow.fixed_per_day * fixed) + last - flow.one_off


def _geometric(growth: Number, count: int) -> Number:
    """1 + (1+g) + … + (1+g)^(count-1)."""
    if isinstance(growth, Fraction):
        return growth * 0 + count if growth == 0 else ((1 + growth) ** count - 1) / growth
    flat = np.abs(growth) < TINY
    safe = np.where(flat, 1e-3, growth)
    return np.where(flat, float(count), np.expm1(count * np.log1p(safe)) / safe)


def simulate(flow: Flow[Fraction], days: int) -> Iterator[Fraction]:
    """What is saved by the end of each day, counted day by day: what the closed form is tested by.

    Example:
        >>> flow = Flow(Fraction(100), Fraction(0), Fraction(1, 100), Fraction(0), Fraction(3))
        >>> [float(net) for net in simulate(flow, 4)]
        [-2.0, -1.0, 0.0, 1.0]
    """
    net, volume = -flow.one_off, flow.queries_per_day
    for day in range(days):
        if day and day % PERIOD_DAYS == 0:
            volume *= 1 + flow.growth
        net += volume * flow.saving_per_request - flow.fixed_per_day
        yield net


def break_even_day(flow: Flow[Fraction], limit_days: int) -> int | None:
    """The first day by whose end what was spent once is saved again, exactly; None when not within ``limit_days``.

    What is saved by the end of each 30 days is convex in time when daily savings grow and concave when they shrink, so
    that the 30 days it is paid back in are found by bisection over the closed form; within them it is a straight line.
    0 when nothing has to be paid back.

    Example:
        >>> break_even_day(Flow(Fraction(100), Fraction(0), Fraction(1, 100), Fraction(0), Fraction(3)), 365)
        3
    """
    if flow.one_off <= 0:
        return 0
    periods = _rising_periods(flow, ceil(Fraction(limit_days, PERIOD_DAYS)))
    if net_after(flow, periods * PERIOD_DAYS) < 0:
        return None
    low, high = 0, periods  # the net is below 0 after `low` periods, and not after `high`
    while high - low > 1:
        middle = (low + high) // 2
        if net_after(flow, middle * PERIOD_DAYS) < 0:
            low = middle
        else:
            high = middle
    day = low * PERIOD_DAYS + ceil(-net_after(flow, low * PERIOD_DAYS) / _saved_a_day(flow, low))
    return day if day <= limit_days else None


def _saved_a_day(flow: Flow[Fraction], period: int) -> Fraction:
    return flow.saving_per_request * flow.queries_per_day * (1 + flow.growth) ** period - flow.fixed_per_day


def _rising_periods(flow: Flow[Fraction], most: int) -> int:
    """How many periods to look at: all, or, where daily savings shrink, those before they turn into losses."""
    shrinking = flow.saving_per_request * flow.growth < 0
    if not shrinking or _saved_a_day(flow, most - 1) > 0:
        return most
    low, high = -1, most - 1  # saved in period `low`, not in `high`
    while high - low > 1:
        middle = (low + high) // 2
        if _saved_a_day(flow, middle) > 0:
            low = middle
        else:
            high = middle
    return high
