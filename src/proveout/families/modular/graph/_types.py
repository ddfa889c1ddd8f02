"""Types of steps: what they take and give, and whether one fits another."""

from __future__ import annotations

import functools
import operator
import types
from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, Required, TypeVar, Union, get_args, get_origin, get_type_hints, is_typeddict

import msgspec

from proveout.families.modular.graph._references import fields_of

__all__ = ["NO_FIELD", "bare_types", "fits", "item_type", "part_type", "shown", "union_of", "whole_type"]

# What `part_type` gives when there is no such part.
NO_FIELD = object()
# Written without its arguments, a container holds anything.
BARE: dict[Any, Any] = {
    list: list[Any],
    dict: dict[str, Any],
    tuple: tuple[Any, ...],
    set: set[Any],
    frozenset: frozenset[Any],
}
UNIONS = (Union, types.UnionType)


def fits(given: Any, wanted: Any) -> bool:
    """Whether a value of type ``given`` may stand where ``wanted`` is asked for; Any fits both ways, int fits float.

    Example:
        >>> fits(int, float), fits(int | None, int), fits(list[int], Sequence[float]), fits(list, list[int])
        (True, False, True, True)
    """
    members = _members(given)
    if Any in members or Any in _members(wanted) or wanted is object or given == wanted:
        return True
    if len(members) > 1:
        return all(fits(one, wanted) for one in members)
    if is_typeddict(wanted):
        return False
    from beartype.door import is_subhint  # noqa: PLC0415  takes 0.1 s, and only building a graph needs it

    return bool(is_subhint(_read(given), _widened(wanted)))


def _members(of: Any) -> tuple[Any, ...]:
    return get_args(of) if get_origin(of) in UNIONS else (of,)


def _read(given: Any) -> Any:
    """What a value of that type can be taken for: a typed dictionary is one."""
    return dict[str, Any] if is_typeddict(given) else _rebuilt(BARE.get(given, given), _read)


def _widened(wanted: Any) -> Any:
    wanted = BARE.get(wanted, wanted)
    if wanted is float:
        return float | int
    if is_typeddict(wanted):
        return dict[str, Any]
    if get_origin(wanted) is Sequence and get_args(wanted):
        one = _widened(get_args(wanted)[0])
        return union_of([_made(Sequence, one), _made(tuple, one, Ellipsis)])
    return _rebuilt(wanted, _widened)


def _rebuilt(of: Any, change: Any) -> Any:
    """A union or container with its arguments changed."""
    origin, arguments = get_origin(of), get_args(of)
    if origin in UNIONS:
        return union_of([change(one) for one in arguments])
    if isinstance(origin, type) and origin in {list, dict, tuple, set, frozenset, Sequence, Mapping} and arguments:
        changed = tuple(one if one is Ellipsis else change(one) for one in arguments)
        return _made(origin, *changed)
    return of


def _made(origin: Any, *arguments: Any) -> Any:
    return origin[arguments if len(arguments) > 1 else arguments[0]]


def part_type(of: Any, path: Sequence[str]) -> Any:
    """The type of a part of a value, or `NO_FIELD`.

    A key that may be missing, and a part of what may be None, may be None.

    Example:
        >>> class Slots(msgspec.Struct):
        ...     city: str
        >>> part_type(Slots, ["city"]), part_type(dict[str, int], ["any"]), part_type(Slots, ["town"]) is NO_FIELD
        (<class 'str'>, int | None, True)
        >>> part_type(Slots | None, ["city"])
        str | None
    """
    for name in path:
        of = _field(of, name)
    return of


def _field(of: Any, name: str) -> Any:
    if of is NO_FIELD or of is Any:
        return of
    members = _members(of)
    if len(members) > 1:
        found = [type(None) if one is type(None) else _field(one, name) for one in members]
        return NO_FIELD if NO_FIELD in found else union_of(found)
    of = BARE.get(of, of)
    origin = get_origin(of) or of
    if is_typeddict(origin):
        return _key(origin, name)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return union_of([(*get_args(of), Any, Any)[1], type(None)])
    has_it = isinstance(origin, type) and name in fields_of(origin)
    return _attribute(of, origin, name) if has_it else NO_FIELD


def _key(of: Any, name: str) -> Any:
    hint = get_type_hints(of, include_extras=True).get(name, NO_FIELD)
    # __required_keys__ is wrong where annotations are kept as text.
    marked = get_origin(hint) if get_origin(hint) in {Required, NotRequired} else None
    required = of.__total__ if marked is None else marked is Required
    inner = hint if marked is None else get_args(hint)[0]
    return inner if required or hint is NO_FIELD else union_of([inner, type(None)])


def _attribute(of: Any, origin: type, name: str) -> Any:
    hint = get_type_hints(origin, include_extras=True).get(name, Any)
    given = dict(zip(getattr(origin, "__parameters__", ()), get_args(of), strict=False))
    if isinstance(hint, TypeVar):
        return given.get(hint, Any)
    return Any if getattr(hint, "__parameters__", ()) else hint


def item_type(of: Any) -> Any:
    """The type of a list's items, or `NO_FIELD` for what is no list; None counts as an empty list.

    Example:
        >>> item_type(list[int]), item_type(tuple[int, ...] | None), item_type(int) is NO_FIELD
        (<class 'int'>, <class 'int'>, True)
    """
    if of is Any:
        return Any
    found = [_item(BARE.get(one, one)) for one in _members(of) if one is not type(None)]
    return NO_FIELD if NO_FIELD in found or not found else union_of(found)


def _item(of: Any) -> Any:
    origin, arguments = get_origin(of), get_args(of)
    if of is Any or not isinstance(origin, type) or not issubclass(origin, Sequence):
        return of if of is Any else NO_FIELD
    return union_of([one for one in arguments if one is not Ellipsis])


def whole_type(gives: Any, *, mapped: bool) -> Any:
    """The type of all a step gives: a list of its outputs where it maps one.

    Example:
        >>> whole_type(int, mapped=True)
        list[int]
    """
    return types.GenericAlias(list, gives) if mapped else gives


def union_of(found: Sequence[Any]) -> Any:
    """One type for values of any of these.

    Example:
        >>> union_of([int, str, int]), union_of([int, Any])
        (int | str, typing.Any)
    """
    if Any in found:
        return Any
    return functools.reduce(operator.or_, found)


def bare_types(of: Any) -> list[str]:
    """Classes in a type of which no value can be read back from JSON.

    Raises:
        TypeError: it is no type, or one that nothing can be.

    Example:
        >>> bare_types(list[int]), bare_types(dict[str, range])
        ([], ['range'])
    """
    found: list[str] = []
    seen: set[int] = set()
    left: list[Any] = [msgspec.inspect.type_info(of)]
    while left:
        one = left.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, msgspec.inspect.CustomType) and one.cls is not object:
            found.append(shown(one.cls))
        elif isinstance(one, tuple | list):
            left += one
        elif isinstance(one, msgspec.Struct):
            left += [getattr(one, name) for name in one.__struct_fields__]
    return found


def shown(of: Any) -> str:
    """A type as people write it."""
    return of.__name__ if isinstance(of, type) and get_origin(of) is None else str(of).replace("typing.", "")
