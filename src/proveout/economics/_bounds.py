"""Between which values a figure makes sense, and its unit."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["ARCHITECTURE", "SHARED", "Bounds"]


class Bounds(NamedTuple):
    """The lowest and highest value that make sense, both allowed unless ``above`` excludes the lowest.

    Example:
        >>> Bounds("requests a day", 0, 10, above=True).holds(0)
        False
    """

    unit: str
    low: float
    high: float
    above: bool = False

    def holds(self, value: float) -> bool:
        """Whether a value is within the bounds; NaN and infinity never are."""
        return self.low <= value <= self.high and not (self.above and value == self.low)

    def meaning(self, value: float) -> str:
        """What a value at the excluded end would mean."""
        return ": there is nothing to save on no traffic" if self.above and value == self.low else ""


SHARED = {
    "queries_per_day": Bounds("requests a day", 0.0, 1e11, above=True),
    "growth_per_30_days": Bounds("(share)", -0.5, 0.5),
    "audit_share": Bounds("(share)", 0.0, 1.0),
    "usd_per_cpu_hour": Bounds("USD an hour", 0.0, 1000.0),
    "usd_per_gb_month": Bounds("USD a GB and month", 0.0, 1000.0),
    "usd_per_engineer_hour": Bounds("USD an hour", 0.0, 10_000.0),
    "usd_per_label": Bounds("USD a label", 0.0, 10_000.0),
    "usd_per_audit": Bounds("USD an audit", 0.0, 10_000.0),
    "usd_per_error": Bounds("USD an error", 0.0, 1e7),
    "discount_rate_per_year": Bounds("(share)", 0.0, 1.0),
}
ARCHITECTURE = {
    "provider_usd_per_1000": Bounds("USD for 1,000 requests", 0.0, 1e6),
    "usd_per_million_in": Bounds("USD for a million tokens", 0.0, 10_000.0),
    "usd_per_million_out": Bounds("USD for a million tokens", 0.0, 10_000.0),
    "tokens_in": Bounds("tokens a request", 0.0, 1e7),
    "tokens_out": Bounds("tokens a request", 0.0, 1e7),
    "cpu_seconds_per_1000": Bounds("seconds for 1,000 requests", 0.0, 1e8),
    "error_rate": Bounds("(share)", 0.0, 1.0),
    "escalation_rate": Bounds("(share)", 0.0, 1.0),
    "storage_gb": Bounds("GB", 0.0, 1e9),
    "ops_usd_per_month": Bounds("USD a month", 0.0, 1e8),
    "build_usd": Bounds("USD", 0.0, 1e10),
    "engineer_hours": Bounds("hours", 0.0, 1e6),
    "labels": Bounds("labels", 0.0, 1e9),
}
