"""``proveout decide DIR``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from proveout import economics, loop
from proveout.cli._common import emit, folder_argument, json_option, next_command
from proveout.cli._cost import given_scenario, scenario_options
from proveout.store import write_atomic

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["command"]


@click.command("decide")
@folder_argument
@scenario_options
@json_option
@click.option("--report", type=click.Path(path_type=Path), metavar="FILE", help="Where the HTML page goes.")
def command(
    *, folder: Path, scenario: Path | None, queries_per_day: float | None, json_to: str | None, report: Path | None
) -> None:
    """Say whether to migrate: hard gates first, then money, then what has no price.

    The verdict is "migrate", "do not migrate" or "not enough evidence", with the reason; it is written to the ledger.
    """
    found = loop.decide(folder, scenario=given_scenario(folder, scenario, queries_per_day))
    path = report or folder / ".proveout" / "reports" / "decision.html"
    write_atomic(path, economics.render_decision(found).encode())

    def show(console: Console) -> None:
        economics.print_decision(found, console)
        console.print(f"\nReport: {path}", markup=False)
        next_command(console, f"proveout verify {folder}")

    emit({**economics.decision_to_json(found), "report": str(path)}, json_to, show)
