"""``proveout ingest DIR [PATH]...``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from proveout import families, loop
from proveout.cli._common import emit, folder_argument, json_option, next_command

if TYPE_CHECKING:
    from rich.console import Console

    from proveout.families import Source

__all__ = ["command"]


@click.command("ingest")
@folder_argument
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--delete", multiple=True, metavar="PATH", help="A document to delete; may be repeated.")
@click.option("--group", "groups", multiple=True, metavar="NAME", help="Only this group may read them; repeatable.")
@json_option
def command(
    folder: Path, paths: tuple[Path, ...], delete: tuple[str, ...], groups: tuple[str, ...], json_to: str | None
) -> None:
    """Bring the knowledge base of the task in DIR up to date.

    Reads the files and folders given, or, with none, the documents that task.toml names. A page that changed is a new
    version; only its changed passages are embedded. All of it is durable on return, or none.
    """
    sources = [source for path in paths for source in _sources(path, groups)] if paths or delete else None
    report = loop.ingest(folder, sources, delete=delete)

    def show(console: Console) -> None:
        counts = (("added", report.added), ("updated", report.updated), ("deleted", report.deleted))
        done = ", ".join(f"{len(found)} {name}" for name, found in counts)
        console.print(f"Generation {report.generation}: {done}, {report.unchanged} unchanged")
        console.print(f"  {report.chunks:,} passages, {report.embedded:,} of them embedded now")
        for skipped in report.skipped:
            console.print(f"  skipped {skipped.path}: {skipped.reason}", markup=False)
        for noted in report.noted:
            console.print(f"  {noted.path}: {noted.note}", markup=False)
        next_command(console, f'proveout search {folder} "…"')

    emit(report, json_to, show)


def _sources(path: Path, groups: tuple[str, ...]) -> list[Source]:
    found = families.read_folder(path) if path.is_dir() else [families.Source(path=path.name, content=path)]
    return [msgspec.structs.replace(source, permissions=groups) for source in found] if groups else found
