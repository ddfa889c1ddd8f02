"""Figures of the product, counted on both sides."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO

import pytest
from rich.console import Console

from proveout.economics import Inputs, ProductFigure, cost, print_costs, render_costs
from proveout.errors import ArchitectureUnknown, ScenarioInvalid

Make = Callable[..., Inputs]


def figure(**changes: object) -> ProductFigure:
    counts = {"old_hits": 300, "old_requests": 4_000, "new_hits": 200, "new_requests": 4_000}
    fields = {"name": "manual escalations", "architecture": "small", "better": "lower"} | counts | changes
    return ProductFigure(**fields)  # type: ignore[arg-type]


def test_escalations_avoided_in_a_month(make: Make) -> None:
    found = cost(make(product=(figure(),))).product[0]
    assert found.per_month == pytest.approx(-0.025 * 10_000 * 365 / 12)
    assert found.per_month_low < found.per_month < found.per_month_high < 0
    assert found.verdict == "better"


def test_the_direction_that_is_good(make: Make) -> None:
    figures = (figure(better="higher"), figure(new_hits=299), figure(better="higher", new_hits=500))
    found = cost(make(product=figures)).product
    assert [one.verdict for one in found] == ["worse", "not shown", "better"]


def test_it_is_shown(make: Make) -> None:
    report = cost(make(product=(figure(),)))
    assert "What it does for the product" in render_costs(report)
    out = StringIO()
    print_costs(report, Console(file=out, width=140, no_color=True))
    assert "manual escalations with small: -7,604 a month" in out.getvalue()


def test_figures_that_cannot_be(make: Make) -> None:
    with pytest.raises(ScenarioInvalid, match="new_hits is 4,001 of 4,000"):
        cost(make(product=(figure(new_hits=4_001),)))
    with pytest.raises(ArchitectureUnknown):
        cost(make(product=(figure(architecture="none"),)))
