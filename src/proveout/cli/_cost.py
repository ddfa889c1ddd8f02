"""``proveout cost DIR``."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from proveout import economics, loop
from proveout.cli._common import emit, folder_argument, json_option, next_command
from proveout.store import write_atomic

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

__all__ = ["command", "given_scenario", "scenario_options"]


def scenario_options(function: Callable[..., None]) -> Callable[..., None]:
    """The options that state a scenario."""
    options = (
        click.option(
            "--scenario",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="Traffic, prices and terms; scenario.toml in DIR when left out.",
        ),
        click.option(
            "--queries-per-day", type=float, metavar="N", help="Requests a day, instead of what the scenario says."
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


def given_scenario(folder: Path, scenario: Path | None, queries_per_day: float | None) -> economics.Scenario:
    """The scenario that the options state: a file, the folder's own, or a volume by itself."""
    own = folder / economics.SCENARIO_FILE
    if queries_per_day is not None:
        traffic = economics.Traffic(queries_per_day=queries_per_day)
        if scenario is None and not own.exists():
            return economics.check_scenario(economics.Scenario(traffic=traffic), where="--queries-per-day")
        return economics.with_volume(economics.load_scenario(scenario or own), queries_per_day)
    return economics.load_scenario(scenario or own)


@click.command("cost")
@folder_argument
@scenario_options
@json_option
@click.option("--report", type=click.Path(path_type=Path), metavar="FILE", help="Where the HTML page goes.")
@click.option("--focus", type=click.Path(path_type=Path), metavar="FILE", help="Also write a month as FOCUS 1.2 rows.")
@click.option("--architecture", metavar="NAME", help="Whose rows --focus writes; the incumbent's when left out.")
@click.option("--month", type=click.DateTime(["%Y-%m"]), metavar="MONTH", help="Of --focus, as 2026-01; this one.")
@click.option("--measure-energy", is_flag=True, help="Load this machine for a second and read its energy counters.")
def command(  # noqa: PLR0913  one argument an option
    *,
    folder: Path,
    scenario: Path | None,
    queries_per_day: float | None,
    json_to: str | None,
    report: Path | None,
    focus: Path | None,
    architecture: str | None,
    month: datetime | None,
    measure_energy: bool,
) -> None:
    """Work out what each architecture of the latest trial costs, and when moving to it pays back.

    The scenario states traffic, prices and what no trial can measure; unknown keys are errors.
    """
    joules = loop.measured_joules() if measure_energy else None
    if measure_energy and joules is None:
        click.echo("This machine's energy counters cannot be read: energy stays an estimate.", err=True)
    stated = given_scenario(folder, scenario, queries_per_day)
    found = loop.cost(folder, scenario=stated, joules_per_cpu_second=joules)
    path = report or folder / ".proveout" / "reports" / "cost.html"
    write_atomic(path, economics.render_costs(found).encode())
    if focus:
        day = (month or datetime.now(UTC)).date()
        write_atomic(focus, economics.focus_csv(found, architecture or found.incumbent, day).encode())

    def show(console: Console) -> None:
        economics.print_costs(found, console)
        console.print(f"\nReport: {path}", markup=False)
        next_command(console, f"proveout decide {folder}")

    emit({**economics.cost_to_json(found), "report": str(path)}, json_to, show)
