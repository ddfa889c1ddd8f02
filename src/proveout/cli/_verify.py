"""``proveout verify [DIR|CERT]``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from proveout import loop
from proveout.cli._common import FOLDER, emit, json_option, next_command

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

__all__ = ["command"]


def _key(_context: click.Context, _parameter: click.Parameter, value: str | None) -> bytes | None:
    try:
        return None if value is None else bytes.fromhex(value)
    except ValueError as error:
        raise click.BadParameter("a public key has 64 hexadecimal digits") from error


@click.command("verify")
@click.argument("path", metavar="[DIR|CERT]", type=FOLDER, default=".")
@click.option("--task", "folder", type=FOLDER, metavar="DIR", help="The task that the certificate CERT should be of.")
@click.option("--key", metavar="HEX", callback=_key, help="The public key that CERT should be signed with.")
@json_option
def command(path: Path, folder: Path | None, key: bytes | None, json_to: str | None) -> int:
    """Check, offline and without changing anything, that nothing stored in DIR was altered.

    Re-reads every byte: records, Merkle tree and signed heads of the ledger, chunks of snapshots, files of candidates,
    recorded answers and certificates. Given a certificate's file CERT, recomputes every bound from the evidence beside
    it. Exits with 4 when anything does not verify.
    """
    if path.is_file():
        report, after = loop.verify_certificate(path, folder=folder, key=key), f"proveout ledger show {folder or '.'}"
    else:
        report, after = loop.verify(path), f"proveout ledger show {path}"

    def show(console: Console) -> None:
        for check in report.checks:
            mark = "[green]ok[/green]    " if check.ok else "[red]BROKEN[/red]"
            console.print(f"{mark} {check.name}: ", end="")
            console.print(check.detail, markup=False)
        if report.ok:
            next_command(console, after)

    emit({"ok": report.ok, "checks": report.checks}, json_to, show)
    return 0 if report.ok else 4
