"""What one request costs, part by part: one formula for exact fractions and for arrays of draws."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from proveout.economics._inputs import Architecture, Inputs
    from proveout.economics._scenario import Tier

__all__ = [
    "FixedCost",
    "Number",
    "RequestCost",
    "Values",
    "fixed_usd_per_day",
    "one_off_usd",
    "request_cost",
    "tier_cost",
]

Number = TypeVar("Number", Fraction, NDArray[np.float64])
Values = Mapping[str, Number]

SECONDS_PER_HOUR = 3600
MILLION = 1_000_000


class RequestCost(NamedTuple, Generic[Number]):
    """US dollars for one request, on average.

    Attributes:
        provider: to the provider of the model.
        processor: for processor time of one's own.
        escalation: to the incumbent, for requests passed on to it: they are paid for twice.
        audit: to the incumbent and to people, for served requests that are looked at again.
        errors: what wrong answers cost the business; on no bill.
    """

    provider: Number
    processor: Number
    escalation: Number
    audit: Number
    errors: Number

    @property
    def billed(self) -> Number:
        """All that stands on some bill."""
        return self.provider + self.processor + self.escalation + self.audit

    @property
    def total(self) -> Number:
        """All of it."""
        return self.billed + self.errors


class FixedCost(NamedTuple, Generic[Number]):
    """US dollars a day, whatever the traffic."""

    storage: Number
    operations: Number

    @property
    def total(self) -> Number:
        """Both."""
        return self.storage + self.operations


def request_cost(inputs: Inputs, values: Values[Number], name: str) -> RequestCost[Number]:
    """The mean over the tiers, weighted by their shares."""
    architecture = inputs.architecture(name)
    shares = [values[f"tiers.{tier.name}.share"] for tier in inputs.tiers]
    costs = [tier_cost(inputs, values, architecture, tier) for tier in inputs.tiers]
    provider, processor, escalation, audit, errors = (
        _mean(shares, [cost[part] for cost in costs]) for part in range(len(costs[0]))
    )
    return RequestCost(provider, processor, escalation, audit, errors)


def _mean(shares: list[Number], parts: list[Number]) -> Number:
    total = 0 * parts[0]
    for share, part in zip(shares, parts, strict=True):
        total = total + share * part
    return total


def tier_cost(inputs: Inputs, values: Values[Number], architecture: Architecture, tier: Tier) -> RequestCost[Number]:
    """One request of one tier."""
    name, target = architecture.name, inputs.architecture(inputs.incumbent)
    factor = values[f"tiers.{tier.name}.tokens_factor"]
    provider, processor = _provider(values, architecture) * factor, _processor(values, name)
    wrong = values[f"{name}.error_rate"]
    error_usd = values["usd_per_error"] * values[f"tiers.{tier.name}.error_factor"]
    if not architecture.escalates:
        return RequestCost(provider, processor, 0 * provider, 0 * provider, wrong * error_usd)
    asked_again = _provider(values, target) * factor + _processor(values, target.name)
    passed_on = values[f"{name}.escalation_rate"]
    served = 1 - passed_on
    wrong = served * wrong + passed_on * values[f"{target.name}.error_rate"]
    return RequestCost(
        provider=provider,
        processor=processor,
        escalation=passed_on * asked_again,
        audit=served * values["audit_share"] * (asked_again + values["usd_per_audit"]),
        errors=wrong * error_usd,
    )


def _provider(values: Values[Number], architecture: Architecture) -> Number:
    name = architecture.name
    if not architecture.by_tokens:
        return values[f"{name}.provider_usd_per_1000"] / 1000
    paid_in = values[f"{name}.tokens_in"] * values[f"{name}.usd_per_million_in"]
    paid_out = values[f"{name}.tokens_out"] * values[f"{name}.usd_per_million_out"]
    return (paid_in + paid_out) / MILLION


def _processor(values: Values[Number], name: str) -> Number:
    return values[f"{name}.cpu_seconds_per_1000"] * values["usd_per_cpu_hour"] / (1000 * SECONDS_PER_HOUR)


def fixed_usd_per_day(values: Values[Number], name: str) -> FixedCost[Number]:
    """Storage and operations of one day; a month is 365/12 days."""
    storage = values[f"{name}.storage_gb"] * values["usd_per_gb_month"]
    return FixedCost(storage * 12 / 365, values[f"{name}.ops_usd_per_month"] * 12 / 365)


def one_off_usd(values: Values[Number], name: str) -> Number:
    """Money, labour and labels spent before it serves."""
    labour = values[f"{name}.engineer_hours"] * values["usd_per_engineer_hour"]
    return values[f"{name}.build_usd"] + labour + values[f"{name}.labels"] * values["usd_per_label"]
