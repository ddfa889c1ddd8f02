"""References: how a step names the values it reads."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from proveout.errors import WorkflowInvalid

__all__ = ["INPUT", "Reference", "parse_reference", "value_at"]

# The name under which steps find the input of the run.
INPUT = "input"
NAME = r"[A-Za-z_][A-Za-z0-9_-]*"
FORM = re.compile(rf"({NAME})((?:\.{NAME})*)")


class Reference(NamedTuple):
    """The output of ``step``, or the input of the run, and the way to a part of it."""

    step: str
    path: tuple[str, ...]


def parse_reference(text: str, about: str) -> tuple[Reference, ...]:
    """The alternatives of a reference, in order.

    Raises:
        WorkflowInvalid: it is no reference.

    Example:
        >>> parse_reference("book.reply | input.text", "desk")
        (Reference(step='book', path=('reply',)), Reference(step='input', path=('text',)))
    """
    found = []
    for part in text.split("|"):
        match = FORM.fullmatch(part.strip())
        if match is None:
            why = f"{text!r} does not name a step or an input field"
            fix = "write input.FIELD, STEP, STEP.FIELD, or several of them with | between"
            raise WorkflowInvalid("no reference", why=why, fix=fix, about=about)
        found.append(Reference(match[1], tuple(filter(None, match[2].split(".")))))
    return tuple(found)


def value_at(value: Any, path: tuple[str, ...]) -> Any:
    """A part of an output: the field of a struct or the key of a mapping; a missing key is None.

    Example:
        >>> value_at({"a": {"b": 1}}, ("a", "b")), value_at({}, ("a", "b"))
        (1, None)
    """
    for name in path:
        if value is None:
            return None
        value = value.get(name) if isinstance(value, dict) else getattr(value, name)
    return value
