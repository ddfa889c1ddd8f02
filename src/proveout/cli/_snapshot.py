"""``proveout snapshot DIR``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from proveout import loop
from proveout.cli._common import emit, folder_argument, json_option, next_command, progress_bars

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

__all__ = ["command"]


@click.command("snapshot")
@folder_argument
@json_option
def command(folder: Path, json_to: str | None) -> None:
    """Freeze the examples and documents of the task in DIR and split them once.

    The same data gives the same snapshot. Duplicates, near duplicates and conflicting labels are reported.
    """
    with progress_bars() as progress:
        frozen = loop.snapshot(folder, progress=progress)

    def show(console: Console) -> None:
        console.print(f"Snapshot [bold]{frozen.id[:12]}[/bold]")
        for line in frozen.report.lines():
            console.print(f"  {line}", markup=False)
        next_command(console, f"proveout build {folder}")

    emit({"snapshot": frozen.id, "task": frozen.task, "report": frozen.report}, json_to, show)
