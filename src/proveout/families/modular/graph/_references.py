"""References: how a step names the values it reads."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from proveout.errors import WorkflowInvalid

__all__ = ["INPUT", "NAME", "PartMissing", "Reference", "parse_reference", "value_at"]

# The name under which steps find the input of the run.
INPUT = "input"
NAME = r"[A-Za-z_][A-Za-z0-9_-]*"
# A field of JSON may hold anything; what separates parts and alternatives cannot be written.
PART = r"[^.|\s](?:[^.|]*[^.|\s])?"
FORM = re.compile(rf"({NAME})((?:\.{PART})*)")


class PartMissing(LookupError):
    """A value has no such part."""


class Reference(NamedTuple):
    """The output of ``step``, or the input of the run, and the way to a part of it."""

    step: str
    path: tuple[str, ...]

    def __str__(self) -> str:
        return ".".join([self.step, *self.path])


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
        found.append(Reference(match[1], tuple(match[2].split(".")[1:])))
    return tuple(found)


def value_at(value: Any, path: tuple[str, ...]) -> Any:
    """A part of an output: the key of a mapping, or a field; a missing key, and a part of None, are None.

    Methods and other attributes are no parts.

    Raises:
        PartMissing: the value has no fields, or not that one.

    Example:
        >>> value_at({"a": {"b": 1}}, ("a", "b")), value_at({}, ("a", "b"))
        (1, None)
    """
    for name in path:
        if value is None:
            return None
        if isinstance(value, Mapping):
            value = value.get(name)
        elif name in fields_of(type(value)):
            value = getattr(value, name)
        else:
            raise PartMissing(f"{type(value).__name__} has no field {name}")
    return value


def fields_of(kind: type) -> tuple[str, ...]:
    """The fields of a struct, a dataclass or a named tuple.

    Example:
        >>> fields_of(Reference), fields_of(str)
        (('step', 'path'), ())
    """
    for attribute in ("__struct_fields__", "__dataclass_fields__", "_fields"):
        found = getattr(kind, attribute, None)
        if found is not None:
            return tuple(found)
    return ()
