"""``proveout replay REQUEST [DIR]``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from proveout import loop
from proveout.cli._common import FOLDER, emit, json_option

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

__all__ = ["command"]


@click.command("replay")
@click.argument("request")
@click.argument("folder", metavar="[DIR]", type=FOLDER, default=".")
@json_option
def command(request: str, folder: Path, json_to: str | None) -> int:
    """Answer a recorded search again as of then, and compare ids and scores bit for bit.

    Later ingests change nothing. Exits with 4 when anything differs.
    """
    result = loop.replay(folder, request)

    def show(console: Console) -> None:
        if result.identical:
            console.print(f"{request}: the same passages with the same scores")
        for difference in result.differences:
            console.print(f"{request}: {difference}", markup=False)

    emit(result, json_to, show)
    return 0 if result.identical else 4
