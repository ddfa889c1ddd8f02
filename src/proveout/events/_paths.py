"""Dotted paths into an event, compiled to functions that read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from proveout.events._event import Event

    Read = Callable[[Event], Any]

__all__ = ["MISSING", "compile_path", "is_path"]

ATTRIBUTES = frozenset({"id", "source", "type", "subject", "time", "datacontenttype", "dataschema"})


class _Missing:
    """What stands where a path leads nowhere."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING = _Missing()


def is_path(path: str) -> bool:
    """Whether it is ``data``, ``data.a.b``, an attribute or ``extensions.name``."""
    root, *steps = path.split(".")
    return all([root, *steps]) and (root == "data" or (root == "extensions" and len(steps) == 1) or path in ATTRIBUTES)


def compile_path(path: str) -> Read:
    """A function that reads this path of an event, or gives `MISSING`; a number counts in an array.

    Example:
        >>> from proveout.events import Event
        >>> event = Event(id="1", source="/s", type="t", data={"lines": [{"item": "cup"}]})
        >>> compile_path("data.lines.0.item")(event)
        'cup'
        >>> compile_path("data.total")(event)
        MISSING
    """
    root, *names = path.split(".")
    if root != "data":
        return _read_attribute(root, names)
    if not names:
        return lambda event: event.data
    if len(names) == 1:
        return _read_one(names[0])
    return _read_deep(tuple(names))


def _read_attribute(root: str, names: list[str]) -> Read:
    if root == "extensions":
        return lambda event: event.extensions.get(names[0], MISSING)
    if root == "time":
        return lambda event: event.time.isoformat() if event.time else MISSING
    return lambda event: getattr(event, root) or MISSING


def _read_one(name: str) -> Read:
    def read(event: Event) -> Any:
        data = event.data
        if type(data) is dict:
            return data.get(name, MISSING)
        return _step(data, name)

    return read


def _read_deep(names: tuple[str, ...]) -> Read:
    def read(event: Event) -> Any:
        value = event.data
        for name in names:
            value = value.get(name, MISSING) if type(value) is dict else _step(value, name)
        return value

    return read


def _step(value: Any, name: str) -> Any:
    if isinstance(value, dict):
        return value.get(name, MISSING)
    if isinstance(value, list) and name.isascii() and name.isdigit() and int(name) < len(value):
        return value[int(name)]
    return MISSING
