"""``proveout new DIR``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from proveout import loop
from proveout.cli._common import emit, folder_argument, json_option, next_command
from proveout.task import FILE_NAME

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["command"]

FILES = click.Path(path_type=Path)


def _columns(_context: click.Context, _parameter: click.Parameter, value: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in value.split(",") if name.strip())


@click.command("new")
@folder_argument
@click.option("--kind", required=True, type=click.Choice(["classify", "extract", "answer", "decide"]))
@click.option("--examples", multiple=True, type=FILES, metavar="FILE", help="CSV, JSONL or Parquet; may be repeated.")
@click.option("--test", multiple=True, type=FILES, metavar="FILE", help="Rows kept for the test only.")
@click.option("--input", "inputs", required=True, metavar="A,B", callback=_columns, help="Columns candidates may read.")
@click.option("--output", "outputs", required=True, metavar="A,B", callback=_columns, help="Columns they must fill.")
@click.option("--out-of-scope", default="", metavar="LABEL", help='The label that means "none of these".')
@click.option("--format", default="", metavar="NAME", help="Importer; chosen by the file's ending when left out.")
@click.option("--id", default="", metavar="COLUMN", help="Column of the row's id.")
@click.option("--time", default="", metavar="COLUMN", help="Column of the request's time; rows are then split by time.")
@click.option("--segment", default="", metavar="COLUMN", help="Column of the segment.")
@click.option("--session", default="", metavar="COLUMN", help="Column that groups dependent rows.")
@click.option("--incumbent", default="", metavar="COLUMN", help="Column of the incumbent's recorded answers.")
@json_option
def command(folder: Path, json_to: str | None, **options: Any) -> None:
    """Make a task in DIR from files of examples, which stay where they are.

    With no recorded answers of an incumbent, a simulated one stands in for it, marked as such everywhere.
    """
    task = loop.new(folder, **options)

    def show(console: Console) -> None:
        labels = f", {len(task.labels)} labels" if task.labels else ""
        console.print(f"Task {task.name}: {task.kind}{labels}, in {folder / FILE_NAME}", markup=False)
        if task.incumbent.mode == "simulated":
            console.print("Its incumbent is simulated: give --incumbent COLUMN, or an endpoint in task.toml.")
        next_command(console, f"proveout compare {folder}")

    shown = {"task": task.name, "kind": task.kind, "labels": len(task.labels), "file": str(folder / FILE_NAME)}
    emit({**shown, "incumbent": task.incumbent.mode}, json_to, show)
