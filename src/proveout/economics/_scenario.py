"""The scenario: traffic, prices and terms that no trial can measure, as read from a TOML file."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from proveout.economics._distributions import Quantity

__all__ = [
    "ArchitectureTerms",
    "Criterion",
    "CriterionScore",
    "DecisionTerms",
    "GateTerms",
    "ModelPrice",
    "MonteCarlo",
    "PriceTerms",
    "ProductFigure",
    "Scenario",
    "Tier",
    "Traffic",
]

Share = Annotated[float, Meta(ge=0.0, le=1.0)]
OpenShare = Annotated[float, Meta(gt=0.5, lt=1.0)]
NonNegative = Annotated[float, Meta(ge=0.0)]
Positive = Annotated[float, Meta(gt=0.0)]
Name = Annotated[str, Meta(min_length=1, max_length=100)]
Days = Annotated[int, Meta(ge=1, le=3650)]


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of a scenario: unknown keys are errors."""


class Traffic(_Table, frozen=True, kw_only=True):
    """How many requests there are, and for how long.

    Attributes:
        queries_per_day: requests on the first day; above 0.
        growth_per_30_days: by what share the requests a day grow every 30 days, compounded; below 0 they shrink.
        horizon_days: how long costs are added up, and the net present value reaches.
        audit_share: share of requests served by a candidate that the incumbent answers too, to keep watch over it.
    """

    queries_per_day: Quantity
    growth_per_30_days: Quantity = 0.0
    horizon_days: Days = 1095
    audit_share: Quantity = 0.0


class Tier(_Table, frozen=True, kw_only=True):
    """A part of the traffic that costs otherwise than the rest; the shares of all tiers add up to 1.

    Attributes:
        name: of the tier.
        share: of all requests.
        tokens_factor: what one of its requests costs at a provider, as a multiple.
        error_factor: what one of its errors costs, as a multiple.
    """

    name: Name
    share: Share
    tokens_factor: NonNegative = 1.0
    error_factor: NonNegative = 1.0


class PriceTerms(_Table, frozen=True, kw_only=True):
    """What things cost, in US dollars.

    Attributes:
        as_of: the day these prices are of; left out, the price list's newest ones are taken.
        usd_per_cpu_hour: an hour of one processor of your own.
        usd_per_gb_month: a gigabyte (10^9 bytes) stored for a month (365/12 days).
        usd_per_engineer_hour: an hour of labour.
        usd_per_label: one label made by a person.
        usd_per_audit: a person's look at one audited request, on top of the incumbent's answer.
        usd_per_error: what one wrong answer costs the business.
        discount_rate_per_year: nominal, compounded every 30 days.
    """

    as_of: date | None = None
    usd_per_cpu_hour: Quantity = 0.05
    usd_per_gb_month: Quantity = 0.1
    usd_per_engineer_hour: Quantity = 100.0
    usd_per_label: Quantity = 0.25
    usd_per_audit: Quantity = 0.0
    usd_per_error: Quantity = 0.0
    discount_rate_per_year: Quantity = 0.08


class ModelPrice(_Table, frozen=True, kw_only=True):
    """The price of one model, which goes before any price list.

    Attributes:
        model: its name, as an architecture names it.
        usd_per_million_in: of prompt tokens.
        usd_per_million_out: of completion tokens.
    """

    model: Name
    usd_per_million_in: Quantity
    usd_per_million_out: Quantity


class ArchitectureTerms(_Table, frozen=True, kw_only=True):
    """One architecture: what the latest trial measured of the family of that name, unless it is stated here.

    Attributes:
        provider_usd_per_1000: money to a provider for 1,000 requests; goes before tokens and their price.
        model: whose token prices count; looked up in ``[[models]]``, then in the price list.
        base_url: of the model's endpoint, by which the price list tells providers apart.
        tokens_in: prompt tokens a request.
        tokens_out: completion tokens a request.
        cpu_seconds_per_1000: processor seconds of your own for 1,000 requests.
        error_rate: share of the answers it gives itself that are wrong.
        escalation_rate: share of requests it passes on to the incumbent, which are paid for twice.
        storage_gb: gigabytes it keeps.
        ops_usd_per_month: running it: machines that wait, on-call, licences; a month is 365/12 days.
        build_usd: money spent once, before it serves.
        engineer_hours: labour spent once, before it serves.
        labels: labels made by people once, before it serves.
        remote: whether requests leave for a provider's machines; left out, whether it pays a provider.
    """

    provider_usd_per_1000: Quantity | None = None
    model: str = ""
    base_url: str = ""
    tokens_in: Quantity | None = None
    tokens_out: Quantity | None = None
    cpu_seconds_per_1000: Quantity | None = None
    error_rate: Quantity | None = None
    escalation_rate: Quantity | None = None
    storage_gb: Quantity | None = None
    ops_usd_per_month: Quantity = 0.0
    build_usd: Quantity | None = None
    engineer_hours: Quantity = 0.0
    labels: Quantity = 0.0
    remote: bool | None = None


