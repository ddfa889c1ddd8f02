"""What a move does for the product: figures counted on both sides, with intervals, and what they come to in a month."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from proveout.economics._uplift import Counts, Uplift, uplift
from proveout.errors import ScenarioInvalid

if TYPE_CHECKING:
    from proveout.economics._inputs import Inputs
    from proveout.economics._scenario import ProductFigure

__all__ = ["ProductChange", "product_changes"]


class ProductChange(msgspec.Struct, frozen=True, kw_only=True):
    """How one figure of the product changes.

    Attributes:
        name: of the figure.
        architecture: the new one.
        uplift: new share less the incumbent's, with a 95 % interval.
        per_month: more of them a month (365/12 days) at the first day's traffic; below 0 fewer.
        per_month_low: lower end of its interval.
        per_month_high: upper end.
        verdict: ``better``, ``worse``, or ``not shown`` where the interval holds 0.
    """

    name: str
    architecture: str
    uplift: Uplift
    per_month: float
    per_month_low: float
    per_month_high: float
    verdict: Literal["better", "worse", "not shown"]


def product_changes(inputs: Inputs) -> tuple[ProductChange, ...]:
    """One for each figure of the scenario.

    Raises:
        ScenarioInvalid: more requests did it than there were.
        ArchitectureUnknown: a figure is of an architecture that is not known.
    """
    return tuple(_change(inputs, figure) for figure in inputs.scenario.product)


def _change(inputs: Inputs, figure: ProductFigure) -> ProductChange:
    for side in ("old", "new"):
        hits, requests = getattr(figure, f"{side}_hits"), getattr(figure, f"{side}_requests")
        if hits > requests:
            why, fix = f"{side}_hits is {hits:,} of {requests:,}", "count each request once"
            raise ScenarioInvalid(f"product figure {figure.name!r}", why=why, fix=fix, about="product")
    found = uplift(Counts(figure.old_hits, figure.old_requests), Counts(figure.new_hits, figure.new_requests))
    volume = float(inputs.parameters["queries_per_day"].typical) * 365 / 12
    good = found.difference > 0 if figure.better == "higher" else found.difference < 0
    return ProductChange(
        name=figure.name,
        architecture=inputs.architecture(figure.architecture).name,
        uplift=found,
        per_month=found.difference * volume,
        per_month_low=found.low * volume,
        per_month_high=found.high * volume,
        verdict=("better" if good else "worse") if found.shown else "not shown",
    )
