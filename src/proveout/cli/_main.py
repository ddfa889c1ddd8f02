"""The command group: finds a command's file when it is needed, and turns errors into exit codes."""

from __future__ import annotations

import signal
import sys
from contextlib import contextmanager
from importlib import import_module
from threading import current_thread, main_thread
from typing import TYPE_CHECKING, Any

import click

from proveout.errors import ProveoutError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["COMMANDS", "Commands", "main"]

# name -> (module, one line for --help); the modules import heavy libraries, so --help must not import them.
COMMANDS = {
    "new": ("proveout.cli._new", "Make a task's folder from files of examples."),
    "snapshot": ("proveout.cli._snapshot", "Freeze the data: versioned, split once."),
    "build": ("proveout.cli._build", "Build one candidate per family."),
    "compare": ("proveout.cli._compare", "Measure candidates on the same untouched rows."),
    "certify": ("proveout.cli._certify", "State how much traffic may be served, with a guarantee."),
    "adjudicate": ("proveout.cli._adjudicate", "Label the rows that a certificate lacks."),
    "cost": ("proveout.cli._cost", "Work out costs, and when a move pays back."),
    "decide": ("proveout.cli._decide", "Say whether to migrate, and why."),
    "verify": ("proveout.cli._verify", "Check ledger, snapshots, candidates and certificates."),
    "suspects": ("proveout.cli._suspects", "List rows whose label is probably wrong."),
    "ingest": ("proveout.cli._ingest", "Bring the knowledge base up to date."),
    "search": ("proveout.cli._search", "Find passages, with document, version and span."),
    "replay": ("proveout.cli._replay", "Answer a recorded search again, bit for bit."),
    "policy": ("proveout.cli._policy", "Check, explain and compare a policy."),
    "run": ("proveout.cli._run", "Run a graph of steps, durably."),
    "runs": ("proveout.cli._runs", "List, show, resume, cancel and approve runs."),
    "traffic": ("proveout.cli._traffic", "List what calls a model, and what it costs."),
    "events": ("proveout.cli._events", "Run the model when something happens and matters."),
    "serve": ("proveout.cli._serve", "Answer the OpenAI API: tasks by their routes, models by providers."),
    "cache": ("proveout.cli._cache", "Certify which near inputs may share an answer."),
    "key": ("proveout.cli._key", "Create, list, rotate and revoke keys of the gateway."),
    "ledger": ("proveout.cli._ledger", "Show, prove and export ledger entries."),
    "demo": ("proveout.cli._demo", "Run the whole loop on a synthetic refund desk."),
}
EPILOG = """\b
Exit codes: 0 done · 1 a bug · 2 wrong usage · 3 bad input · 4 integrity broken
            5 busy · 6 the machine lacks something · 7 a provider failed · 130 interrupted
"""
INTERRUPTED = 130


class Commands(click.Group):
    """A group whose commands are listed without being imported."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Commands in the order of the loop."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the file of one command."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(COMMANDS[cmd_name][0]).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the one-line helps from the table."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(cls=Commands, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="proveout", message="%(version)s")
def group() -> None:
    """Prove, on your own traffic, that an LLM call can be replaced.

    Start with `proveout demo`, or with `proveout new` on your own rows.
    """


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with the code that `proveout --help` documents."""
    given = sys.argv[1:] if arguments is None else arguments
    with _ended_by_signal():
        code = _run(given)
    sys.exit(code)


@contextmanager
def _ended_by_signal() -> Iterator[None]:
    """SIGTERM ends a command as Ctrl-C does, so that what it holds is let go of and not taken for a crash."""
    if current_thread() is not main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _run(arguments: list[str]) -> int:
    try:
        result: Any = group.main(arguments, prog_name="proveout", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        return 0
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted. Run the same command again: finished work is kept.", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        return 0
    except ProveoutError as error:
        _show(error, as_json=any(argument.startswith("--json") for argument in arguments))
        return error.exit_code
    return result if isinstance(result, int) else 0


def _show(error: ProveoutError, *, as_json: bool) -> None:
    click.echo(f"Error: {error}", err=True)
    if as_json:
        import msgspec  # noqa: PLC0415  only errors of --json need it

        click.echo(msgspec.json.encode(error.to_dict()).decode())
