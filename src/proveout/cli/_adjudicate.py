"""``proveout adjudicate DIR``."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from proveout import certify, loop
from proveout.cli._certify import look_options, options_of
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
from proveout.errors import DataUnreadable
from proveout.store import write_atomic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from proveout.loop import Adjudication, CertifyOptions

__all__ = ["command"]

FILE = click.Path(path_type=Path)
SKIP, STOP = "skip", "stop"


@click.command("adjudicate")
@folder_argument
@look_options
@click.option("--csv", "to", type=FILE, metavar="FILE", help="Write the queue there, with an empty column verdict.")
@click.option("--from", "source", type=FILE, metavar="FILE", help="Read verdicts from a file that --csv wrote.")
@click.option("--by", metavar="NAME", help="Who answers; the login's name when left out.")
@families_option
@seed_option
@embedder_option
@json_option
def command(
    *,
    folder: Path,
    json_to: str | None,
    families: list[str] | None,
    to: Path | None,
    source: Path | None,
    by: str | None,
    **given: object,
) -> None:
    """Ask a person for the labels that a certificate of non-inferiority lacks, and for no more.

    Only rows that would be served and on which candidate and incumbent differ are asked about, the surest first, until
    the certificate is settled. Which answer is whose is not shown. Give the options that `proveout certify` was given.
    """
    options = options_of(families, **given)
    if to is not None:
        _write(folder, options, to, json_to)
        return
    with progress_bars() as progress:
        done = loop.adjudicate(
            folder,
            _from_file(source) if source is not None else _in_terminal,
            by=by or getpass.getuser(),
            options=options,
            progress=progress,
        )

    def show(console: Console) -> None:
        console.print(_summary(done))
        next_command(console, f"proveout certify {folder} --claim non-inferiority")

    emit(done, json_to, show)


def _summary(done: Adjudication) -> str:
    left = done.queue - done.labelled
    if done.reached:
        return f"{done.labelled} rows labelled now; the certificate needs no more, though {left} of the queue have none"
    return f"{done.labelled} rows labelled now, {left} of the queue left"


def _write(folder: Path, options: CertifyOptions, to: Path, json_to: str | None) -> None:
    with progress_bars() as progress:
        questions = loop.label_queue(folder, options, progress=progress)
    write_atomic(to, certify.questions_csv(questions).encode())

    def show(console: Console) -> None:
        console.print(f"{len(questions)} rows to label, in {to}: a, b, both or neither under verdict", markup=False)
        next_command(console, f"proveout adjudicate {folder} --from {to}")

    emit({"queue": len(questions), "file": str(to)}, json_to, show)


def _from_file(path: Path) -> loop.Asker:
    def asker(questions: Sequence[certify.Question]) -> loop.Ask:
        try:
            content = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            fix = "name a file that --csv wrote, in UTF-8"
            raise DataUnreadable("cannot read the verdicts", why=str(error), fix=fix, about=str(path)) from error
        verdicts = certify.read_questions_csv(content, questions, str(path))
        return lambda question: verdicts.get(question.at, "")

    return asker


def _in_terminal(questions: Sequence[certify.Question]) -> loop.Ask:
    left = len(questions)

    def ask(question: certify.Question) -> str | None:
        nonlocal left
        click.echo(f"\n{left} left at most\n  {question.text}\n  A: {question.answer_a}\n  B: {question.answer_b}")
        left -= 1
        choice = click.Choice([*certify.VERDICTS, SKIP, STOP])
        try:
            said: str = click.prompt("Which is right?", type=choice)
        except click.Abort:
            return None
        return None if said == STOP else "" if said == SKIP else said

    return ask
