"""A task's events opened for work: contract, folder, ledger, triggers and inbox."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from proveout.events._clock import Clock, SystemClock
from proveout.events._handlers import Handler, Setting, make_handlers
from proveout.events._inbox import Inbox
from proveout.events._trigger import Trigger, load_triggers
from proveout.events._worker import Reaction, Worker
from proveout.ledger import Ledger
from proveout.store import Workspace
from proveout.task import load_task

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from proveout.events._gate import Embed

__all__ = ["inbox_file", "open_inbox", "opened", "reactions"]


def inbox_file(workspace: Workspace) -> Path:
    """Where the inbox of a task lies."""
    return workspace.state / "events" / "inbox.sqlite"


@contextmanager
def open_inbox(folder: Path, clock: Clock | None = None) -> Iterator[Inbox]:
    """The inbox of a task alone, which needs no lock on the ledger.

    Raises:
        TriggerInvalid: the task has no triggers, or they are not valid.
    """
    workspace = Workspace(folder)
    triggers = load_triggers(folder, load_task(folder))
    workspace.ensure()
    inbox = Inbox.open(inbox_file(workspace), triggers, clock or SystemClock())
    try:
        yield inbox
    finally:
        inbox.close()


@contextmanager
def opened(
    folder: Path, *, handlers: Mapping[str, Handler] | None = None, clock: Clock | None = None
) -> Iterator[tuple[Inbox, Worker]]:
    """The inbox of a task and the worker that delivers from it; one process at a time.

    Args:
        folder: of the task.
        handlers: by the name that triggers give under ``run``; they stand before registered ones.
        clock: the machine's, when None.

    Raises:
        TaskNotFound: no ``task.toml`` is there.
        TriggerInvalid: ``events.toml`` is missing or not valid.
        HandlerUnknown: a trigger names a handler that is not registered.
        WriterBusy: another process writes to the ledger.
    """
    clock = clock or SystemClock()
    setting = Setting(load_task(folder), Workspace(folder))
    triggers = load_triggers(folder, setting.task)
    with Ledger.open(setting.workspace) as ledger, open_inbox(folder, clock) as inbox:
        ready = reactions(triggers, setting, handlers)
        worker = Worker(inbox, ledger, setting.workspace, ready, clock)
        try:
            yield inbox, worker
        finally:
            worker.close()


def reactions(
    triggers: tuple[Trigger, ...], setting: Setting, handlers: Mapping[str, Handler] | None = None
) -> dict[str, Reaction]:
    """Each trigger made ready, by its name."""
    made = make_handlers(triggers, setting, handlers)
    required = tuple(setting.task.input.get("required", ()))
    return {
        one.name: Reaction(one, made[one.name], required=required, embed=_embed(one, setting.workspace))
        for one in triggers
    }


def _embed(trigger: Trigger, workspace: Workspace) -> Embed | None:
    if trigger.gate is None or all(rule.distance is None for rule in trigger.gate.fields):
        return None
    from proveout.families import fit_embedder  # noqa: PLC0415  heavy, and only a gate on meaning needs it

    return fit_embedder(trigger.gate.embedder, (), workspace.cache).embed