class GateTerms(_Table, frozen=True, kw_only=True):
    """What no saving can buy.

    Attributes:
        most_quality_loss: how far the headline figure may lie below the incumbent's, as a share.
        latency_p95_ms: milliseconds at the 95th percentile; left out, the task's budget counts.
        usd_per_1000: most that 1,000 requests may cost; left out, the task's budget counts.
        residency: ``own``: requests may not leave for a provider, not even escalated ones.
        certificate: ``required``: only a certified candidate may serve.
    """

    most_quality_loss: Share = 0.01
    latency_p95_ms: Positive | None = None
    usd_per_1000: NonNegative | None = None
    residency: Literal["any", "own"] = "any"
    certificate: Literal["optional", "required"] = "optional"


class DecisionTerms(_Table, frozen=True, kw_only=True):
    """When a move is worth it.

    Attributes:
        incumbent: the architecture in production today; left out, the one the latest trial compared against.
        payback_days: a move that takes longer to pay back is too slow.
        confidence: probability that must stand behind "migrate" and behind "do not migrate".
        swing: by what share a figure without a distribution is moved to see what it drives.
    """

    incumbent: str = ""
    payback_days: Days = 365
    confidence: OpenShare = 0.8
    swing: Annotated[float, Meta(gt=0.0, lt=1.0)] = 0.2


class CriterionScore(_Table, frozen=True, kw_only=True):
    """How well one architecture does by one criterion.

    Attributes:
        score: from 0, worst, to 1, best.
        evidence: what the score stands on: ``trial@…``, ``ledger:INDEX`` or ``certificate@…``.
    """

    score: Share
    evidence: Name


class Criterion(_Table, frozen=True, kw_only=True):
    """Something that matters and has no price.

    Attributes:
        name: for people.
        weight: against the other criteria; they are scaled to add up to 1.
        measured: takes the score from the latest trial: ``interpretability`` (share of answers an independent checker
            accepts) or ``causal`` (counterfactual consistency).
        scores: by architecture, where it is not measured.
    """

    name: Name
    weight: Positive
    measured: Literal["", "interpretability", "causal"] = ""
    scores: dict[str, CriterionScore] = {}


class ProductFigure(_Table, frozen=True, kw_only=True):
    """Counts of an experiment, or of before and after, for a figure that the product is judged by.

    Attributes:
        name: of the figure: ``conversions``, ``manual escalations``.
        architecture: the new one; the old one is the incumbent.
        better: which direction is good.
        old_hits: requests of the incumbent that did it.
        old_requests: requests of the incumbent in all.
        new_hits: requests of the new one that did it.
        new_requests: requests of the new one in all.
    """

    name: Name
    architecture: Name
    better: Literal["higher", "lower"] = "higher"
    old_hits: Annotated[int, Meta(ge=0)]
    old_requests: Annotated[int, Meta(ge=1)]
    new_hits: Annotated[int, Meta(ge=0)]
    new_requests: Annotated[int, Meta(ge=1)]


class MonteCarlo(_Table, frozen=True, kw_only=True):
    """How distributions are drawn from; each figure is drawn independently of the others.

    Attributes:
        draws: number of them.
        seed: the only source of randomness.
    """

    draws: Annotated[int, Meta(ge=100, le=1_000_000)] = 10_000
    seed: Annotated[int, Meta(ge=0)] = 0


class Scenario(_Table, frozen=True, kw_only=True):
    """What a decision stands on besides the latest trial.

    A ``number or distribution`` is a number, or a table: ``{ dist = "uniform", low, high }``,
    ``{ dist = "triangular", low, mode, high }``, ``{ dist = "normal", mean, sd }`` or
    ``{ dist = "lognormal", median, sigma }``.

    Attributes:
        name: for people.
        architectures: by family, one table each.

    Example:
        >>> Scenario(traffic=Traffic(queries_per_day=1000)).traffic.horizon_days
        1095
    """

    traffic: Traffic
    name: str = ""
    tiers: tuple[Tier, ...] = ()
    prices: PriceTerms = PriceTerms()
    models: tuple[ModelPrice, ...] = ()
    architectures: dict[str, ArchitectureTerms] = {}
    gates: GateTerms = GateTerms()
    decision: DecisionTerms = DecisionTerms()
    criteria: tuple[Criterion, ...] = ()
    product: tuple[ProductFigure, ...] = ()
    monte_carlo: MonteCarlo = MonteCarlo()
