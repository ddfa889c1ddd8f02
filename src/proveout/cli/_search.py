"""``proveout search DIR QUERY``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from proveout import loop
from proveout.cli._common import emit, folder_argument, json_option, next_command

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

__all__ = ["command"]

SHOWN = 160


@click.command("search")
@folder_argument
@click.argument("query")
@click.option("-k", default=5, show_default=True, type=click.IntRange(1, 1000), help="Passages at most.")
@click.option("--mode", type=click.Choice(["hybrid", "bm25", "vector"]), help="hybrid where there are vectors.")
@click.option("--as-of", type=int, metavar="N", help="Search generation N instead of the newest.")
@click.option("--group", "groups", multiple=True, metavar="NAME", help="A group of whoever asks; may be repeated.")
@json_option
def command(
    folder: Path,
    query: str,
    k: int,
    mode: str | None,
    as_of: int | None,
    groups: tuple[str, ...],
    json_to: str | None,
) -> None:
    """Find passages in the knowledge base of the task in DIR, each with document, version and span.

    The search is written to the ledger; `proveout replay` answers it again as of then, bit for bit.
    """
    options: dict[str, Any] = {"mode": mode} if mode else {}
    found = loop.search(folder, query, k=k, as_of=as_of, groups=groups, **options)

    def show(console: Console) -> None:
        for rank, hit in enumerate(found.hits, start=1):
            console.print(f"{rank}. {hit.path} {hit.version[:12]} {hit.start}-{hit.end}  {hit.score:.4f}", markup=False)
            text = " ".join(hit.text.split())
            console.print(f"   {text[:SHOWN]}{'…' if len(text) > SHOWN else ''}", markup=False)
        if not found.hits:
            console.print("Nothing found." if found.generation else "The knowledge base is empty.")
        next_command(console, f"proveout replay {found.request} {folder}")

    emit(found, json_to, show)
