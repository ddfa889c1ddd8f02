"""``proveout serve [DIR...]``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from proveout.cli._common import FOLDER, STDOUT, emit, json_option, next_command
from proveout.gateway import server

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["command"]


@click.command("serve")
@click.argument("folders", metavar="[DIR...]", nargs=-1, type=FOLDER)
@click.option(
    "--home",
    type=FOLDER,
    default=Path("proveout-gateway"),
    show_default=True,
    metavar="DIR",
    help="Of gateway.toml, keys and ledger; made when it is not there.",
)
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="To listen on.")
@click.option(
    "--port", default=8080, show_default=True, type=click.IntRange(0, 65535), metavar="N", help="0: a free one."
)
@click.option(
    "--workers", default=1, show_default=True, type=click.IntRange(1, 64), metavar="N", help="Processes that answer."
)
@click.option("--upstream", default="", metavar="URL", help="Base URL of a provider for all models of nobody else.")
@json_option
def command(folders: tuple[Path, ...], home: Path, json_to: str | None, **options: object) -> None:
    """Answer the OpenAI API: the tasks in DIRs by their live routes, and other models by providers, recorded.

    SIGHUP, or a change of gateway.toml or of the keys, puts a new configuration in force without dropping a request.
    SIGTERM lets nothing more in, finishes what is under way, and writes all records; a second one ends at once.
    """
    asked = server.ServeOptions(home=home, folders=folders, **options)  # type: ignore[arg-type]  # click has checked

    def ready(serving: server.Serving) -> None:
        if json_to == STDOUT:
            # One line, for whoever reads lines while this command goes on.
            click.echo(msgspec.json.encode(serving).decode())
        else:
            emit(serving, json_to, lambda console: _show(console, serving))

    server.serve(asked, ready=ready, notice=lambda line: click.echo(line, err=True))


def _show(console: Console, serving: server.Serving) -> None:
    models = ", ".join(serving.models) or "none yet: name a task's DIR, or a provider with --upstream URL"
    console.print(f"Proveout is serving at {serving.address} (models: {models})", markup=False)
    console.print(f'Point a client here with one line: OpenAI(base_url="{serving.address}")', markup=False)
    next_command(console, f"proveout key create --home {serving.home}")
