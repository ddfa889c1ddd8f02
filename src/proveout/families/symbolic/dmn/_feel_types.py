"""Types of FEEL and of a model's item definitions: whether a value is of one, and values made to fit ."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any

import msgspec

from proveout.families.symbolic.dmn._feel_values import Fault, Function, Undeclared, kind, read_as

if TYPE_CHECKING:
    from proveout.families.symbolic.dmn._feel_tree import TypeOf

__all__ = ["SCALARS", "ItemType", "canonical", "conforms", "fitted"]

ALIASES = {
    "dateTime": "date and time",
    "dateAndTime": "date and time",
    "date_and_time": "date and time",
    "dayTimeDuration": "days and time duration",
    "day and time duration": "days and time duration",
    "days_and_time_duration": "days and time duration",
    "yearMonthDuration": "years and months duration",
    "year and month duration": "years and months duration",
    "years_and_months_duration": "years and months duration",
    "integer": "number",
    "long": "number",
    "double": "number",
    "any": "Any",
}
SCALARS = {
    "number",
    "string",
    "boolean",
    "date",
    "time",
    "date and time",
    "days and time duration",
    "years and months duration",
}
DEEPEST = 40


class ItemType(msgspec.Struct, frozen=True):
    """An item definition of a model.

    Attributes:
        base: the type it restricts; None for a context.
        collection: whether it is a list of that.
        components: types of a context's entries.
        allowed: whether a value is allowed; None where all are.
    """

    base: str | None = None
    collection: bool = False
    components: tuple[tuple[str, ItemType], ...] = ()
    allowed: Callable[[Any], bool] | None = None


Types = Mapping[str, ItemType]


def canonical(name: str | None) -> str | None:
    """The name that FEEL gives to a type, whatever prefix or spelling a model has for it.

    Example:
        >>> canonical("feel:dateTime"), canonical("tLoan")
        ('date and time', 'tLoan')
    """
    if name is None:
        return None
    bare = name.rpartition(":")[2].strip()
    return ALIASES.get(bare, bare) or None


def conforms(value: Any, wanted: TypeOf, types: Types) -> bool:
    """Whether a value is an instance of a type; null is one of ``Null`` and ``Any`` alone.

    Example:
        >>> from proveout.families.symbolic.dmn._feel_tree import TypeOf
        >>> conforms(["a"], TypeOf("list", (("", TypeOf("string")),)), {}), conforms(None, TypeOf("string"), {})
        (True, False)
    """
    name = canonical(wanted.name) or ""
    if name == "Any":
        return True
    if name in types:
        return value is not None and _fits(value, types[name], types)
    if name in {"Null", "null"}:
        return value is None
    if kind(value) != name:
        return False
    return PARTS[name](value, dict(wanted.parts), types) if name in PARTS and wanted.parts else True


def _list(value: Any, parts: dict[str, TypeOf], types: Types) -> bool:
    return all(one is None or conforms(one, parts[""], types) for one in value)


def _context(value: Any, parts: dict[str, TypeOf], types: Types) -> bool:
    return all(
        name in value and (value[name] is None or conforms(value[name], part, types)) for name, part in parts.items()
    )


def _range(value: Any, parts: dict[str, TypeOf], types: Types) -> bool:
    return all(one is None or conforms(one, parts[""], types) for one in (value.start, value.end))


def _function(value: Any, parts: dict[str, TypeOf], _: Types) -> bool:
    return isinstance(value, Function) and len(value.parameters) >= len(parts.keys() - {"return", ""})


PARTS: dict[str, Callable[[Any, dict[str, TypeOf], Types], bool]] = {
    "list": _list,
    "context": _context,
    "range": _range,
    "function": _function,
}


def _fits(value: Any, wanted: ItemType, types: Types) -> bool:
    try:
        fitted(value, wanted, types)
    except Fault:
        return False
    return True


def fitted(value: Any, wanted: ItemType, types: Types, depth: int = 0) -> Any:
    """A value as a type has it: strings of undeclared type become dates and the like, one item a list, and back.

    Raises:
        Fault: the value is not of the type, or not among the allowed ones.

    Example:
        >>> fitted(Undeclared("2024-02-29"), ItemType("date"), {}), fitted("a", ItemType("string", collection=True), {})
        (datetime.date(2024, 2, 29), ['a'])
    """
    if value is None:
        return None
    if depth > DEEPEST:
        raise Fault(f"types are nested more than {DEEPEST} deep")
    if wanted.collection:
        items = value if isinstance(value, list) else [value]
        found: Any = [_one(item, wanted, types, depth) for item in items]
    else:
        found = _one(value, wanted, types, depth)
    if wanted.allowed is not None and not all(map(wanted.allowed, found if wanted.collection else [found])):
        raise Fault("a value is not among those allowed")
    return found


def _one(value: Any, wanted: ItemType, types: Types, depth: int) -> Any:
    base = canonical(wanted.base)
    if value is None:
        return None
    if wanted.components:
        return _components(value, wanted, types, depth)
    if base is not None and base in types:
        return fitted(value, types[base], types, depth + 1)
    if base not in SCALARS:
        return value
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return _scalar(value, base)


def _scalar(value: Any, base: str) -> Any:
    if isinstance(value, Undeclared) and base != "string":
        value = _spelled(value, base)
    if isinstance(value, date) and not isinstance(value, datetime) and base == "date and time":
        return datetime.combine(value, time(), UTC)
    if kind(value) != base:
        raise Fault(f"{_shown(value)} is not of type {base}")
    return str(value) if base == "string" else value


def _spelled(value: Undeclared, base: str) -> Any:
    if base in {"number", "boolean"}:
        return value
    found = read_as(value, base)
    return value if found is None else found


def _shown(value: Any) -> str:
    return f"a {kind(value)}" if kind(value) != "null" else "null"


def _components(value: Any, wanted: ItemType, types: Types, depth: int) -> Any:
    if not isinstance(value, dict):
        raise Fault(f"{_shown(value)} is not a context of {', '.join(name for name, _ in wanted.components)}")
    known = {name: fitted(value.get(name), part, types, depth + 1) for name, part in wanted.components}
    return {**value, **known}
