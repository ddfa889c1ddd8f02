"""Triggers: which events matter, what of them a model is given, when it is asked again, and what runs."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from msgspec import Meta

from proveout._tables import read_tables
from proveout.errors import EventInvalid, TriggerInvalid
from proveout.events._paths import MISSING, compile_path, is_path

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from proveout.events._event import Event
    from proveout.task import Task

__all__ = ["FILE_NAME", "FieldRule", "GateSpec", "Trigger", "check_triggers", "input_reader", "load_triggers"]

FILE_NAME = "events.toml"
Seconds = Annotated[float, Meta(ge=0.0, le=31_536_000.0)]
Tolerance = Annotated[float, Meta(ge=0.0)]


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of ``events.toml``: unknown keys are errors."""


class FieldRule(_Table, frozen=True, kw_only=True):
    """When one field of the context counts as changed; with no tolerance, when it differs at all.

    Attributes:
        path: ``data.temperature``, ``subject``, ``extensions.region``; a number counts in an array.
        absolute: numbers that differ by no more are the same.
        relative: as ``absolute``, as a share of the answered number; the wider of the two counts.
        distance: texts whose embeddings are no further apart (1 - cosine) are the same.
    """

    path: str
    absolute: Tolerance | None = None
    relative: Tolerance | None = None
    distance: Annotated[float, Meta(ge=0.0, le=2.0)] | None = None


class GateSpec(_Table, frozen=True, kw_only=True):
    """The change gate of a trigger.

    Attributes:
        fields: what matters; without any, the whole of the data, exactly.
        ttl_seconds: after so long an answer is asked for again whatever the event says; 0 is never.
        max_keys: contexts remembered, the least recently seen forgotten first.
        embedder: name of the embedder for fields with a ``distance``.
    """

    fields: tuple[FieldRule, ...] = ()
    ttl_seconds: Seconds = 0.0
    max_keys: Annotated[int, Meta(ge=1)] = 100_000
    embedder: str = "minilm-int8"


class Trigger(_Table, frozen=True, kw_only=True):
    """One reaction to events.

    Attributes:
        name: unique in the file; part of the idempotency key, so renaming it makes old events new.
        types: event types, ``*`` and ``?`` as in file names; any of them.
        sources: event sources, likewise; all when left out.
        inputs: input field of the task to the path it is read from.
        run: the registered handler that is called.
        options: what it is called with: ``{family = "distilled"}``.
        key: the path whose value says what the event is about; order, gate and debounce are kept for each value.
        gate: when to ask again; left out, every event is handled.
        order: ``arrival``, ``time`` (of the event) or ``sequence`` (the CloudEvents extension).
        lateness_seconds: an event this much behind a later one of its key is still put before it.
        late: what becomes of one further behind: handled by itself, or dead-lettered.
        debounce_seconds: handled once its key has been quiet for so long.
        max_wait_seconds: handled after this long even when its key is never quiet; 0 is ten times the debounce.
        coalesce: of those of one key that wait together only the last is handled.
        attempts: tries before it is dead-lettered.
        backoff_seconds: before the second try; doubled for each further one, at most an hour.
        timeout_seconds: for one try.
    """

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    types: Annotated[tuple[str, ...], Meta(min_length=1)]
    sources: tuple[str, ...] = ("*",)
    inputs: dict[str, str] = {}
    run: str = "candidate"
    options: dict[str, str] = {}
    key: str = "subject"
    gate: GateSpec | None = None
    order: Literal["arrival", "time", "sequence"] = "arrival"
    lateness_seconds: Seconds = 0.0
    late: Literal["handle", "dead-letter"] = "handle"
    debounce_seconds: Seconds = 0.0
    max_wait_seconds: Seconds = 0.0
    coalesce: bool = False
    attempts: Annotated[int, Meta(ge=1, le=100)] = 5
    backoff_seconds: Seconds = 1.0
    timeout_seconds: Annotated[float, Meta(gt=0.0)] = 60.0

    def matches(self, event: Event) -> bool:
        """Whether the event is one of those it reacts to.

        Example:
            >>> from proveout.events import Event
            >>> trigger = Trigger(name="t", types=("order.*",))
            >>> trigger.matches(Event(id="1", source="/shop", type="order.placed"))
            True
        """
        return any(fnmatchcase(event.type, one) for one in self.types) and any(
            fnmatchcase(event.source, one) for one in self.sources
        )


