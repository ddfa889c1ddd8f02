"""Every figure that costs are worked out from, with its unit, its bounds and where it comes from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from difflib import get_close_matches
from typing import TYPE_CHECKING
from zlib import crc32

import msgspec
import numpy as np

from proveout.economics._bounds import ARCHITECTURE, SHARED, Bounds
from proveout.economics._distributions import Quantity, exact
from proveout.economics._measured import Certified, Measured, Measurements
from proveout.economics._scenario import ArchitectureTerms, Scenario, Tier
from proveout.errors import ArchitectureUnknown, PriceUnknown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from fractions import Fraction

    from proveout.economics._distributions import Floats

__all__ = ["Architecture", "Inputs", "ListedPrice", "Parameter", "PriceList", "draw", "resolve", "typical"]

TOKENS = ("tokens_in", "tokens_out", "usd_per_million_in", "usd_per_million_out")
WHOLE = Tier(name="all", share=1.0)


class ListedPrice(msgspec.Struct, frozen=True, kw_only=True):
    """What a price list says of a model.

    Attributes:
        usd_per_million_in: of prompt tokens.
        usd_per_million_out: of completion tokens.
        source: the list, its version and the day asked for.
        unknown: why there is no price; "" when there is one.
    """

    usd_per_million_in: float = 0.0
    usd_per_million_out: float = 0.0
    source: str = ""
    unknown: str = ""


PriceList = Callable[[str, str, date | None], ListedPrice]
"""Model, base URL and day to a price."""


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """One figure: its value or distribution, unit, bounds and source (``scenario``, ``default``, a trial, a list)."""

    name: str
    quantity: Quantity
    unit: str
    source: str
    low: float
    high: float

    @property
    def typical(self) -> Fraction:
        """The value that the deterministic case counts with."""
        return exact(self.quantity) if isinstance(self.quantity, float | int) else self.quantity.typical

    @property
    def uncertain(self) -> bool:
        """Whether a distribution is stated for it."""
        return not isinstance(self.quantity, float | int)


class Architecture(msgspec.Struct, frozen=True, kw_only=True):
    """One way to answer the requests.

    Attributes:
        name: family.
        candidate: id; "" when none was measured.
        by_tokens: whether its provider is paid by tokens at a price, or by requests.
        remote: whether its requests leave for a provider's machines.
        escalates: whether it may pass requests on to the incumbent.
        measured: by the latest trial.
        certified: by a certificate.
    """

    name: str
    candidate: str
    by_tokens: bool
    remote: bool
    escalates: bool
    measured: Measured | None
    certified: Certified | None


class Inputs(msgspec.Struct, frozen=True, kw_only=True):
    """A scenario and a trial, put together.

    Attributes:
        scenario: the terms.
        measurements: the trial.
        incumbent: name of the architecture in production.
        architectures: the incumbent first.
        tiers: of the traffic; one for all when the scenario names none.
        left_out: what the scenario describes, no trial measured and nobody states a price of.
        parameters: by name; those of an architecture are named ``NAME.KEY``.
        joules_per_cpu_second: as measured on this machine; None gives a range.
    """

    scenario: Scenario
    measurements: Measurements
    incumbent: str
    architectures: tuple[Architecture, ...]
    tiers: tuple[Tier, ...]
    left_out: tuple[str, ...]
    parameters: dict[str, Parameter]
    joules_per_cpu_second: float | None = None

    def architecture(self, name: str) -> Architecture:
        """The architecture of one name.

        Raises:
            ArchitectureUnknown: there is none.
        """
        found = next((one for one in self.architectures if one.name == name), None)
        if found is None:
            known = ", ".join(one.name for one in self.architectures)
            fix = f"name one of {known}, or describe it under [architectures.{name}]"
            raise ArchitectureUnknown("no such architecture", why="nothing is known of it", fix=fix, about=name)
        return found

    @property
    def candidates(self) -> tuple[Architecture, ...]:
        """All but the incumbent."""
        return tuple(one for one in self.architectures if one.name != self.incumbent)


def resolve(scenario: Scenario, measurements: Measurements, prices: PriceList) -> Inputs:
    """Put together what the scenario states, what the trial measured and what the price list knows, in this order.

    Raises:
        ArchitectureUnknown: there is no incumbent, or nothing is known of an architecture's cost.
        PriceUnknown: tokens are counted and nobody knows what they cost.
    """
    incumbent = _incumbent(scenario, measurements)
    measured = [one.architecture for one in measurements.candidates]
    left_out = _left_out(scenario, measured, incumbent)
    named = dict.fromkeys([incumbent, *measured, *scenario.architectures])
    names = [name for name in named if name not in left_out]
    shared = dict(_shared(scenario))
    resolver = _Resolver(scenario, measurements, prices, incumbent)
    architectures = tuple(resolver.architecture(name) for name in names)
    tiers = scenario.tiers or (WHOLE,)
    own = {parameter.name: parameter for one in architectures for parameter in resolver.parameters(one)}
    return Inputs(
        scenario=scenario,
        measurements=measurements,
        incumbent=incumbent,
        architectures=architectures,
        tiers=tiers,
        left_out=left_out,
        parameters={**shared, **{one.name: one for tier in tiers for one in _tier(tier)}, **own},
    )


def _incumbent(scenario: Scenario, measurements: Measurements) -> str:
    named = scenario.decision.incumbent or measurements.incumbent
    if named and (measurements.of(named) or named in scenario.architectures):
        return named
    known = ", ".join([*(one.architecture for one in measurements.candidates), *scenario.architectures])
    why = f"{named!r} was neither measured nor described" if named else "the trial compared against none"
    fix = f"name it as decision.incumbent of the scenario: one of {known or 'those measured'}, or describe it there"
    raise ArchitectureUnknown("no incumbent", why=why, fix=fix, about=measurements.trial)


def _left_out(scenario: Scenario, measured: list[str], incumbent: str) -> tuple[str, ...]:
    """Architectures that terms are stated for in case they are measured; a misspelt one is an error."""
    found = []
    for name, terms in scenario.architectures.items():
        paid = terms.provider_usd_per_1000 is not None or terms.model or terms.tokens_in is not None
        if name in measured or name == incumbent or paid:
            continue
        near = get_close_matches(name, measured, n=1, cutoff=0.8)
        if near:
            why, fix = "the latest trial measured nothing of that name", f"did you mean {near[0]!r}?"
            raise ArchitectureUnknown("no such architecture", why=why, fix=fix, about=f"architectures.{name}")
        found.append(name)
    return tuple(found)


def _shared(scenario: Scenario) -> Iterator[tuple[str, Parameter]]:
    for table in (scenario.traffic, scenario.prices):
        for name in table.__struct_fields__:
            if name in SHARED:
                quantity = getattr(table, name)
                field = next(field for field in msgspec.structs.fields(table) if field.name == name)
                source = "default" if quantity == field.default else "scenario"
                yield name, _parameter(name, quantity, SHARED[name], source)


def _tier(tier: Tier) -> tuple[Parameter, ...]:
    bounds = Bounds("(share)", 0.0, 1.0), Bounds("times", 0.0, 1e6), Bounds("times", 0.0, 1e6)
    values = {"share": tier.share, "tokens_factor": tier.tokens_factor, "error_factor": tier.error_factor}
    return tuple(
        _parameter(f"tiers.{tier.name}.{name}", value, bound, "scenario")
        for (name, value), bound in zip(values.items(), bounds, strict=True)
    )


def _parameter(name: str, quantity: Quantity, bounds: Bounds, source: str) -> Parameter:
    return Parameter(name=name, quantity=quantity, unit=bounds.unit, source=source, low=bounds.low, high=bounds.high)


class _Resolver:
    """Finds the figures of one architecture after the other."""

    def __init__(self, scenario: Scenario, measurements: Measurements, prices: PriceList, incumbent: str) -> None:
        self._scenario = scenario
        self._measurements = measurements
        self._prices = prices
        self._incumbent = incumbent
        self._trial = measurements.trial

    def architecture(self, name: str) -> Architecture:
        """What it is, before its figures."""
        terms, measured = self._terms(name), self._measurements.of(name)
        counted = terms.tokens_in is not None or terms.tokens_out is not None or bool(terms.model)
        paid = terms.provider_usd_per_1000 is not None
        unpriced = bool(measured and measured.price_unknown)
        found = measured.remote if measured else False
        is_paid = paid and terms.provider_usd_per_1000 != 0
        remote = terms.remote if terms.remote is not None else found or counted or is_paid
        candidate = measured.candidate if measured else ""
        return Architecture(
            name=name,
            candidate=candidate,
            by_tokens=not paid and (counted or unpriced),
            remote=remote,
            escalates=name != self._incumbent,
            measured=measured,
            certified=self._measurements.certified(candidate) if candidate else None,
        )

    def parameters(self, one: Architecture) -> Iterator[Parameter]:
        """Its figures: stated, else measured, else the default."""
        for key, (quantity, source) in self._figures(one).items():
            yield _parameter(f"{one.name}.{key}", quantity, ARCHITECTURE[key], source)

    def _terms(self, name: str) -> ArchitectureTerms:
        return self._scenario.architectures.get(name, ArchitectureTerms())

    def _figures(self, one: Architecture) -> dict[str, tuple[Quantity, str]]:
        terms = self._terms(one.name)
        found = {
            **(self._tokens(one, terms) if one.by_tokens else self._per_request(one, terms)),
            "cpu_seconds_per_1000": self._own(one, terms.cpu_seconds_per_1000, "cpu_seconds_per_1000"),
            "storage_gb": self._own(one, terms.storage_gb, "artifact_gb"),
            "error_rate": self._error_rate(one, terms),
            "escalation_rate": self._escalation(one, terms),
        }
        for key in ("ops_usd_per_month", "build_usd", "engineer_hours", "labels"):
            value: Quantity | None = getattr(terms, key)
            found[key] = (0.0, "default") if value is None or value == 0.0 else (value, "scenario")
        return found

    def _own(self, one: Architecture, stated: Quantity | None, measured: str) -> tuple[Quantity, str]:
        if stated is not None:
            return stated, "scenario"
        if one.measured is None:
            return 0.0, "default"
        return getattr(one.measured, measured), self._trial

    def _per_request(self, one: Architecture, terms: ArchitectureTerms) -> dict[str, tuple[Quantity, str]]:
        if terms.provider_usd_per_1000 is not None:
            return {"provider_usd_per_1000": (terms.provider_usd_per_1000, "scenario")}
        usd = one.measured.provider_usd_per_1000 if one.measured else None
        if usd is None:
            why = "no trial measured what it costs, and the scenario does not say"
            fix = f"state provider_usd_per_1000, or model, tokens_in and tokens_out, under [architectures.{one.name}]"
            raise ArchitectureUnknown("its cost is not known", why=why, fix=fix, about=one.name)
        return {"provider_usd_per_1000": (usd, self._trial)}

    def _tokens(self, one: Architecture, terms: ArchitectureTerms) -> dict[str, tuple[Quantity, str]]:
        measured = one.measured
        counts: dict[str, tuple[Quantity, str]] = {}
        for key in ("tokens_in", "tokens_out"):
            stated: Quantity | None = getattr(terms, key)
            own = getattr(measured, key) if measured else 0.0
            counts[key] = (stated, "scenario") if stated is not None else (own, self._trial)
        if not any(value for value, _ in counts.values()):
            why, fix = "it is paid by tokens and none are counted", "state tokens_in and tokens_out"
            raise ArchitectureUnknown("its cost is not known", why=why, fix=fix, about=one.name)
        return counts | self._token_prices(one, terms)

    def _token_prices(self, one: Architecture, terms: ArchitectureTerms) -> dict[str, tuple[Quantity, str]]:
        model = terms.model or (self._measurements.model if one.name == self._measurements.incumbent else "")
        own = next((price for price in self._scenario.models if price.model == model), None)
        if own is not None:
            return {key: (getattr(own, key), "scenario") for key in TOKENS[2:]}
        listed = self._prices(model, terms.base_url or self._measurements.base_url, self._scenario.prices.as_of)
        if listed.unknown:
            fix = f'add [[models]] with model = "{model}", usd_per_million_in and usd_per_million_out to the scenario'
            raise PriceUnknown("no price is known", why=listed.unknown, fix=fix, about=model or one.name)
        return {key: (getattr(listed, key), listed.source) for key in TOKENS[2:]}

    def _error_rate(self, one: Architecture, terms: ArchitectureTerms) -> tuple[Quantity, str]:
        if terms.error_rate is not None:
            return terms.error_rate, "scenario"
        if one.measured and one.measured.quality is not None:
            own = one.measured.quality_answered
            return round(1 - (one.measured.quality if own is None else own), 12), self._trial
        incumbent = self._measurements.of(self._incumbent)
        certified = one.certified
        if certified and certified.coverage > 0 and incumbent and incumbent.quality is not None:
            # Nobody measured it here, so the most that is promised has to stand for what is expected.
            bound = 1 - incumbent.quality + certified.alpha / certified.coverage
            return min(1.0, round(bound, 12)), certified.certificate
        return 0.0, "default"

    def _escalation(self, one: Architecture, terms: ArchitectureTerms) -> tuple[Quantity, str]:
        if terms.escalation_rate is not None:
            return terms.escalation_rate, "scenario"
        if one.certified:
            return round(1 - one.certified.coverage, 12), one.certified.certificate
        if one.measured and one.measured.answered is not None and one.name != self._incumbent:
            return round(1 - one.measured.answered, 12), self._trial
        return 0.0, "default"


def typical(inputs: Inputs) -> dict[str, Fraction]:
    """Each figure's typical value, exactly as written."""
    return {name: parameter.typical for name, parameter in inputs.parameters.items()}


def draw(parameters: Mapping[str, Parameter], count: int, seed: int) -> dict[str, Floats]:
    """``count`` independent draws of each figure; another figure more or less does not change those of the rest.

    Draws beyond a figure's bounds, of which a checked scenario has under 1 %, are held at the bound.
    """
    found = {}
    for name, parameter in parameters.items():
        if isinstance(parameter.quantity, float | int):
            found[name] = np.full(count, float(parameter.quantity))
            continue
        rng = np.random.default_rng([seed, crc32(name.encode())])
        found[name] = np.clip(parameter.quantity.draw(rng, count), parameter.low, parameter.high)
    return found
