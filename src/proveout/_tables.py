"""Reading a TOML file into tables strictly: every error names file, key, value and the nearest valid key."""

from __future__ import annotations

import re
import tomllib
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from proveout.errors import ProveoutError

__all__ = ["inner_table", "read_tables", "table_keys"]

Table = TypeVar("Table", bound=msgspec.Struct)
_UNKNOWN = re.compile(r"unknown field `([^`]*)`")
# Keys whose values may be secrets, also those that nobody should have written there.
_SECRET = re.compile(r"key|secret|token|password|header|auth", re.IGNORECASE)
# What msgspec writes in a path in place of the key of a mapping.
_SOME_KEY = "..."


def read_tables(content: bytes, kind: type[Table], *, file: str, where: str, wrong: type[ProveoutError]) -> Table:
    r"""Validate the bytes of a TOML file.

    Args:
        content: of the file.
        kind: the table at its top; it and those in it are structs with ``forbid_unknown_fields``.
        file: usual name of the file, for messages: ``scenario.toml``.
        where: names this one in errors.
        wrong: the class of the errors.

    Raises:
        ProveoutError: of the class ``wrong``: not TOML, an unknown key or a wrong value.

    Example:
        >>> from proveout.errors import SettingsInvalid
        >>> class Server(msgspec.Struct, forbid_unknown_fields=True):
        ...     port: int = 80
        >>> read_tables(b"prt = 1", Server, file="server.toml", where="server.toml", wrong=SettingsInvalid)
        Traceback (most recent call last):
        proveout.errors.SettingsInvalid: server.toml: unknown key 'prt': ... Next: did you mean 'port'? ...
    """
    try:
        raw = tomllib.loads(content.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise wrong("not a TOML file", why=str(error), fix="correct the file at that place", about=where) from error
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError as error:
        what, why, fix = _Explained(kind, raw, file).told(str(error))
        raise wrong(what, why=why, fix=fix, about=where) from error


def table_keys(kind: type[msgspec.Struct], prefix: str = "") -> list[str]:
    """Every key that a table may hold, dotted; array tables carry ``[]``, and tables by name ``NAME``."""
    keys = []
    for name, hint in get_type_hints(kind).items():
        inner = inner_table(hint)
        mark = {dict: ".NAME", tuple: "[]"}.get(get_origin(hint), "") if inner else ""
        keys += table_keys(inner, f"{prefix}{name}{mark}.") if inner else [f"{prefix}{name}"]
    return keys


def inner_table(hint: Any) -> type[msgspec.Struct] | None:
    """The one table that a key's type holds: itself, of an array, or of a table by name."""
    structs = [kind for kind in (hint, *get_args(hint)) if isinstance(kind, type) and issubclass(kind, msgspec.Struct)]
    return structs[0] if len(structs) == 1 else None


class _Explained:
    """What is wrong with one file, in words for the person who wrote it."""

    def __init__(self, kind: type[msgspec.Struct], raw: dict[str, Any], file: str) -> None:
        self._kind = kind
        self._raw = raw
        self._file = file

    def told(self, problem: str) -> tuple[str, str, str]:
        """(what, why, fix) of a message of msgspec."""
        message, _, path = problem.partition(" - at `")
        steps = self._resolved(re.findall(r"[^.\[\]$`]+|\.\.\.", path))
        unknown = _UNKNOWN.search(message)
        return self._unknown_key(unknown[1], steps) if unknown else self._wrong_value(message, steps)

    def _resolved(self, steps: Sequence[str]) -> list[str]:
        """The path with the names of tables in it, found by trying each."""
        found: list[str] = []
        for step in steps:
            name = self._failing(found) if step == _SOME_KEY else step
            found.append(name)
        return found

    def _failing(self, steps: Sequence[str]) -> str:
        hint = self._hint(steps)
        value = self._value(steps)
        arguments = get_args(hint)
        for key, inner in value.items() if isinstance(value, dict) and arguments else ():
            try:
                msgspec.convert(inner, arguments[-1])
            except msgspec.ValidationError:
                return str(key)
        return _SOME_KEY

    def _unknown_key(self, key: str, steps: Sequence[str]) -> tuple[str, str, str]:
        table = inner_table(self._hint(steps)) if steps else self._kind
        known = [name for name in table.__struct_fields__ if not name.startswith("_")] if table else []
        near = get_close_matches(key, known, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}? " if near else ""
        path = ".".join([*steps, key])
        value = "something" if _SECRET.search(path) else _short(self._value([*steps, key]))
        why = f"it is set to {value} and means nothing here"
        fix = f"{hint}valid keys here are {', '.join(known) or f'those of the reference of {self._file}'}"
        return f"unknown key {path!r}", why, fix

    def _wrong_value(self, message: str, steps: Sequence[str]) -> tuple[str, str, str]:
        why = f"{message[0].lower()}{message[1:]}"
        value = self._value(steps)
        hidden = _SECRET.search(".".join(steps))
        shown = f", and it is {_short(value)}" if isinstance(value, str | int | float) and not hidden else ""
        allowed = self._literals(steps)
        near = get_close_matches(str(value), allowed, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}? " if near else ""
        fix = f"{hint}set it to one of {', '.join(map(repr, allowed))}" if allowed else ""
        key = ".".join(steps) or self._file.removesuffix(".toml")
        return f"wrong value for {key!r}", f"{why}{shown}", fix or f"set it as the reference of {self._file} says"

    def _literals(self, steps: Sequence[str]) -> list[str]:
        """The values a key may take, when they are a fixed set."""
        hint = self._hint(steps)
        choices = [kind for kind in (hint, *get_args(hint)) if get_origin(kind) is Literal]
        return [str(value) for choice in choices for value in get_args(choice)]

    def _hint(self, steps: Sequence[str]) -> Any:
        """The type of what a path leads to; None where that is a distribution or a plain value."""
        hint: Any = self._kind
        for step in steps:
            table = inner_table(hint)
            if get_origin(hint) is dict or step.isdigit() or step == _SOME_KEY:
                hint = get_args(hint)[-1 if get_origin(hint) is dict else 0] if get_args(hint) else None
            elif table is not None:
                hint = get_type_hints(table).get(step)
            else:
                return None
        return hint

    def _value(self, steps: Sequence[str]) -> Any:
        value: Any = self._raw
        for step in steps:
            try:
                value = value[int(step)] if isinstance(value, list) else value[step]
            except (KeyError, IndexError, ValueError, TypeError):
                return None
        return value


def _short(value: Any, most: int = 60) -> str:
    shown = repr(value)
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"
