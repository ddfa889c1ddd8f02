"""``proveout demo``."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from proveout import loop
from proveout.cli._common import FOLDER, families_option, human_console, json_option, progress_bars
from proveout.cli._compare import report_and_show
from proveout.demo import is_demo, write_demo

__all__ = ["command"]


@click.command("demo")
@click.argument("folder", metavar="[DIR]", type=FOLDER, default="proveout-demo")
@families_option
@click.option("--force", is_flag=True, help="Start afresh when DIR holds an earlier demo.")
@json_option
def command(folder: Path, families: list[str] | None, force: bool, json_to: str | None) -> None:  # noqa: FBT001  a flag
    """Write a synthetic refund desk into DIR and compare the families that fit it.

    The messages are generated, their facts and right decisions known; the incumbent is simulated, and says so.
    """
    if force and is_demo(folder):
        shutil.rmtree(folder)
    write_demo(folder)
    if json_to != "-":
        human_console().print(f"A synthetic refund desk is in {folder}: its messages are generated, its LLM simulated.")
    with progress_bars() as progress:
        # The embedder that needs no weights, so that the demo runs on any machine.
        result = loop.compare(folder, names=families, embedder="tfidf", progress=progress)
    report_and_show(result, folder, json_to, Path(folder) / "report.html")
