"""Costs and the verdict as one HTML page that opens offline: no script, no request, nothing outside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from proveout.economics import _words
from proveout.economics._distributions import stated
from proveout.economics._plots import PART_COLOURS, bars_plot, curve_plot, tornado_plot, worth_plot
from proveout.economics._runrate import PARTS
from proveout.page import environment, page_style

if TYPE_CHECKING:
    from markupsafe import Markup

    from proveout.economics._breakeven import BreakEven
    from proveout.economics._decide import CostReport, Decision, Option
    from proveout.economics._drivers import Driver, FlipPoint

__all__ = ["render_costs", "render_decision"]

COLOURS = 6
DRIVERS_SHOWN = 10
WORDS = ("days_words", "percent", "signed_points", "signed_usd", "usd_cents", "usd_short", "usd_words")
# Columns of the cost table: storage and operations are both fixed.
SHOWN = tuple(part for part in PARTS if part not in {"storage", "operations", "errors"})
LIMITS = (
    "Costs of the candidates are those measured on the trial's rows and machine. On others, measure again.",
    "Every figure of the scenario is taken as stated. Draws of different figures are independent of each other.",
    "An error is counted as 1 less the headline figure, and every error costs the same, or what its tier says.",
    "Break-even days and requests are exact for the typical values, to which no rounding is applied before the end.",
)


class Move(NamedTuple):
    """What the page shows of moving to one architecture."""

    move: BreakEven
    option: Option | None
    colour: str
    curve: Markup
    tornado: Markup
    drivers: tuple[Driver, ...]
    flips: tuple[FlipPoint, ...]


def render_costs(report: CostReport) -> str:
    """A self-contained page of a cost report, byte-identical for equal reports.

    Example:
        >>> render_costs.__name__  # docs/how-to/cost-and-decide.md writes one
        'render_costs'
    """
    return _render(report, None)


def render_decision(decision: Decision) -> str:
    """A self-contained page of a decision: the verdict, the gates, and the cost report."""
    return _render(decision.cost, decision)


def _render(report: CostReport, decision: Decision | None) -> str:
    style = page_style()
    colours = {rate.architecture: number for number, rate in enumerate(report.rates)}
    filters = {
        **{name: getattr(_words, name) for name in WORDS},
        "stated": stated,
        "figure": _figure,
    }
    ordered = sorted(report.break_even, key=lambda move: -move.npv_usd)
    made = environment("proveout.economics", filters)
    return made.get_template("economics.html").render(
        r=report,
        d=decision,
        style=style.sheet,
        style_hash=style.source,
        parts=SHOWN,
        part_colours=PART_COLOURS,
        colours=colours,
        bars=bars_plot(report.rates),
        worth=worth_plot(report.break_even, colours),
        moves=[_move(report, decision, move, colours[move.new]) for move in ordered],
        tiered=any(len(rate.tiers) > 1 for rate in report.rates),
        criteria=list(dict.fromkeys(score.criterion for score in decision.scores)) if decision else [],
        limits=LIMITS,
    )


def _move(report: CostReport, decision: Decision | None, move: BreakEven, colour: int) -> Move:
    found = report.drivers[move.new]
    options = decision.options if decision else ()
    return Move(
        move=move,
        option=next((one for one in options if one.architecture == move.new), None),
        colour=f"c{colour % COLOURS}",
        curve=curve_plot(move, colour),
        tornado=tornado_plot(found, centre=move.npv_usd, colour=colour),
        drivers=found[:DRIVERS_SHOWN],
        flips=report.flips[move.new],
    )


def _figure(value: float) -> str:
    return f"{value:,.4g}"
