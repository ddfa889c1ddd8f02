"""A scenario and measurements to work costs out from."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from proveout.economics import (
    ArchitectureTerms,
    Difference,
    Inputs,
    ListedPrice,
    Measured,
    Measurements,
    PriceTerms,
    Scenario,
    Traffic,
    check_scenario,
    resolve,
)

Make = Callable[..., Inputs]


def listed(model: str, base_url: str, on: object) -> ListedPrice:
    del base_url, on
    if model == "known":
        return ListedPrice(usd_per_million_in=1.0, usd_per_million_out=2.0, source="a list")
    return ListedPrice(unknown=f"the list does not know {model!r}")


LLM = Measured(
    architecture="llm",
    candidate="llm@0123456789",
    provider_usd_per_1000=1.0,
    quality=0.94,
    remote=True,
    interpretability=0.0,
)
SMALL = Measured(
    architecture="small",
    candidate="small@0123456789",
    ledger=(4, 5),
    provider_usd_per_1000=0.0,
    cpu_seconds_per_1000=3.6,
    quality=0.95,
    difference=Difference(value=0.01, low=-0.002, high=0.022, rows=600),
    latency_p95_ms=12.0,
    interpretability=0.9,
)
TRIAL = "trial@0123456789abcdef"


def measurements(*candidates: Measured, **changes: object) -> Measurements:
    fields = {"task": "desk", "trial": TRIAL, "headline": "accuracy", "incumbent": "llm"} | changes
    return Measurements(candidates=candidates or (LLM, SMALL), **fields)  # type: ignore[arg-type]


TERMS = ArchitectureTerms(engineer_hours=10.0, ops_usd_per_month=36.5)


@pytest.fixture
def make() -> Make:
    """Inputs with one figure or another changed: 10,000 requests a day, an LLM at 1 USD per 1,000, a small model."""

    def inputs(
        *candidates: Measured,
        traffic: Traffic | None = None,
        prices: PriceTerms | None = None,
        architectures: dict[str, ArchitectureTerms] | None = None,
        measured: dict[str, object] | None = None,
        **tables: object,
    ) -> Inputs:
        scenario = Scenario(
            traffic=traffic or Traffic(queries_per_day=10_000.0),
            prices=prices or PriceTerms(),
            architectures={"small": TERMS} if architectures is None else architectures,
            **tables,  # type: ignore[arg-type]
        )
        return resolve(check_scenario(scenario), measurements(*candidates, **(measured or {})), listed)

    return inputs
