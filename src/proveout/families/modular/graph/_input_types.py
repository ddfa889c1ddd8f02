"""Types of input fields as they are written in TOML."""

from __future__ import annotations

import re
from datetime import date, datetime
from types import GenericAlias, NoneType
from typing import Any, get_args, get_origin

from proveout.errors import WorkflowInvalid
from proveout.families.modular.graph._types import BARE, UNIONS, shown, union_of
from proveout.families.modular.graph._words import near

__all__ = ["TYPES", "parse_type", "type_text"]

# The closed table of names, with what each stands for.
TYPES: dict[str, tuple[Any, str]] = {
    "str": (str, "text"),
    "int": (int, "a whole number"),
    "float": (float, "a number"),
    "bool": (bool, "true or false"),
    "date": (date, "a day, as 2026-05-17"),
    "datetime": (datetime, "a moment, as 2026-05-17T09:30:00Z"),
    "object": (dict[str, Any], "any JSON object"),
    "any": (Any, "any JSON value"),
}
LIST = re.compile(r"list\[(.+)\]")
MAP = re.compile(r"dict\[\s*str\s*,(.+)\]")
DEPTH = 8


def parse_type(text: str, where: str) -> Any:
    """The type that is written so.

    A name of the table, ``list[…]`` or ``dict[str, …]``, with ``?`` behind it where the value may be None.

    Raises:
        WorkflowInvalid: it is none of these.

    Example:
        >>> parse_type("list[str]", "input"), parse_type("int?", "input")
        (list[str], int | None)
    """
    found = _parsed(text.strip(), 0)
    if found is None:
        names = [*TYPES, "list[str]", "dict[str, str]"]
        write = f"write one of {', '.join(TYPES)}, list[...] or dict[str, ...], and ? behind what may be null"
        fix = f"{near(text, names)}{write}"
        raise WorkflowInvalid("no such type", why=f"{text!r:.60}", fix=fix, about=where)
    return found


def _parsed(text: str, depth: int) -> Any:
    if depth > DEPTH:
        return None
    if text.endswith("?"):
        inner = _parsed(text[:-1].strip(), depth + 1)
        return None if inner is None else union_of([inner, NoneType])
    if text in TYPES:
        return TYPES[text][0]
    for form, origin, before in ((LIST, list, ()), (MAP, dict, (str,))):
        match = form.fullmatch(text)
        inner = _parsed(match[1].strip(), depth + 1) if match else None
        if inner is not None:
            return GenericAlias(origin, (*before, inner))
    return None


def type_text(of: Any, where: str) -> str:
    """How a type is written.

    Raises:
        WorkflowInvalid: the table has no name for it.

    Example:
        >>> type_text(list[str], "input"), type_text(int | None, "input")
        ('list[str]', 'int?')
    """
    of = BARE.get(of, of)
    for name, (known, _) in TYPES.items():
        if of == known:
            return name
    origin, arguments = get_origin(of), get_args(of)
    if origin in UNIONS and len(arguments) == 2 and NoneType in arguments:  # noqa: PLR2004  something, or None
        inner = next(one for one in arguments if one is not NoneType)
        return f"{type_text(inner, where)}?"
    if origin is list:
        return f"list[{type_text(arguments[0], where)}]"
    if origin is dict and arguments[0] is str:
        return f"dict[str, {type_text(arguments[1], where)}]"
    fix = f"take the field as one of {', '.join(TYPES)}, and let a step make more of it"
    raise WorkflowInvalid("a type has no name in TOML", why=shown(of), fix=fix, about=where)
