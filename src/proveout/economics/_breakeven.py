"""Break-even between two architectures: exact for typical values, and spread out for distributions."""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from proveout.economics._flow import PERIOD_DAYS, Flow, break_even_day, flow_of, net_after, present_value, volume_until
from proveout.economics._rounding import usd
from proveout.economics._spread import Spread, spread
from proveout.economics._uplift import cpu_hours_saved

if TYPE_CHECKING:
    from proveout.economics._distributions import Floats
    from proveout.economics._inputs import Inputs
    from proveout.economics._unit import Values

__all__ = ["BreakEven", "break_even", "payback_days"]

# "Never" means not in a hundred years.
LIMIT_DAYS = 36_500
CURVE_POINTS = 60


class BreakEven(msgspec.Struct, frozen=True, kw_only=True):
    """What moving from one architecture to another saves.

    Attributes:
        old: architecture moved from.
        new: architecture moved to.
        days: until what was spent once is saved again, by the end of that day; 0 when nothing has to be paid back,
            None when it never is (in 100 years).
        requests: answered until then, rounded up; None when never.
        saving_usd_per_request: on average; below 0 the new one costs more.
        saving_usd_per_day: on the first day, fixed costs taken off.
        one_off_usd: what the new one costs before it serves, less the same of the old one.
        net_usd: saved until the horizon, one-off costs taken off, not discounted.
        npv_usd: the same as net present value.
        npv: P10, P50 and P90 of it.
        payback: P10, P50 and P90 of the days; None where it is not paid back within the horizon.
        cpu_hours_saved_per_month: processor hours of one's own machines, at the first day's traffic; below 0 the new
            one takes more, as it does where the old one runs at a provider.
        probability_of_saving: share of draws with a net present value above 0.
        probability_in_time: share of draws paid back within the days that a decision allows.
        curve: day, and net US dollars by its end: typical, P10 and P90; for a drawing.
    """

    old: str
    new: str
    days: int | None
    requests: int | None
    saving_usd_per_request: float
    saving_usd_per_day: float
    one_off_usd: float
    net_usd: float
    npv_usd: float
    npv: Spread
    payback: Spread
    cpu_hours_saved_per_month: float
    probability_of_saving: float
    probability_in_time: float
    curve: tuple[tuple[int, float, float, float], ...]


def break_even(inputs: Inputs, exact: Values[Fraction], draws: Values[Floats], old: str, new: str) -> BreakEven:
    """Weigh moving from ``old`` to ``new``.

    Days and requests are exact rational arithmetic over the figures as written, rounded once, at the end.
    """
    flow, drawn = flow_of(inputs, exact, old, new), flow_of(inputs, draws, old, new)
    horizon, terms = inputs.scenario.traffic.horizon_days, inputs.scenario.decision
    days = break_even_day(flow, LIMIT_DAYS)
    values = present_value(drawn, horizon, draws["discount_rate_per_year"])
    waits = payback_days(drawn, max(horizon, terms.payback_days))
    return BreakEven(
        old=old,
        new=new,
        days=days,
        requests=None if days is None else ceil(volume_until(flow, days)),
        saving_usd_per_request=float(round(flow.saving_per_request, 9)),
        saving_usd_per_day=usd(net_after(flow, 1) + flow.one_off),
        one_off_usd=usd(flow.one_off),
        net_usd=usd(net_after(flow, horizon)),
        npv_usd=usd(present_value(flow, horizon, exact["discount_rate_per_year"])),
        npv=spread(values),
        payback=spread(waits),
        cpu_hours_saved_per_month=_cpu_hours(inputs, exact, old, new),
        probability_of_saving=float(np.mean(values > 0)),
        probability_in_time=float(np.mean(waits <= terms.payback_days)),
        curve=_curve(flow, drawn, horizon),
    )


def _cpu_hours(inputs: Inputs, exact: Values[Fraction], old: str, new: str) -> float:
    """Escalated and audited requests take the incumbent's processor time too."""

    def seconds(name: str) -> float:
        one, again = inputs.architecture(name), Fraction(0)
        if one.escalates:
            passed_on = exact[f"{name}.escalation_rate"]
            again = passed_on + (1 - passed_on) * exact["audit_share"]
        own = exact[f"{name}.cpu_seconds_per_1000"]
        return float(own + again * exact[f"{inputs.incumbent}.cpu_seconds_per_1000"])

    return round(cpu_hours_saved(seconds(old), seconds(new), float(exact["queries_per_day"]) * 365 / 12), 6)


def payback_days(flow: Flow[Floats], limit_days: int) -> Floats:
    """Days to break even for each draw; infinity where it takes more than ``limit_days``."""
    found = np.where(flow.one_off <= 0, 0.0, np.inf)
    net, daily_volume = -flow.one_off, flow.queries_per_day
    for start in range(0, limit_days, PERIOD_DAYS):
        saved = flow.saving_per_request * daily_volume - flow.fixed_per_day
        after = net + PERIOD_DAYS * saved
        crossed = np.isinf(found) & (after >= 0) & (saved > 0)
        days = start + np.ceil(np.divide(-net, saved, out=np.zeros_like(net), where=crossed))
        found = np.where(crossed, days, found)
        net, daily_volume = after, daily_volume * (1 + flow.growth)
    return np.where(found <= limit_days, found, np.inf)


def _curve(flow: Flow[Fraction], drawn: Flow[Floats], horizon: int) -> tuple[tuple[int, float, float, float], ...]:
    days = sorted({round(horizon * step / CURVE_POINTS) for step in range(CURVE_POINTS + 1)})
    points = []
    for day in days:
        low, high = np.quantile(net_after(drawn, day), (0.1, 0.9))
        points.append((day, usd(net_after(flow, day)), usd(float(low)), usd(float(high))))
    return tuple(points)
