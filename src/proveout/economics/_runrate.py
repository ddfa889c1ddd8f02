"""The run rate: what each architecture costs a month, part by part and tier by tier."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import msgspec

from proveout.economics._energy import Energy, local_energy, remote_energy
from proveout.economics._flow import Flow, volume_until
from proveout.economics._rounding import usd
from proveout.economics._spread import Spread, spread
from proveout.economics._unit import Number, Values, fixed_usd_per_day, one_off_usd, request_cost, tier_cost

if TYPE_CHECKING:
    from proveout.economics._distributions import Floats
    from proveout.economics._inputs import Inputs

__all__ = ["PARTS", "RunRate", "TierRate", "run_rates"]

DAYS_PER_MONTH = Fraction(365, 12)
PARTS = ("provider", "processor", "escalation", "audit", "storage", "operations", "errors")


class TierRate(msgspec.Struct, frozen=True, kw_only=True):
    """One tier of the traffic: US dollars a month at the first day's traffic, by part, without fixed costs."""

    tier: str
    queries_per_day: float
    usd_per_month: dict[str, float]
    usd_per_1000: float


class RunRate(msgspec.Struct, frozen=True, kw_only=True):
    """What one architecture costs.

    Attributes:
        architecture: name.
        candidate: id; "" when none was measured.
        usd_per_month: at the first day's traffic, by part; a month is 365/12 days.
        billed_usd_per_month: what stands on some bill: all parts but errors.
        total_usd_per_month: all parts.
        usd_per_1000: all parts for 1,000 requests at the first day's traffic, fixed costs shared out.
        one_off_usd: before it serves.
        horizon_usd: one-off and all parts until the horizon, with growth, not discounted.
        monthly: P10, P50 and P90 of the total a month.
        horizon: P10, P50 and P90 of all costs until the horizon.
        tiers: of the traffic.
        energy: watt-hours for 1,000 requests: of one's own machines, and of a provider's where any request reaches one.
    """

    architecture: str
    candidate: str
    usd_per_month: dict[str, float]
    billed_usd_per_month: float
    total_usd_per_month: float
    usd_per_1000: float
    one_off_usd: float
    horizon_usd: float
    monthly: Spread
    horizon: Spread
    tiers: tuple[TierRate, ...]
    energy: tuple[Energy, ...]


def run_rates(inputs: Inputs, exact: Values[Fraction], draws: Values[Floats]) -> tuple[RunRate, ...]:
    """One for each architecture, the incumbent first."""
    return tuple(_run_rate(inputs, exact, draws, one.name) for one in inputs.architectures)


def _run_rate(inputs: Inputs, exact: Values[Fraction], draws: Values[Floats], name: str) -> RunRate:
    parts = _parts(inputs, exact, name)
    total, once = sum(parts.values(), Fraction(0)), one_off_usd(exact, name)
    request, fixed = request_cost(inputs, draws, name).total, fixed_usd_per_day(draws, name).total
    volume = draws["queries_per_day"]
    days = inputs.scenario.traffic.horizon_days
    return RunRate(
        architecture=name,
        candidate=inputs.architecture(name).candidate,
        usd_per_month={part: usd(amount) for part, amount in parts.items()},
        billed_usd_per_month=usd(total - parts["errors"]),
        total_usd_per_month=usd(total),
        usd_per_1000=usd(total * 1000 / (exact["queries_per_day"] * DAYS_PER_MONTH)),
        one_off_usd=usd(once),
        horizon_usd=usd(
            request_cost(inputs, exact, name).total * _volume(exact, days)
            + fixed_usd_per_day(exact, name).total * days
            + once
        ),
        monthly=spread((request * volume + fixed) * float(DAYS_PER_MONTH)),
        horizon=spread(request * _volume(draws, days) + fixed * days + one_off_usd(draws, name)),
        tiers=_tiers(inputs, exact, name),
        energy=_energy(inputs, exact, name),
    )


def _energy(inputs: Inputs, exact: Values[Fraction], name: str) -> tuple[Energy, ...]:
    one, target = inputs.architecture(name), inputs.architecture(inputs.incumbent)
    seconds, reaching = exact[f"{name}.cpu_seconds_per_1000"], Fraction(int(one.remote))
    if one.escalates:
        passed_on = exact[f"{name}.escalation_rate"]
        asked_again = passed_on + (1 - passed_on) * exact["audit_share"]
        seconds += asked_again * exact[f"{target.name}.cpu_seconds_per_1000"]
        reaching += asked_again * int(target.remote)
    own = local_energy(float(seconds), joules_per_cpu_second=inputs.joules_per_cpu_second)
    if not reaching:
        return (own,)
    remote = remote_energy(float(reaching * 1000))
    return (own, remote) if seconds else (remote,)


def _volume(values: Values[Number], days: int) -> Number:
    """Requests until the horizon."""
    nothing = values["usd_per_error"] * 0
    flow = Flow(values["queries_per_day"], values["growth_per_30_days"], nothing, nothing, nothing)
    return volume_until(flow, days)


def _parts(inputs: Inputs, exact: Values[Fraction], name: str) -> dict[str, Fraction]:
    request, fixed = request_cost(inputs, exact, name), fixed_usd_per_day(exact, name)
    volume = exact["queries_per_day"]
    found = {part: amount * volume for part, amount in zip(request._fields, request, strict=True)}
    found |= {"storage": fixed.storage, "operations": fixed.operations}
    return {part: found[part] * DAYS_PER_MONTH for part in PARTS}


def _tiers(inputs: Inputs, exact: Values[Fraction], name: str) -> tuple[TierRate, ...]:
    found = []
    for tier in inputs.tiers:
        cost = tier_cost(inputs, exact, inputs.architecture(name), tier)
        volume = exact["queries_per_day"] * exact[f"tiers.{tier.name}.share"]
        monthly = {part: usd(amount * volume * DAYS_PER_MONTH) for part, amount in zip(cost._fields, cost, strict=True)}
        found.append(
            TierRate(
                tier=tier.name,
                queries_per_day=float(volume),
                usd_per_month=monthly,
                usd_per_1000=usd(cost.total * 1000),
            )
        )
    return tuple(found)
