"""``proveout certify DIR``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import msgspec

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

__all__ = ["command", "look_options", "options_of"]

SHARE = click.FloatRange(0, 1, min_open=True, max_open=True)


def look_options(function: click.decorators.FC) -> click.decorators.FC:
    """The options that decide what a look at the CertifySplit is."""
    options = (
        click.option("--alpha", type=SHARE, metavar="SHARE", help="The loss allowed; as task.toml says when left out."),
        click.option("--delta", type=SHARE, metavar="P", help="Probability that the certificate is wrong; likewise."),
        click.option("--budget", type=SHARE, metavar="P", help="Error that all looks at these rows may spend."),
        click.option("--incumbent", metavar="COLUMN", help="Column of the examples with the incumbent's answers."),
        click.option("--segments", is_flag=True, help="Certify each segment with a threshold of its own, all at once."),
        click.option(
            "--repeats",
            type=click.Choice(["refuse", "once"]),
            default="refuse",
            show_default=True,
            help="Rows with the same text: refuse them, or count each distinct input once.",
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


def options_of(names: list[str] | None, **given: object) -> loop.CertifyOptions:
    """What the command line says as the loop takes it."""
    return msgspec.convert({"names": tuple(names) if names else None, **given}, loop.CertifyOptions)


@click.command("certify")
@folder_argument
@click.option(
    "--claim", type=click.Choice(["agreement", "non-inferiority"]), help="What to certify; as task.toml says otherwise."
)
@look_options
@click.option("--per-day", type=click.FloatRange(min=0), metavar="N", help="Requests a day: can they bring the rows?")
@click.option("--days", type=click.FloatRange(min=0), default=90.0, show_default=True, help="Days to wait for them.")
@families_option
@seed_option
@embedder_option
@json_option
def command(folder: Path, json_to: str | None, families: list[str] | None, **given: object) -> None:
    """State with a guarantee how much traffic the cheap path may serve at how little loss.

    Chooses candidate and thresholds on the SelectSplit, writes the plan to the ledger, opens the CertifySplit once and
    signs what comes of it. "Cannot certify" is a normal result, says how many more rows or labels it would take, and
    exits with 0.
    """
    with progress_bars() as progress:
        result = loop.certify(folder, options_of(families, **given), progress=progress)

    def show(console: Console) -> None:
        console.print(result.statement, markup=False)
        if result.traffic is not None:
            console.print(f"Traffic: {result.traffic.advice}.", markup=False)
        if result.certificate is not None:
            console.print(f"\nCertificate: {result.certificate}\nReport: {result.report}", markup=False)
        next_command(console, _next(result, folder))

    emit(result, json_to, show)


def _next(result: loop.CertifyResult, folder: Path) -> str:
    if result.labels_missing and not result.certified:
        return f"proveout adjudicate {folder}"
    return f"proveout verify {result.certificate or folder}"
