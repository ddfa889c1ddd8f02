"""Options, output and progress that all commands share."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from proveout.store import write_atomic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "FOLDER",
    "STDOUT",
    "embedder_option",
    "emit",
    "families_option",
    "folder_argument",
    "human_console",
    "json_option",
    "next_command",
    "prints_apart",
    "progress_bars",
    "seed_option",
    "write_output",
]

FOLDER = click.Path(file_okay=True, path_type=Path)
STDOUT = "-"
# Numbers of standard output and standard error.
OUT, ERROR = 1, 2

folder_argument = click.argument("folder", metavar="DIR", type=FOLDER)
json_option = click.option(
    "--json",
    "json_to",
    is_flag=False,
    flag_value=STDOUT,
    metavar="[FILE]",
    help="Write the result as JSON to FILE, or to standard output when FILE is left out.",
)
seed_option = click.option("--seed", default=0, show_default=True, help="The only source of randomness.")

embedder_option = click.option(
    "--embedder",
    default="auto",
    show_default=True,
    metavar="NAME",
    help="minilm-int8, minilm, tfidf, a folder or a hub id; auto takes minilm-int8 when installed, else tfidf.",
)


def _split_names(_context: click.Context, _parameter: click.Parameter, value: str | None) -> list[str] | None:
    return [name.strip() for name in value.split(",") if name.strip()] if value else None


families_option = click.option(
    "--families",
    metavar="A,B",
    callback=_split_names,
    help="Families to build; all that fit the task when left out.",
)


def human_console() -> Console:
    """Standard output for people; plain when piped or when NO_COLOR is set."""
    return Console(highlight=False, soft_wrap=not sys.stdout.isatty())


def emit(result: Any, json_to: str | None, show: Callable[[Console], None]) -> None:
    """Write ``result`` as JSON where ``--json`` says, and show it to people unless standard output is taken."""
    if json_to == STDOUT:
        click.echo(_json(result))
        return
    if json_to:
        write_output(Path(json_to), _json(result).encode() + b"\n")
    show(human_console())


@contextmanager
def prints_apart(json_to: str | None) -> Iterator[None]:
    """What somebody's code prints goes to standard error where standard output is for JSON, also from its processes."""
    if json_to != STDOUT:
        yield
        return
    sys.stdout.flush()
    kept = os.dup(OUT)
    os.dup2(ERROR, OUT)
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        os.dup2(kept, OUT)
        os.close(kept)


def write_output(path: Path, content: bytes) -> None:
    """Write a file that the user named; a name that no file can have is wrong usage."""
    try:
        if path.exists() and not path.is_file():
            # A device or a pipe, such as /dev/null: a file renamed to that place would end it.
            path.write_bytes(content)
        else:
            write_atomic(path, content)
    except OSError as error:
        raise click.UsageError(f"{path} cannot be written: {error.strerror}") from error


def _json(result: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(result)).decode()


def next_command(console: Console, command: str) -> None:
    """End a run with the command that follows it in the loop."""
    console.print(f"\nNext: [bold]{escape(command)}[/bold]")


@contextmanager
def progress_bars() -> Iterator[Callable[[str, int, int], None]]:
    """Yield a ``progress(stage, done, total)`` that draws bars on standard error, or plain lines when piped."""
    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield _Lines(console)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        yield _Bars(bars)


class _Bars:
    """One bar a stage."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._stages: dict[str, TaskID] = {}

    def __call__(self, stage: str, done: int, total: int) -> None:
        if stage not in self._stages:
            self._stages[stage] = self._bars.add_task(stage, total=total)
        self._bars.update(self._stages[stage], completed=done, total=total)


class _Lines:
    """One line a stage, when it ends."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def __call__(self, stage: str, done: int, total: int) -> None:
        if done >= total:
            self._console.print(f"{stage}: {done:,}", markup=False)
