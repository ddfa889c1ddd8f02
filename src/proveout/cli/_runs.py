"""``proveout runs list|show|diagram|resume|cancel|approve|work DIR``."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click
import msgspec
from rich.markup import escape
from rich.table import Table

from proveout import loop
from proveout.cli._common import emit, folder_argument, json_option, next_command, prints_apart, write_output
from proveout.families.modular.engine import RunStatus

if TYPE_CHECKING:
    from rich.console import Console

    from proveout.families.modular.engine import RunDetail, StepShown

__all__ = ["command", "exit_code", "result_json", "show_result"]

BAD_INPUT = 3
WIDTH = 80
LIMIT = click.IntRange(1, 1_000_000_000)
run_argument = click.argument("run", metavar="RUN")


@click.group("runs")
def command() -> None:
    """Runs of graphs in DIR: what they did, and what is to become of them."""


@command.command("list")
@folder_argument
@click.option("--status", type=click.Choice(get_args(RunStatus)), help="Only runs of this status.")
@click.option("--graph", metavar="NAME", help="Only runs of this graph.")
@click.option("--limit", type=LIMIT, default=20, show_default=True, help="The newest so many.")
@json_option
def list_all(folder: Path, status: RunStatus | None, graph: str | None, limit: int, json_to: str | None) -> None:
    """List runs, the newest first."""
    found = loop.list_runs(folder, status=status, graph=graph, limit=limit)

    def show(console: Console) -> None:
        if not found:
            console.print("No runs.")
            next_command(console, f"proveout run {folder} GRAPH --input JSON")
            return
        table = Table("run", "graph", "status", "queue", "started", "ended", box=None, pad_edge=False)
        for run in found:
            cells = (run.id, run.graph, run.status, run.queue, _time(run.created), _time(run.ended))
            table.add_row(*map(escape, cells))
        console.print(table)
        next_command(console, f"proveout runs show {folder} {found[0].id}")

    emit(found, json_to, show)


@command.command("show")
@folder_argument
@run_argument
@json_option
def show_one(folder: Path, run: str, json_to: str | None) -> None:
    """Show a run: each attempt of each step, what it gave, and how long it took."""
    detail = loop.show_run(folder, run)
    emit(result_json(detail), json_to, lambda console: show_result(console, folder, detail))


@command.command("diagram")
@folder_argument
@click.argument("graph", metavar="GRAPH")
@click.option("--svg", type=click.Path(path_type=Path), metavar="FILE", help="Where the picture goes.")
@json_option
def draw(folder: Path, graph: str, svg: Path | None, json_to: str | None) -> None:
    """Draw GRAPH as SVG, with the time and the failures of each step in its latest runs."""
    with prints_apart(json_to):
        found = loop.diagram(folder, graph)
    path = svg or folder / ".proveout" / "reports" / f"graph-{found.graph}.svg"
    write_output(path, found.svg.encode())

    def show(console: Console) -> None:
        table = Table("step", "calls", "failed", "p50 ms", "p95 ms", "share", box=None, pad_edge=False)
        for name, one in found.stats.items():
            table.add_row(
                name, str(one.calls), str(one.failures), _ms(one.p50_seconds), _ms(one.p95_seconds), f"{one.share:.0%}"
            )
        console.print(table)
        console.print(f"\n{found.runs} runs of version {found.version}. Picture: {path}", markup=False)

    emit(
        {name: getattr(found, name) for name in ("graph", "version", "runs", "stats")} | {"svg": str(path)},
        json_to,
        show,
    )


def _ms(seconds: float | None) -> str:
    return "" if seconds is None else f"{1000 * seconds:.3g}"


@command.command("resume")
@folder_argument
@run_argument
@json_option
def resume(folder: Path, run: str, json_to: str | None) -> int:
    """Drive a run on from where it was cut off, on the graph it began on."""
    with prints_apart(json_to):
        loop.resume_run(folder, run)
    return _emit_run(folder, run, json_to)


@command.command("cancel")
@folder_argument
@run_argument
@click.option("--undo", is_flag=True, help="Also undo what it did, where its steps say how.")
@json_option
def cancel(folder: Path, run: str, json_to: str | None, *, undo: bool) -> None:
    """Cancel a run: at once, or before its next step where a worker is at it."""
    loop.cancel_run(folder, run, undo=undo)
    _emit_run(folder, run, json_to)


@command.command("approve")
@folder_argument
@run_argument
@click.argument("step", metavar="STEP")
@click.option("--yes/--no", "yes", required=True, help="Run the step, or skip it.")
@click.option("--by", metavar="NAME", help="Who answers; the name of this user when left out.")
@click.option("--note", default="", metavar="TEXT", help="Why.")
@json_option
def approve(folder: Path, run: str, step: str, by: str | None, note: str, json_to: str | None, *, yes: bool) -> None:
    """Answer for a step of a run that waits for a person."""
    loop.approve_run(folder, run, step, yes=yes, by=by or _user(), note=note)
    _emit_run(folder, run, json_to)


@command.command("work")
@folder_argument
@click.option("--queue", "queues", multiple=True, metavar="NAME", help="Only this one; may be repeated.")
@json_option
def work(folder: Path, queues: tuple[str, ...], json_to: str | None) -> None:
    """Finish what was cut off, and drive all runs that are due."""
    with prints_apart(json_to):
        driven = loop.work_runs(folder, queues)

    def show(console: Console) -> None:
        console.print(f"{driven} runs driven")
        next_command(console, f"proveout runs list {folder}")

    emit({"driven": driven}, json_to, show)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError) as error:
        # A container may run under a number that has no name.
        raise click.UsageError("this user has no name; say who answers with --by") from error


def _emit_run(folder: Path, run: str, json_to: str | None) -> int:
    detail = loop.show_run(folder, run)
    emit(result_json(detail), json_to, lambda console: show_result(console, folder, detail))
    return exit_code(detail)


def exit_code(detail: RunDetail) -> int:
    """0, unless the run failed."""
    return BAD_INPUT if detail.run.status == "failed" else 0


def result_json(detail: RunDetail) -> dict[str, Any]:
    """A run as ``--json`` prints it."""
    plain = msgspec.to_builtins(detail)
    return {**plain.pop("run"), **plain}


def show_result(console: Console, folder: Path, detail: RunDetail) -> None:
    """A run for people, with the command that follows."""
    run = detail.run
    console.print(f"Run {escape(run.id)} of {run.graph} ({run.version}): [bold]{run.status}[/bold]")
    for step in detail.steps:
        console.print(_line(step), markup=False)
    for name, question in detail.asks.items():
        console.print(f"{name} waits for an answer: {question}", markup=False)
    if detail.error:
        error = detail.error
        console.print(f"{error['about']}: {error['what']}: {error['why']}. Next: {error['fix']}.", markup=False)
    if run.status == "done":
        console.print(f"Output: {_json(detail.output)}", markup=False)
    next_command(console, _next(folder, detail))


def _next(folder: Path, detail: RunDetail) -> str:
    run = detail.run
    if detail.asks:
        return f"proveout runs approve {folder} {run.id} {next(iter(detail.asks))} --yes"
    if run.status in {"queued", "running"}:
        return f"proveout runs resume {folder} {run.id}"
    return f"proveout runs list {folder}"


def _line(step: StepShown) -> str:
    again = f", again at {_time(step.due)}" if step.due is not None else ""
    content = step.content["why"] if step.outcome in {"failed", "undo_failed"} else _json(step.content)
    took = f"{step.wall_seconds * 1000:.1f} ms"
    return f"  {step.name:<20} {step.outcome:<11} attempt {step.attempt}{again}  {took:>10}  {content}"


def _json(value: Any) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= WIDTH else f"{text[:WIDTH]}…"


def _time(seconds: float | None) -> str:
    return "" if seconds is None else datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%d %H:%M:%S")
