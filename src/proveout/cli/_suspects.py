"""``proveout suspects DIR``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from proveout import loop
from proveout.cli._common import emit, folder_argument, json_option, progress_bars

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

__all__ = ["command"]

CUT = 70


@click.command("suspects")
@folder_argument
@click.option("--most", default=20, show_default=True, help="Rows to show; --json gives all.")
@json_option
def command(folder: Path, most: int, json_to: str | None) -> None:
    """List rows of the TrainSplit whose label, or whose incumbent's answer, is probably wrong.

    Models that did not see a row give it another label, and are sure of it (confident learning). Builds `distilled`
    when it is not built yet.
    """
    with progress_bars() as progress:
        found = loop.suspects(folder, progress=progress)

    def show(console: Console) -> None:
        console.print(f"{len(found)} suspect rows, worst first")
        for one in found[:most]:
            console.print(f"  {one.provenance or one.example}: {one.given} → {one.suggested}", markup=False)
            text = " ".join(one.text.split())
            console.print(f"    {text[:CUT]}{'…' if len(text) > CUT else ''}", markup=False)

    emit(found, json_to, show)
