"""Reading ``task.toml`` strictly: every error names file, key, value and the nearest valid key."""

from __future__ import annotations

import re
import tomllib
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from proveout.errors import TaskInvalid, TaskNotFound
from proveout.task._check import checked, invalid, short, with_target
from proveout.task._task import Task

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["FILE_NAME", "load_task", "parse_task", "task_keys"]

FILE_NAME = "task.toml"


def load_task(folder: Path) -> Task:
    """Read and validate ``folder/task.toml``.

    Raises:
        TaskNotFound: there is no such file.
        TaskInvalid: it is not TOML, has an unknown key or a wrong value, or contradicts itself.
    """
    path = folder / FILE_NAME
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        fix = f"name a task's folder, or make one with: proveout new {folder} --kind classify --examples FILE"
        raise TaskNotFound("no task here", why=f"there is no {FILE_NAME}", fix=fix, about=str(folder)) from error
    except OSError as error:
        fix = "make the file readable to this user"
        raise TaskInvalid("cannot read the task", why=str(error), fix=fix, about=str(path)) from error
    return msgspec.structs.replace(parse_task(content, where=str(path)), root=folder)


def parse_task(content: bytes, *, where: str = FILE_NAME) -> Task:
    r"""Validate the bytes of a ``task.toml``; ``where`` names them in errors.

    Raises:
        TaskInvalid: as `load_task`.

    Example:
        >>> parse_task(b'name = "t"\nknd = "classify"')
        Traceback (most recent call last):
        proveout.errors.TaskInvalid: task.toml: unknown key 'knd': ... Next: did you mean 'kind'? ...
    """
    try:
        raw = tomllib.loads(content.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise invalid(where, "not a TOML file", str(error), "correct the file at that place") from error
    _check_keys(raw, Task, "", where)
    try:
        task = msgspec.convert(raw, Task)
    except msgspec.ValidationError as error:
        raise _wrong_value(error, raw, where) from error
    return checked(with_target(task, where), where)


def task_keys(table: type[msgspec.Struct] = Task, prefix: str = "") -> list[str]:
    """Every key ``task.toml`` may hold, dotted; array tables carry ``[]``.

    Example:
        >>> "certificate.alpha" in task_keys()
        True
    """
    keys = []
    for name, inner, is_array in _fields(table):
        path = f"{prefix}{name}{'[]' if is_array else ''}"
        keys += task_keys(inner, f"{path}.") if inner else [path]
    return keys


def _fields(table: type[msgspec.Struct]) -> list[tuple[str, type[msgspec.Struct] | None, bool]]:
    """(key, the table it holds if any, whether it is an array of them) for each key but ``root``."""
    found: list[tuple[str, type[msgspec.Struct] | None, bool]] = []
    for name, hint in get_type_hints(table).items():
        if name == "root" or name.startswith("_"):
            continue
        arguments = getattr(hint, "__args__", ())
        kinds = (kind for kind in (hint, *arguments) if isinstance(kind, type))
        inner = next((kind for kind in kinds if issubclass(kind, msgspec.Struct)), None)
        found.append((name, inner, inner is not None and inner is not hint))
    return found


def _check_keys(raw: Any, table: type[msgspec.Struct], prefix: str, where: str) -> None:
    fields = {name: inner for name, inner, _ in _fields(table)}
    for block in raw if isinstance(raw, list) else [raw]:
        if not isinstance(block, dict):
            continue
        for key, value in block.items():
            if key not in fields:
                raise _unknown_key(f"{prefix}{key}", key, value, list(fields), where)
            inner = fields[key]
            if inner is not None:
                _check_keys(value, inner, f"{prefix}{key}.", where)


def _unknown_key(path: str, key: str, value: Any, known: list[str], where: str) -> TaskInvalid:
    near = get_close_matches(key, known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}? " if near else ""
    fix = f"{hint}valid keys here are {', '.join(known)}"
    return invalid(where, f"unknown key {path!r}", f"it is set to {short(value)} and means nothing here", fix)


def _wrong_value(error: msgspec.ValidationError, raw: dict[str, Any], where: str) -> TaskInvalid:
    message, _, path = str(error).partition(" - at `$")
    path = path.rstrip("`").lstrip(".")
    why = f"{message[0].lower()}{message[1:]}"
    if not path:
        fix = "add the key; see the reference of task.toml"
        return invalid(where, "a key is missing or of the wrong type", why, fix)
    value = _lookup(raw, path)
    allowed = _allowed(path)
    near = get_close_matches(str(value), allowed, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}? " if near else ""
    fix = f"{hint}set it to one of {', '.join(allowed)}" if allowed else "set it as the reference of task.toml says"
    return invalid(where, f"wrong value for {path!r}", f"{why}, and it is {short(value)}", fix)


def _allowed(path: str) -> list[str]:
    """The values a key may take, when they are a fixed set."""
    table: type[msgspec.Struct] = Task
    *parents, key = [step for step in re.findall(r"[^.\[\]]+", path) if not step.isdigit() and step != "..."]
    for parent in parents:
        table = next((inner for name, inner, _ in _fields(table) if name == parent and inner), table)
    hint = get_type_hints(table).get(key)
    return [str(value) for value in get_args(hint)] if get_origin(hint) is Literal else []


def _lookup(raw: Any, path: str) -> Any:
    for step in re.findall(r"[^.\[\]]+", path):
        try:
            raw = raw[int(step)] if isinstance(raw, list) else raw.get(step)
        except (AttributeError, IndexError, ValueError):
            return None
    return raw
