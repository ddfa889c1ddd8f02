"""Costs and decisions as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from proveout.economics._distributions import stated

if TYPE_CHECKING:
    from proveout.economics._decide import CostReport, Decision

__all__ = ["cost_to_json", "decision_to_json"]


def cost_to_json(report: CostReport) -> dict[str, Any]:
    """The object that ``proveout cost --json`` prints.

    Example:
        >>> cost_to_json.__name__  # docs/how-to/cost-and-decide.md prints one
        'cost_to_json'
    """
    found: dict[str, Any] = msgspec.to_builtins(report)
    found["parameters"] = {
        one.name: {"value": stated(one.quantity), "typical": float(one.typical), "unit": one.unit, "source": one.source}
        for one in report.parameters
    }
    return found


def decision_to_json(decision: Decision) -> dict[str, Any]:
    """The object that ``proveout decide --json`` prints."""
    found: dict[str, Any] = msgspec.to_builtins(decision)
    found["cost"] = cost_to_json(decision.cost)
    return found
