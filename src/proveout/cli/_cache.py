"""``proveout cache certify|show DIR TASK``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import msgspec

from proveout.cli._common import emit, folder_argument, json_option, next_command

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from proveout.gateway.cache import SemanticDecision

__all__ = ["command"]

SHARE = click.FloatRange(0, 1, min_open=True, max_open=True)
task_argument = click.argument("task", metavar="TASK")


@click.group("cache")
def command() -> None:
    """Decide whether near inputs of a task may share an answer; DIR holds gateway.toml."""


@command.command("certify")
@folder_argument
@task_argument
@click.option("--alpha", type=SHARE, default=0.01, show_default=True, help="Share of lookups answered otherwise.")
@click.option("--delta", type=SHARE, default=0.05, show_default=True, help="Probability that this is broken.")
@json_option
def certify(folder: Path, task: str, alpha: float, delta: float, json_to: str | None) -> None:
    """Decide on the lookups that the gateway logged while the cache was off, and keep the decision.

    The gateway serves by it after its next reload. "Stays off" is a normal result, and exits with 0.
    """
    from proveout.gateway.cache import certify_semantic  # noqa: PLC0415  the gateway's packages

    decision = certify_semantic(folder, task, alpha=alpha, delta=delta)

    def show(console: Console) -> None:
        console.print(_told(decision), markup=False)
        next_command(console, f"proveout cache show {folder} {task}")

    emit(decision, json_to, show)


@command.command("show")
@folder_argument
@task_argument
@json_option
def show_decisions(folder: Path, task: str, json_to: str | None) -> None:
    """List what was decided for a task, the oldest first."""
    from proveout.gateway.cache import semantic_decisions  # noqa: PLC0415  the gateway's packages

    decisions = semantic_decisions(folder, task)

    def show(console: Console) -> None:
        if not decisions:
            console.print("Nothing was decided; the semantic cache is off.")
        for decision in decisions:
            console.print(_told(decision), markup=False)
        next_command(console, f"proveout cache certify {folder} {task}")

    emit([msgspec.to_builtins(decision) for decision in decisions], json_to, show)


def _told(decision: SemanticDecision) -> str:
    tested = f"{decision.certified_on} lookups of {decision.units} distinct inputs"
    if decision.threshold is None:
        return f"{decision.task}: the semantic cache stays off: no similarity was certified on {tested}"
    return (
        f"{decision.task}: serves from a similarity of {decision.threshold:.4f}: on {tested} it would have served"
        f" {decision.served}, {decision.wrong} of them wrongly; at most {decision.bound:.2%} of lookups are"
    )
