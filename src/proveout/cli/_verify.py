"""``proveout verify [DIR]``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from proveout import loop
from proveout.cli._common import FOLDER, emit, json_option, next_command

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

__all__ = ["command"]


@click.command("verify")
@click.argument("folder", metavar="[DIR]", type=FOLDER, default=".")
@json_option
def command(folder: Path, json_to: str | None) -> int:
    """Check, offline and without changing anything, that nothing stored in DIR was altered.

    Re-reads every byte: records, Merkle tree and signed heads of the ledger, chunks of snapshots, files of candidates
    and recorded answers. Exits with 4 when anything does not verify.
    """
    report = loop.verify(folder)

    def show(console: Console) -> None:
        for check in report.checks:
            mark = "[green]ok[/green]    " if check.ok else "[red]BROKEN[/red]"
            console.print(f"{mark} {check.name}: ", end="")
            console.print(check.detail, markup=False)
        if report.ok:
            next_command(console, f"proveout ledger show {folder}")

    emit({"ok": report.ok, "checks": report.checks}, json_to, show)
    return 0 if report.ok else 4
