"""Faults of a step's output, by name: what a wrong micro-model, a stale table or a broken parser would give."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

from proveout._registry import Registry
from proveout.errors import FaultUnknown
from proveout.task import canonical_json, content_hash

__all__ = ["Fault", "fault", "faults", "faulty"]

Path = tuple[str | int, ...]
# What a step gives instead, from its output, its outputs on other rows, and a generator; the output itself where the
# fault cannot happen to it.
Fault = Callable[[Any, Sequence[Any], random.Random], Any]
faults: Registry[Fault] = Registry("fault", group="proveout.faults", missing=FaultUnknown)


def fault(name: str) -> Callable[[Fault], Fault]:
    """Register a fault under ``name``: every trial of modularity then injects it into every step it can happen to.

    A fault takes an output as plain JSON, the step's outputs on other rows, and a seeded generator. It changes nothing
    in place, and gives the output itself where it cannot happen to such an output.

    Example:
        >>> faults.names()
        ['another row', 'boolean', 'dropped', 'label', 'number', 'truncated']
    """

    def decorate(function: Fault) -> Fault:
        faults.register(name)(lambda: function)
        return function

    return decorate


def faulty(name: str, value: Any, seen: Sequence[Any], seed: Sequence[Any]) -> Any:
    """What a step with this fault gives in place of ``value``; equal arguments give equal outputs.

    Args:
        name: of the fault.
        value: the step's output.
        seen: its outputs on other rows.
        seed: what the choice depends on, plain JSON: a number, the step, the row.

    Example:
        >>> faulty("boolean", {"urgent": True}, [], [0]), faulty("boolean", {"days": 3}, [], [0])
        ({'urgent': False}, {'days': 3})
        >>> faulty("label", "refund", ["refund", "card"], [0]), faulty("truncated", [1, 2, 3, 4], [], [0])
        ('card', [1, 2])
    """
    rng = random.Random(content_hash([name, *seed]))  # noqa: S311  a fault needs no secret
    return faults.create(name)(value, seen, rng)


@fault("label")
def _label(value: Any, seen: Sequence[Any], rng: random.Random) -> Any:
    """A text swapped for another that was seen in the same place."""

    def others(path: Path, text: Any) -> list[Any]:
        known = {found for one in seen for found in _at(one, path) if isinstance(found, str) and found != text}
        return sorted(known)

    return _one_changed(value, rng, lambda path, leaf: others(path, leaf) if isinstance(leaf, str) else [])


@fault("number")
def _number(value: Any, seen: Sequence[Any], rng: random.Random) -> Any:
    """A number shifted up or down, by at most the range seen in the same place and at least by one."""

    def shifted(path: Path, leaf: Any) -> list[Any]:
        if not _is_number(leaf):
            return []
        known = [leaf, *(found for one in seen for found in _at(one, path) if _is_number(found))]
        size = max(1, (max(known) - min(known)) / 2)
        step = round(size) if isinstance(leaf, int) else size
        return [leaf + step, leaf - step]

    return _one_changed(value, rng, shifted)


@fault("boolean")
def _boolean(value: Any, _seen: Sequence[Any], rng: random.Random) -> Any:
    """A truth value flipped."""
    return _one_changed(value, rng, lambda _path, leaf: [not leaf] if isinstance(leaf, bool) else [])


@fault("dropped")
def _dropped(value: Any, _seen: Sequence[Any], rng: random.Random) -> Any:
    """A field of an object left out."""
    if not isinstance(value, dict) or not value:
        return value
    gone = rng.choice(sorted(value))
    return {name: item for name, item in value.items() if name != gone}


@fault("another row")
def _another_row(value: Any, seen: Sequence[Any], rng: random.Random) -> Any:
    """What the step gave on another row."""
    own = canonical_json(value)
    others = sorted({content for one in seen if (content := canonical_json(one)) != own})
    if not others:
        return value
    chosen = rng.choice(others)
    return next(one for one in seen if canonical_json(one) == chosen)


@fault("truncated")
def _truncated(value: Any, _seen: Sequence[Any], rng: random.Random) -> Any:
    """A list cut to its first half."""

    def halves(_path: Path, part: Any) -> list[Any]:
        return [part[: len(part) // 2]] if isinstance(part, list) and part else []

    return _one_changed(value, rng, halves)


def _one_changed(value: Any, rng: random.Random, choices: Callable[[Path, Any], list[Any]]) -> Any:
    """The value with one of the parts that have choices replaced by one of these; the value itself without any."""
    able = [(path, found) for path, part in _parts(value, ()) if (found := choices(path, part))]
    if not able:
        return value
    path, found = rng.choice(able)
    return _replaced(value, path, rng.choice(found))


def _parts(value: Any, path: Path) -> list[tuple[Path, Any]]:
    """The value and all that it holds, each with where it stands."""
    items: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        items = [(name, value[name]) for name in sorted(value)]
    elif isinstance(value, list):
        items = list(enumerate(value))
    return [(path, value), *(part for key, item in items for part in _parts(item, (*path, key)))]


def _replaced(value: Any, path: Path, new: Any) -> Any:
    if not path:
        return new
    key, rest = path[0], path[1:]
    if isinstance(value, dict):
        return {name: _replaced(item, rest, new) if name == key else item for name, item in value.items()}
    return [_replaced(item, rest, new) if at == key else item for at, item in enumerate(value)]


def _at(value: Any, path: Path) -> list[Any]:
    """What stands at a path, in a list of one; in any element where the path goes through a list."""
    if not path:
        return [value]
    key, rest = path[0], path[1:]
    if isinstance(value, dict) and isinstance(key, str):
        return _at(value[key], rest) if key in value else []
    if isinstance(value, list) and isinstance(key, int):
        return [found for item in value for found in _at(item, rest)]
    return []


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
