"""FOCUS 1.2 rows: the columns it asks for, and sums that agree."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import date, datetime

import msgspec
import pytest

from proveout.economics import (
    FOCUS_COLUMNS,
    ArchitectureTerms,
    Inputs,
    PriceTerms,
    Tier,
    Traffic,
    cost,
    focus_csv,
)
from proveout.economics._focus import MANDATORY

Make = Callable[..., Inputs]
COSTS = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")
# Allowed values of ServiceCategory that are used, as the specification lists them.
CATEGORIES = {"AI and Machine Learning", "Compute", "Storage", "Management and Governance"}


@pytest.fixture
def rows(make: Make) -> list[dict[str, str]]:
    inputs = make(
        traffic=Traffic(queries_per_day=10_000.0, audit_share=0.1),
        prices=PriceTerms(usd_per_error=1.0),
        architectures={"small": ArchitectureTerms(escalation_rate=0.2, storage_gb=5.0, ops_usd_per_month=36.5)},
        tiers=(Tier(name="free", share=0.5), Tier(name="gold", share=0.5, tokens_factor=2.0)),
    )
    text = focus_csv(cost(inputs), "small", date(2026, 12, 9), provider="Someone")
    return list(csv.DictReader(io.StringIO(text)))


def test_every_mandatory_column_is_there_and_filled(rows: list[dict[str, str]]) -> None:
    assert len(MANDATORY) == 21
    assert tuple(rows[0]) == FOCUS_COLUMNS
    # ChargeClass is null unless a row corrects an earlier one.
    assert all(row[column] for row in rows for column in MANDATORY if column != "ChargeClass")
    assert {row["ChargeClass"] for row in rows} == {""}
    assert {row["ServiceCategory"] for row in rows} <= CATEGORIES


def test_prices_times_quantities_are_the_costs(rows: list[dict[str, str]]) -> None:
    for row in rows:
        product = float(row["PricingQuantity"]) * float(row["ContractedUnitPrice"])
        assert product == pytest.approx(float(row["ContractedCost"]), abs=1e-6)
        assert len({row[column] for column in COSTS}) == 1


def test_the_sum_is_the_month(make: Make, rows: list[dict[str, str]]) -> None:
    assert {row["x_Tier"] for row in rows} == {"free", "gold", ""}
    report = cost(make(architectures={"small": ArchitectureTerms(ops_usd_per_month=36.5)}))
    text = focus_csv(report, "small", date(2026, 1, 31))
    total = sum(float(row["BilledCost"]) for row in csv.DictReader(io.StringIO(text)))
    rate = next(one for one in report.rates if one.architecture == "small")
    assert total == pytest.approx(rate.billed_usd_per_month, abs=1e-5)


def test_a_period_is_a_calendar_month_in_utc(rows: list[dict[str, str]]) -> None:
    start, end = (datetime.fromisoformat(rows[0][f"BillingPeriod{edge}"]) for edge in ("Start", "End"))
    assert (start.isoformat(), end.isoformat()) == ("2026-12-01T00:00:00+00:00", "2027-01-01T00:00:00+00:00")


def test_custom_columns_and_tags(rows: list[dict[str, str]]) -> None:
    assert {row["x_Estimated"] for row in rows} == {"true"}
    assert msgspec.json.decode(rows[0]["Tags"])["architecture"] == "small"
    assert all(column.startswith("x_") or column.isalnum() for column in FOCUS_COLUMNS)
    paid = {row["ServiceName"]: row["ProviderName"] for row in rows}
    assert (paid["Incumbent"], paid["Processors"]) == ("Someone", "own infrastructure")


def test_what_is_passed_on_is_paid_to_the_incumbent(make: Make) -> None:
    terms = {"small": ArchitectureTerms(escalation_rate=0.2, storage_gb=500.0)}
    report = cost(make(traffic=Traffic(queries_per_day=10_000.0, audit_share=0.1), architectures=terms))
    rows = csv.DictReader(io.StringIO(focus_csv(report, "small", date(2026, 12, 9))))
    paid = {row["SkuId"]: row["ProviderName"] for row in rows}
    assert paid["small-escalation"] == paid["small-audit"] == "llm"
    assert paid["small-storage"] == "own infrastructure"
