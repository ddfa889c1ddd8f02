"""Types of steps: what they take and give, and whether one fits another."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, get_args, get_origin, get_type_hints, is_typeddict

import msgspec

__all__ = ["NO_FIELD", "Signature", "fits", "item_type", "part_type", "shown", "signature_of", "whole_type"]

# What `part_type` gives when there is no such part.
NO_FIELD = object()


class Signature(NamedTuple):
    """Parameters and result of a callable, by annotation; what has none is Any.

    Attributes:
        takes: type by parameter.
        optional: parameters with a default.
        gives: type of the result.
        rest: type of what ``**`` takes besides, or `NO_FIELD`.
    """

    takes: dict[str, Any]
    optional: frozenset[str]
    gives: Any
    rest: Any = NO_FIELD


def signature_of(run: Callable[..., Any]) -> Signature:
    """The signature of a function, a bound method or an object with an annotated ``__call__``.

    Example:
        >>> def double(value: int) -> int:
        ...     return 2 * value
        >>> signature_of(double).takes
        {'value': <class 'int'>}
    """
    import inspect  # noqa: PLC0415  needed when a graph is built, not when it is imported

    parameters = inspect.signature(run).parameters
    target = run if inspect.isroutine(run) or inspect.isclass(run) else type(run).__call__
    hints = get_type_hints(target, include_extras=True)
    named = {name: one for name, one in parameters.items() if one.kind not in {one.VAR_POSITIONAL, one.VAR_KEYWORD}}
    rest = [hints.get(name, Any) for name, one in parameters.items() if one.kind is one.VAR_KEYWORD]
    return Signature(
        takes={name: hints.get(name, Any) for name in named},
        optional=frozenset(name for name, one in named.items() if one.default is not one.empty),
        gives=run if inspect.isclass(run) else hints.get("return", Any),
        rest=rest[0] if rest else NO_FIELD,
    )


def fits(given: Any, wanted: Any) -> bool:
    """Whether a value of type ``given`` may stand where ``wanted`` is asked for; Any fits both ways.

    Example:
        >>> fits(int, float), fits(int | None, int), fits(list[int], Sequence[int])
        (True, False, True)
    """
    from beartype.door import is_subhint  # noqa: PLC0415  takes 0.1 s, and only building a graph needs it

    if wanted is float and given is int:
        return True
    return bool(is_subhint(given, wanted))


def part_type(of: Any, path: Sequence[str]) -> Any:
    """The type of a part of a value, or `NO_FIELD`.

    Example:
        >>> class Slots(msgspec.Struct):
        ...     city: str
        >>> part_type(Slots, ["city"]), part_type(dict[str, int], ["any"]), part_type(Slots, ["town"]) is NO_FIELD
        (<class 'str'>, int | None, True)
    """
    for name in path:
        of = _field(of, name)
    return of


def _field(of: Any, name: str) -> Any:
    if of is Any or of is NO_FIELD or of is dict:
        return NO_FIELD if of is NO_FIELD else Any
    if isinstance(of, type) and (issubclass(of, msgspec.Struct) or is_typeddict(of)):
        return get_type_hints(of, include_extras=True).get(name, NO_FIELD)
    origin = get_origin(of)
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        value = get_args(of)[1]
        return value if value is Any else value | None
    return NO_FIELD


def item_type(of: Any) -> Any:
    """The type of a list's items, or `NO_FIELD` for what is no list.

    Example:
        >>> item_type(list[int]), item_type(int) is NO_FIELD
        (<class 'int'>, True)
    """
    if of is Any or of is list:
        return Any
    origin = get_origin(of)
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return get_args(of)[0]
    return NO_FIELD


def whole_type(gives: Any, *, mapped: bool) -> Any:
    """The type of all a step gives: a list of its outputs where it maps one.

    Example:
        >>> whole_type(int, mapped=True)
        list[int]
    """
    return types.GenericAlias(list, gives) if mapped else gives


def shown(of: Any) -> str:
    """A type as people write it."""
    return of.__name__ if isinstance(of, type) and get_origin(of) is None else str(of).replace("typing.", "")
