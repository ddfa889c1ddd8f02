"""Costs and the verdict in a terminal."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from rich import box
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from proveout.economics._words import DASH, days_words, signed_usd, usd_words

if TYPE_CHECKING:
    from rich.console import Console

    from proveout.economics._breakeven import BreakEven
    from proveout.economics._decide import CostReport, Decision
    from proveout.economics._runrate import RunRate

__all__ = ["print_costs", "print_decision", "print_verdict"]

HOLDS = {True: "holds", False: "fails", None: "open"}
DRIVERS_SHOWN = 3
UNBOUNDED = 1000
THOUSAND = 1000.0


Cell = Callable[["RunRate", "BreakEven | None"], str]
COLUMNS: dict[str, Cell] = {
    "a month": lambda rate, _move: usd_words(rate.total_usd_per_month),
    "P10 to P90": lambda rate, _move: f"{usd_words(rate.monthly.p10)} to {usd_words(rate.monthly.p90)}",
    "of it\nerrors": lambda rate, _move: usd_words(rate.usd_per_month["errors"]),
    "per\n1,000": lambda rate, _move: usd_words(rate.usd_per_1000),
    "to build": lambda rate, _move: usd_words(rate.one_off_usd),
    "saves\na day": lambda _rate, move: DASH if move is None else signed_usd(move.saving_usd_per_day),
    "pays\nback": lambda _rate, move: DASH if move is None else days_words(move.days),
    "worth until\nthe horizon": lambda _rate, move: DASH if move is None else signed_usd(move.npv_usd),
}
# What a narrow terminal does without, first to last.
DROPPED = ("P10 to P90", "per\n1,000", "to build", "of it\nerrors", "saves\na day")


def print_costs(report: CostReport, console: Console) -> None:
    """One row an architecture: a month, its spread, 1,000 requests, and what moving to it does."""
    columns, dropped, hidden = dict(COLUMNS), list(DROPPED), list[str]()
    while dropped and _width(_table(report, columns), console) > console.width:
        hidden.append(dropped.pop(0))
        del columns[hidden[-1]]
    console.print(_table(report, columns))
    console.print(Text(_about(report), style="dim"))
    if hidden:
        names = ", ".join(" ".join(heading.split()) for heading in hidden)
        console.print(Text(f"left out in this width: {names}; the page and --json have all", style="dim"))
    for one in report.product:
        change = f"{one.per_month:+,.0f} a month ({one.per_month_low:+,.0f} to {one.per_month_high:+,.0f})"
        console.print(Text(f"{one.name} with {one.architecture}: {change}, {one.verdict}"))
    for warning in report.warnings:
        console.print(Text(f"note: {warning}", style="dim"))


def _table(report: CostReport, columns: dict[str, Cell]) -> Table:
    moves = {move.new: move for move in report.break_even}
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    table.title, table.title_justify = Text(f"{report.task}: costs in US dollars", style="bold"), "left"
    table.add_column("architecture", no_wrap=True)
    for heading in columns:
        table.add_column(heading, justify="right", no_wrap=True)
    for rate in report.rates:
        name = Text(rate.architecture)
        if rate.architecture == report.incumbent:
            name += Text("\n(incumbent)", style="dim")
        table.add_row(name, *(cell(rate, moves.get(rate.architecture)) for cell in columns.values()))
    return table


def _width(table: Table, console: Console) -> int:
    return Measurement.get(console, console.options.update(max_width=UNBOUNDED), table).maximum


def _about(report: CostReport) -> str:
    return (
        f"a month is 365/12 days at the first day's traffic; worth: net present value of moving to it from "
        f"{report.incumbent}, {report.horizon_days:,} days ahead; figures of {report.trial}"
    )


def print_decision(decision: Decision, console: Console) -> None:
    """The cost table, each option's gates and outcome, and the verdict."""
    print_costs(decision.cost, console)
    for option in decision.options:
        console.print()
        console.print(Text(f"{option.architecture}: {option.outcome.verdict}", style="bold"))
        for gate in option.gates:
            console.print(Text(f"  {gate.name} {HOLDS[gate.holds]}: {gate.detail}"))
        console.print(Text(f"  {option.outcome.reason}"))
        found = decision.cost.drivers[option.architecture][:DRIVERS_SHOWN]
        if found:
            named = ", ".join(f"{one.name} ({usd_words(one.swing_usd)})" for one in found)
            console.print(Text(f"  hangs most on {named}", style="dim"))
    print_verdict(decision, console)


def print_verdict(decision: Decision, console: Console) -> None:
    """The verdict, its reason, and the nearest figure at which the worth of the move turns its sign."""
    console.print()
    to = f" to {decision.target}" if decision.target else ""
    console.print(Text(f"Verdict: {decision.verdict}{to}.", style="bold"))
    console.print(Text(f"{decision.reason[0].upper()}{decision.reason[1:]}."))
    for turn in decision.cost.flips.get(decision.to, ())[:1]:
        now = f"{_figure(turn.typical)} {turn.unit} now"
        console.print(Text(f"It stops being worth it where {turn.name} is {_figure(turn.value)} ({now})."))


def _figure(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= THOUSAND else f"{value:.4g}"