class _File(_Table, frozen=True, kw_only=True):
    """The whole of ``events.toml``."""

    triggers: tuple[Trigger, ...]


def load_triggers(folder: Path, task: Task) -> tuple[Trigger, ...]:
    """Read ``folder/events.toml`` and check it against the task.

    Raises:
        TriggerInvalid: it is missing, is not TOML, has an unknown key or a wrong value, or does not fit the task.
    """
    path = folder / FILE_NAME
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        fix = f"declare triggers in {FILE_NAME}"
        raise TriggerInvalid("no triggers", why=f"there is no {FILE_NAME}", fix=fix, about=str(folder)) from error
    except OSError as error:
        raise _wrong(str(path), str(error), "make the file readable to this user") from error
    found = read_tables(content, _File, file=FILE_NAME, where=str(path), wrong=TriggerInvalid)
    return check_triggers(found.triggers, task, where=str(path))


def check_triggers(triggers: Sequence[Trigger], task: Task, *, where: str = FILE_NAME) -> tuple[Trigger, ...]:
    """The triggers, if their names differ, their paths are paths and their inputs are those of the task.

    Raises:
        TriggerInvalid: something does not fit.
    """
    names = [trigger.name for trigger in triggers]
    for trigger in triggers:
        if names.count(trigger.name) > 1:
            raise _wrong(where, f"two triggers are named {trigger.name!r}")
        rules = trigger.gate.fields if trigger.gate else ()
        for path in (trigger.key, *trigger.inputs.values(), *(rule.path for rule in rules)):
            if not is_path(path):
                fix = "name an attribute, data, data.FIELD or extensions.NAME"
                raise _wrong(where, f"{path!r} of trigger {trigger.name!r} is no path into an event", fix)
        _check_inputs(trigger, task, where)
        for rule in rules:
            _check_rule(trigger, rule, where)
    return tuple(triggers)


def _check_inputs(trigger: Trigger, task: Task, where: str) -> None:
    known = task.input.get("properties", {})
    unknown = sorted(set(trigger.inputs) - set(known))
    if unknown:
        fix = f"the task's input fields are {', '.join(known)}"
        raise _wrong(where, f"trigger {trigger.name!r} maps {unknown[0]!r}, which is no input field of the task", fix)
    missing = sorted(set(task.input.get("required", ())) - set(trigger.inputs))
    if missing:
        fix = f'map it under inputs, as {missing[0]} = "data.{missing[0]}"'
        raise _wrong(where, f"trigger {trigger.name!r} does not map the required input {missing[0]!r}", fix)


def _check_rule(trigger: Trigger, rule: FieldRule, where: str) -> None:
    if rule.distance is not None and (rule.absolute is not None or rule.relative is not None):
        why = f"field {rule.path!r} of trigger {trigger.name!r} has a distance and a tolerance"
        raise _wrong(where, why, "a distance is for texts and a tolerance for numbers: keep one of them")


def _wrong(where: str, why: str, fix: str = "correct the file at that place") -> TriggerInvalid:
    return TriggerInvalid("the triggers cannot be used", why=why, fix=fix, about=where)


def input_reader(trigger: Trigger, required: Sequence[str] = ()) -> Callable[[Event], dict[str, Any]]:
    """A function from an event to the task's inputs.

    A path that leads nowhere leaves the field out, and is `EventInvalid` when the field is required.
    """
    paths: Mapping[str, Callable[[Event], Any]] = {name: compile_path(path) for name, path in trigger.inputs.items()}

    def read(event: Event) -> dict[str, Any]:
        values = {name: value for name, path in paths.items() if (value := path(event)) is not MISSING}
        for name in required:
            if name not in values:
                why = f"it holds nothing at {trigger.inputs.get(name, name)!r}, which trigger {trigger.name!r} needs"
                fix = "send the field, or correct the trigger's inputs"
                raise EventInvalid("an event lacks a field", why=why, fix=fix, about=f"{event.source} {event.id}")
        return values

    return read
