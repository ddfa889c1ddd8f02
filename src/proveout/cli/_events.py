"""``proveout events serve|replay|show DIR``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from proveout import events
from proveout.cli._common import FOLDER, emit, folder_argument, json_option, next_command
from proveout.store import Workspace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

__all__ = ["command"]

SHOWN = 20


@click.group("events")
def command() -> None:
    """Run the model of the task in DIR when something happens, as its events.toml says."""


@command.command("serve")
@folder_argument
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Of the HTTP endpoint.")
@click.option("--port", type=click.IntRange(0, 65535), metavar="N", help="Take events by HTTP; 0 takes a free port.")
@click.option("--token-env", metavar="NAME", help="Environment variable with the bearer token that senders must have.")
@click.option("--watch", type=FOLDER, metavar="FOLDER", help="Take files that are written into a folder.")
@click.option("--outbox", type=FOLDER, metavar="FILE", help="Take events from an application's SQLite outbox.")
@click.option("--nats", metavar="URL", help="Take events from NATS JetStream; needs --subject and --stream.")
@click.option("--subject", metavar="SUBJECT", help="Of the messages: orders.>")
@click.option("--stream", metavar="NAME", help="That keeps the messages; made when there is none.")
@click.option("--durable", default="proveout", show_default=True, metavar="NAME", help="Of the consumer.")
@json_option
def serve(folder: Path, json_to: str | None, **options: Any) -> None:
    """Take events and deliver them until interrupted; with no source named, deliver what waits and end.

    An event is acknowledged once it is on the disk, and delivered at least once, each try with the same key.
    """
    sources = events.SourceSpec(
        host=options["host"],
        port=options["port"],
        token=_token(options["token_env"]),
        watch=options["watch"],
        outbox=options["outbox"],
        nats=_nats(options["nats"], options["subject"], options["stream"], options["durable"]),
    )
    done = events.serve(folder, sources, notice=lambda line: click.echo(line, err=True))

    def show(console: Console) -> None:
        console.print(_counts(done), markup=False)
        next_command(console, f"proveout events show {folder}")

    emit(done, json_to, show)


def _token(name: str | None) -> str:
    if name is None:
        return ""
    token = os.environ.get(name, "")
    if not token:
        raise click.BadParameter(f"the environment variable {name} is not set", param_hint="--token-env")
    return token


def _nats(url: str | None, subject: str | None, stream: str | None, durable: str) -> events.NatsSpec | None:
    if url is None:
        return None
    if subject is None or stream is None:
        raise click.UsageError("--nats needs --subject and --stream")
    return events.NatsSpec(url=url, subject=subject, stream=stream, durable=durable)


@command.command("replay")
@folder_argument
@click.argument("file", metavar="[FILE]", required=False, type=click.Path(path_type=Path))
@click.option("--dead", is_flag=True, help="Deliver dead letters again, with the same keys.")
@click.option("--handled", is_flag=True, help="Deliver again what is done, with new keys.")
@click.option("--trigger", default="", metavar="NAME", help="Only of this trigger.")
@click.option("--id", "ids", multiple=True, metavar="ID", help="Only this event; may be repeated.")
@click.option(
    "--speed", default=0.0, show_default=True, type=click.FloatRange(0), help="Of FILE: 1 as recorded, 0 without waits."
)
@json_option
def replay(folder: Path, file: Path | None, json_to: str | None, **options: Any) -> None:
    """Run a FILE of events (CloudEvents, one JSON object a line) through the gate, or deliver stored events again."""
    if (file is not None) + options["dead"] + options["handled"] != 1:
        raise click.UsageError("name a FILE, or --dead, or --handled")
    if file is not None:
        _replay_file(folder, file, options["speed"], json_to)
        return
    state: Literal["dead", "done"] = "dead" if options["dead"] else "done"
    done = events.requeue(folder, state, trigger=options["trigger"], ids=options["ids"])

    def show(console: Console) -> None:
        console.print(f"{done.deliveries} deliveries handed out again")
        told = "the running server delivers them" if done.served else _counts(done.outcomes)
        console.print(told, markup=False)
        next_command(console, f"proveout events show {folder}")

    emit(done, json_to, show)


def _replay_file(folder: Path, file: Path, speed: float, json_to: str | None) -> None:
    done = events.replay_file(folder, file, speed=speed)

    def show(console: Console) -> None:
        console.print(f"{done.events:,} events, {_counts(done.outcomes)}", markup=False)
        for line, reason in done.refused:
            console.print(f"  line {line} is no event: {reason}", markup=False)
        _show_savings(console, done.savings)
        next_command(console, f"proveout events show {folder}")

    emit(done, json_to, show)


@command.command("show")
@folder_argument
@json_option
def show_state(folder: Path, json_to: str | None) -> None:
    """Show what became of the events, the dead letters with their reasons, and what the gate saved."""
    with events.open_inbox(folder) as inbox:
        states, dead, refused = inbox.states(), inbox.dead(), inbox.refused()
    workspace = Workspace(folder)
    saved = events.savings(workspace) if workspace.ledger.is_dir() else ()

    def show(console: Console) -> None:
        console.print(_counts(states), markup=False)
        for delivery, reason in dead[:SHOWN]:
            console.print(f"  dead: {delivery.event.id} of {delivery.event.source}: {reason}", markup=False)
        for one in refused[:SHOWN]:
            console.print(f"  refused by {one.via}: {one.reason}", markup=False)
        _show_savings(console, saved)
        if dead:
            next_command(console, f"proveout events replay {folder} --dead")

    letters = [
        {"id": one.event.id, "source": one.event.source, "trigger": one.trigger, "reason": reason}
        for one, reason in dead
    ]
    emit({"states": states, "dead": letters, "refused": refused, "savings": saved}, json_to, show)


def _counts(counts: dict[str, int]) -> str:
    return " · ".join(f"{number:,} {name}" for name, number in counts.items()) or "nothing to deliver"


def _show_savings(console: Console, found: Sequence[events.Savings]) -> None:
    for one in found:
        console.print(
            f"{one.trigger}: {one.calls:,} calls, {one.unchanged + one.coalesced:,} avoided ({one.avoided_share:.1%}): "
            f"{one.usd_saved:.4f} USD and {one.cpu_hours_saved:.6f} CPU hours saved",
            markup=False,
        )
