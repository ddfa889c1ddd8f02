"""``proveout demo``."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import click

from proveout import economics, loop
from proveout.cli._common import FOLDER, families_option, human_console, json_option, progress_bars
from proveout.cli._compare import report_and_show
from proveout.demo import is_demo, write_demo
from proveout.store import write_atomic

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["command"]

# It needs no weights, so that the demo runs on any machine.
EMBEDDER = "tfidf"


@click.command("demo")
@click.argument("folder", metavar="[DIR]", type=FOLDER, default="proveout-demo")
@families_option
@click.option("--force", is_flag=True, help="Start afresh when DIR holds an earlier demo.")
@json_option
def command(folder: Path, families: list[str] | None, force: bool, json_to: str | None) -> None:  # noqa: FBT001  a flag
    """Write a synthetic refund desk into DIR, compare the families that fit it, certify, and say whether to migrate.

    The messages are generated, their facts and right decisions known; the incumbent is simulated, and says so.
    """
    if force and is_demo(folder):
        shutil.rmtree(folder)
    write_demo(folder)
    if json_to != "-":
        human_console().print(f"A synthetic refund desk is in {folder}: its messages are generated, its LLM simulated.")
    with progress_bars() as progress:
        result = loop.compare(folder, names=families, embedder=EMBEDDER, progress=progress)
    names = tuple(one.family for one in result.candidates if one.family != "llm")
    then = (lambda console: _decide(folder, names, console)) if result.incumbent and names else None
    report_and_show(result, folder, json_to, Path(folder) / "report.html", then=then)


def _decide(folder: Path, names: tuple[str, ...], console: Console) -> None:
    """The certificate, the cost table and the verdict, and where their pages are."""
    certified = loop.certify(folder, loop.CertifyOptions(names=names, embedder=EMBEDDER))
    console.print(f"\n{certified.statement}", markup=False)
    if certified.report:
        console.print(f"Certificate: {certified.report}", markup=False)
    found = loop.decide(folder)
    path = folder / "decision.html"
    write_atomic(path, economics.render_decision(found).encode())
    console.print()
    economics.print_costs(found.cost, console)
    economics.print_verdict(found, console)
    console.print(f"\nDecision: {path}", markup=False)
