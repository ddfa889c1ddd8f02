"""``proveout compare DIR``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from proveout import loop, trial
from proveout.cli._common import (
    embedder_option,
    emit,
    families_option,
    folder_argument,
    json_option,
    next_command,
    progress_bars,
    seed_option,
)
from proveout.store import write_atomic

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

__all__ = ["command", "report_and_show"]

ALL = "-"


@click.command("compare")
@folder_argument
@families_option
@seed_option
@embedder_option
@json_option
@click.option("--report", type=click.Path(path_type=Path), metavar="FILE", help="Where the HTML report goes.")
@click.option(
    "--learning-curve",
    is_flag=False,
    flag_value=ALL,
    metavar="[A,B]",
    help="Also measure accuracy at 1, 2, 4 … examples per class, of every family or of those named.",
)
@click.option(
    "--causal", is_flag=True, help="Also ask about edited test rows and contrast rows, as [causal] of task.toml says."
)
@click.option(
    "--route",
    "routes",
    multiple=True,
    metavar="FORM:A,B",
    help="Also measure a route over the families: cascade:distilled,llm asks the next when one is unsure, "
    "mixture:distilled,retrieval asks all. May be given several times.",
)
@click.option("--interpret", is_flag=True, help="Also ask with words left out, to see which of them answers stand on.")
@click.option(
    "--modularity",
    is_flag=True,
    help="Also take composed candidates apart: whom to blame, which faults are found, what a replaced step changes.",
)
def command(  # noqa: PLR0913  one argument an option
    *,
    folder: Path,
    families: list[str] | None,
    seed: int,
    embedder: str,
    json_to: str | None,
    report: Path | None,
    learning_curve: str | None,
    causal: bool,
    interpret: bool,
    modularity: bool,
    routes: tuple[str, ...],
) -> None:
    """Measure one candidate per family on the same untouched rows of the task in DIR.

    Takes the snapshot and builds the candidates first where they are missing. An interrupted comparison goes on where
    it stopped. The report is one HTML file that opens offline.
    """
    with progress_bars() as progress:
        result = loop.compare(
            folder,
            names=families,
            seed=seed,
            embedder=embedder,
            learning_curve=learning_curve == ALL or [name for name in (learning_curve or "").split(",") if name],
            causal=causal,
            interpret=interpret,
            modularity=modularity,
            routes=routes,
            progress=progress,
        )
    report_and_show(result, folder, json_to, report)


def report_and_show(
    result: trial.Comparison,
    folder: Path,
    json_to: str | None,
    report: Path | None,
    *,
    then: Callable[[Console], None] | None = None,
) -> None:
    """Write the report and the JSON, print the table, what ``then`` prints, and the next command."""
    path = report or folder / ".proveout" / "reports" / f"{result.trial}.html"
    write_atomic(path, trial.render_report(result).encode())

    def show(console: Console) -> None:
        trial.render_table(result, console)
        console.print(f"\nReport: {path}", markup=False)
        if then:
            then(console)
        next_command(console, f"proveout verify {folder}")

    emit({**trial.comparison_to_json(result), "report": str(path)}, json_to, show)
