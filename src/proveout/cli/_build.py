"""``proveout build DIR``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from proveout import loop
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

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

__all__ = ["command"]


@click.command("build")
@folder_argument
@families_option
@seed_option
@embedder_option
@json_option
def command(folder: Path, families: list[str] | None, seed: int, embedder: str, json_to: str | None) -> None:
    """Build one candidate per family on the latest snapshot of the task in DIR.

    Takes the snapshot first when there is none. A candidate that was built before is reused.
    """
    with progress_bars() as progress:
        result = loop.build(folder, names=families, seed=seed, embedder=embedder, progress=progress)

    def show(console: Console) -> None:
        for built in result.built:
            how = "reused" if built.reused else f"built in {built.wall_seconds:.1f} s"
            console.print(f"{built.id}  {how}", markup=False)
        for skipped in result.skipped:
            console.print(f"{skipped.family}  skipped: {skipped.reason}", markup=False)
        next_command(console, f"proveout compare {folder}")

    data = {
        "snapshot": result.snapshot,
        "candidates": [
            {"id": built.id, "reused": built.reused, "card": built.candidate.card, "wall_seconds": built.wall_seconds}
            for built in result.built
        ],
        "skipped": result.skipped,
    }
    emit(data, json_to, show)
