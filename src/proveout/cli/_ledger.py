"""``proveout ledger show|prove|export DIR``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from proveout.cli._common import STDOUT, emit, folder_argument, json_option, next_command
from proveout.errors import SubjectErased, TaskNotFound
from proveout.ledger import LedgerReader
from proveout.store import Workspace, write_atomic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from proveout.ledger import Entry

__all__ = ["command"]

DETAIL_WIDTH = 110


@click.group("ledger")
def command() -> None:
    """Read the append-only, tamper-evident record of what happened in DIR."""


@command.command("show")
@folder_argument
@click.option("--kind", metavar="KIND", help="Only entries of this kind.")
@click.option("--start", default=0, show_default=True, help="First index shown.")
@json_option
def show_entries(folder: Path, kind: str | None, start: int, json_to: str | None) -> None:
    """List entries: index, time, kind and what they say."""
    entries = [_plain(entry) for entry in _entries(folder, kind, start)]

    def show(console: Console) -> None:
        for entry in entries:
            detail = msgspec.json.encode(entry["body"]).decode()
            shortened = detail if len(detail) <= DETAIL_WIDTH else f"{detail[:DETAIL_WIDTH]}…"
            console.print(f"{entry['index']:>6}  {entry['time']}  {entry['kind']:<24} {shortened}", markup=False)
        if entries:
            next_command(console, f"proveout ledger prove {folder} --index {entries[-1]['index']}")

    emit(entries, json_to, show)


@command.command("prove")
@folder_argument
@click.option("--index", required=True, type=int, help="Of the entry.")
@json_option
def prove(folder: Path, index: int, json_to: str | None) -> None:
    """Prove that an entry is in the log: an RFC 6962 inclusion proof under the signed head."""
    with _reader(folder) as reader:
        proof = reader.prove(index)

    def show(console: Console) -> None:
        console.print(f"entry {proof.index} of {proof.size}, {len(proof.to_bytes())} bytes of proof")
        for step in proof.path:
            console.print(f"  {step.hex()}")
        console.print(f"root {proof.root.hex()}")
        next_command(console, f"proveout verify {folder}")

    emit(proof.to_dict(), json_to, show)


@command.command("export")
@folder_argument
@click.option("--kind", metavar="KIND", help="Only entries of this kind.")
@click.option("--to", "to", type=click.Path(path_type=Path), metavar="FILE", help="Standard output when left out.")
@json_option
def export(folder: Path, kind: str | None, to: Path | None, json_to: str | None) -> None:
    """Write entries as JSON lines, one object an entry."""
    lines = b"".join(msgspec.json.encode(_plain(entry)) + b"\n" for entry in _entries(folder, kind, 0))
    if to is None and json_to is None:
        click.echo(lines, nl=False)
        return
    target = to or Path(json_to or STDOUT)
    if str(target) == STDOUT:
        click.echo(lines, nl=False)
        return
    write_atomic(target, lines)
    count = lines.count(b"\n")
    emit({"entries": count, "file": str(target)}, None, lambda console: console.print(f"{count} entries in {target}"))


def _reader(folder: Path) -> LedgerReader:
    workspace = Workspace(folder)
    if not workspace.ledger.is_dir():
        fix = f"name a task's folder, or begin with: proveout snapshot {folder}"
        raise TaskNotFound("nothing is recorded here", why="there is no ledger", fix=fix, about=str(folder))
    return LedgerReader.open(workspace)


def _entries(folder: Path, kind: str | None, start: int) -> Iterator[Entry]:
    with _reader(folder) as reader:
        yield from reader.entries(kind=kind, start=start)


def _plain(entry: Entry) -> dict[str, Any]:
    try:
        # As written: reading old versions as new ones needs the packages that declare them, and those are slow to load.
        body: Any = msgspec.json.decode(entry.payload())
    except SubjectErased as error:
        body = error.to_dict()
    return {
        "index": entry.index,
        "time": entry.time.isoformat(timespec="milliseconds"),
        "kind": entry.kind,
        "version": entry.version,
        "subject": entry.subject,
        "body": body,
    }
