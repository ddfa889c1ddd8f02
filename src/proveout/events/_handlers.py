"""Handlers: what a trigger runs. A maker is registered under a name and makes one handler a trigger."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from proveout._registry import Registry
from proveout.errors import CandidateNotFound, HandlerUnknown
from proveout.events._event import Event
from proveout.store import Workspace
from proveout.task import Task

if TYPE_CHECKING:
    from proveout.events._trigger import Trigger

__all__ = ["Handler", "HandlerMaker", "Setting", "event_handler", "event_handlers", "make_handlers"]

# The event, the task's inputs read from it, and the idempotency key: equal for every try of the same delivery.
Handler = Callable[[Event, Mapping[str, Any], str], Any]


class Setting(msgspec.Struct, frozen=True):
    """Where a handler is made: the task and its folder."""

    task: Task
    workspace: Workspace


class HandlerMaker(Protocol):
    """Makes the handler of one trigger, once, when serving begins: here models are loaded."""

    def __call__(self, trigger: Trigger, setting: Setting) -> Handler:
        """The handler; its result is an `Answer` or JSON values."""
        ...


event_handlers: Registry[HandlerMaker] = Registry(
    "event handler", group="proveout.event_handlers", missing=HandlerUnknown
)
event_handler = event_handlers.register


def make_handlers(
    triggers: tuple[Trigger, ...], setting: Setting, given: Mapping[str, Handler] | None = None
) -> dict[str, Handler]:
    """A handler for each trigger, by its name; those ``given`` by ``run`` name stand before registered ones.

    Raises:
        HandlerUnknown: nothing is registered under the name.
        CandidateNotFound: no candidate of the family was built.
    """
    given = given or {}
    return {
        one.name: given[one.run] if one.run in given else event_handlers.create(one.run)(one, setting)
        for one in triggers
    }


@event_handler("candidate")
def _candidates() -> HandlerMaker:
    return answer_with_candidate


def answer_with_candidate(trigger: Trigger, setting: Setting) -> Handler:
    """Answers with the candidate that the option ``candidate`` names, or the latest built one of ``family``.

    Raises:
        CandidateNotFound: there is none.
    """
    from proveout.families import load_candidate  # noqa: PLC0415  heavy, and other handlers need no candidate

    candidate = load_candidate(setting.workspace, trigger.options.get("candidate") or _latest(trigger, setting))

    def handle(event: Event, inputs: Mapping[str, Any], key: str) -> Any:
        del event, key
        return candidate.answer([inputs])[0]

    return handle


def _latest(trigger: Trigger, setting: Setting) -> str:
    from proveout.families import candidate_ids  # noqa: PLC0415  as above

    family = trigger.options.get("family", "")
    found = [one for one in candidate_ids(setting.workspace) if not family or one.partition("@")[0] == family]
    if not found:
        what = f"no candidate of family {family!r}" if family else "no candidate"
        why, fix = "none was built", f"build one with: proveout build {setting.workspace.root}"
        raise CandidateNotFound(what, why=why, fix=fix, about=f"trigger {trigger.name}")
    folder = setting.workspace.candidates
    return max(found, key=lambda one: (folder / one).stat().st_mtime_ns)
