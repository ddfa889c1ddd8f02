"""A month's run rate as rows of FOCUS 1.2, the FinOps Open Cost and Usage Specification."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from proveout.errors import ArchitectureUnknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from proveout.economics._decide import CostReport
    from proveout.economics._runrate import RunRate

__all__ = ["FOCUS_COLUMNS", "MANDATORY", "focus_csv"]

# The columns of feature level "Mandatory" in FOCUS 1.2.
MANDATORY = (
    "BilledCost",
    "BillingAccountId",
    "BillingAccountName",
    "BillingCurrency",
    "BillingPeriodEnd",
    "BillingPeriodStart",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "ContractedCost",
    "EffectiveCost",
    "InvoiceIssuerName",
    "ListCost",
    "PricingQuantity",
    "PricingUnit",
    "ProviderName",
    "PublisherName",
    "ServiceCategory",
    "ServiceName",
)
FOCUS_COLUMNS = (
    *MANDATORY,
    "ChargeFrequency",
    "ConsumedQuantity",
    "ConsumedUnit",
    "ContractedUnitPrice",
    "InvoiceId",
    "ListUnitPrice",
    "PricingCategory",
    "ResourceId",
    "ResourceName",
    "ResourceType",
    "ServiceSubcategory",
    "SkuId",
    "SkuMeter",
    "SkuPriceId",
    "Tags",
    "x_Architecture",
    "x_Estimated",
    "x_Tier",
    "x_Trial",
)
OWN = "own infrastructure"
PASSED_ON = ("escalation", "audit")


class _Charge(NamedTuple):
    """How a part of the run rate is shown: its service, and the unit it is priced in."""

    category: str
    subcategory: str
    service: str
    frequency: str
    description: str


AI, COMPUTE = "AI and Machine Learning", "Compute"
CHARGES = {
    "provider": _Charge(AI, "Generative AI", "Model provider", "Usage-Based", "Answers of the model's provider"),
    "processor": _Charge(COMPUTE, "Other (Compute)", "Processors", "Usage-Based", "Own processor time"),
    "escalation": _Charge(AI, "Generative AI", "Incumbent", "Usage-Based", "Requests passed on to the incumbent"),
    "audit": _Charge(AI, "Generative AI", "Incumbent", "Usage-Based", "Audited requests"),
    "storage": _Charge("Storage", "Other (Storage)", "Storage", "Recurring", "Artifacts kept"),
    "operations": _Charge(
        "Management and Governance",
        "Other (Management and Governance)",
        "Operations",
        "Recurring",
        "Running it",
    ),
}


def focus_csv(report: CostReport, architecture: str, month: date, *, account: str = "", provider: str = "") -> str:
    """The estimated charges of one architecture in one calendar month, as CSV.

    One row a part and tier, and one for each fixed cost; amounts are the run rate's of 365/12 days. What errors cost is
    on no bill and in no row. Every row says ``x_Estimated``: it is worked out, and not invoiced.

    Args:
        report: of the task.
        architecture: whose charges.
        month: any day of it.
        account: the billing account; the task's name when left out.
        provider: who is paid for model answers; when left out, the name of the architecture that gives them, which is
            the incumbent's for what is passed on or audited.

    Raises:
        ArchitectureUnknown: the report has none of that name.

    Example:
        >>> FOCUS_COLUMNS[:2]
        ('BilledCost', 'BillingAccountId')
    """
    rate = _rate(report, architecture)
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, FOCUS_COLUMNS, lineterminator="\n")
    writer.writeheader()
    common = _common(report, rate, month, account)
    for part, tier, requests, usd in _charges(rate):
        if usd:
            paid_to = provider or (report.incumbent if part in PASSED_ON else architecture)
            writer.writerow(common | _row(part, tier, requests, usd, rate, paid_to))
    return buffer.getvalue()


def _rate(report: CostReport, architecture: str) -> RunRate:
    found = next((one for one in report.rates if one.architecture == architecture), None)
    if found is None:
        known = ", ".join(one.architecture for one in report.rates)
        why, fix = "no costs of it were worked out", f"name one of {known}"
        raise ArchitectureUnknown("no such architecture", why=why, fix=fix, about=architecture)
    return found


def _charges(rate: RunRate) -> Iterator[tuple[str, str, float, float]]:
    """Part, tier, 1,000s of requests and US dollars a month."""
    for tier in rate.tiers:
        for part in ("provider", "processor", "escalation", "audit"):
            yield part, tier.tier, tier.queries_per_day * 365 / 12 / 1000, tier.usd_per_month[part]
    for part in ("storage", "operations"):
        yield part, "", 0.0, rate.usd_per_month[part]


def _common(report: CostReport, rate: RunRate, month: date, account: str) -> dict[str, str]:
    start = datetime(month.year, month.month, 1, tzinfo=UTC)
    end = (start + timedelta(days=31)).replace(day=1)
    period = {"Start": f"{start:%Y-%m-%dT%H:%M:%SZ}", "End": f"{end:%Y-%m-%dT%H:%M:%SZ}"}
    return {
        **{f"{kind}Period{edge}": time for kind in ("Billing", "Charge") for edge, time in period.items()},
        "BillingAccountId": account or report.task,
        "BillingAccountName": account or report.task,
        "BillingCurrency": "USD",
        "ChargeCategory": "Usage",
        "PricingCategory": "Standard",
        "ResourceId": rate.candidate or rate.architecture,
        "ResourceName": rate.architecture,
        "ResourceType": "Candidate",
        "x_Architecture": rate.architecture,
        "x_Estimated": "true",
        "x_Trial": report.trial,
    }


def _row(part: str, tier: str, requests: float, usd: float, rate: RunRate, provider: str) -> dict[str, str]:
    charge = CHARGES[part]
    paid_to = provider if charge.category == AI else OWN
    # A unit price times its quantity has to give the cost, so that it is worked out from the quantity as written.
    quantity, unit = (round(requests, 6), "1000 Requests") if tier else (1.0, "Months")
    money, price = f"{usd:.6f}", f"{usd / quantity:.12f}"
    sku = f"{rate.architecture}-{part}"
    tags = {"architecture": rate.architecture, **({"tier": tier} if tier else {})}
    return {
        **dict.fromkeys(("BilledCost", "EffectiveCost", "ListCost", "ContractedCost"), money),
        **dict.fromkeys(("ListUnitPrice", "ContractedUnitPrice"), price),
        **dict.fromkeys(("PricingQuantity", "ConsumedQuantity"), f"{quantity:.6f}"),
        **dict.fromkeys(("PricingUnit", "ConsumedUnit"), unit),
        **dict.fromkeys(("ProviderName", "PublisherName", "InvoiceIssuerName"), paid_to),
        "ChargeDescription": f"{charge.description} ({rate.architecture}{f', tier {tier}' if tier else ''}), estimated",
        "ChargeFrequency": charge.frequency,
        "ServiceCategory": charge.category,
        "ServiceSubcategory": charge.subcategory,
        "ServiceName": charge.service,
        "SkuId": sku,
        "SkuMeter": charge.service,
        "SkuPriceId": sku,
        "Tags": msgspec.json.encode(tags).decode(),
        "x_Tier": tier,
    }
