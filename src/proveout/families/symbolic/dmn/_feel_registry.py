"""The table of FEEL's built-in functions, and the calling of one with its arguments checked."""

from __future__ import annotations

import decimal
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, TypeAlias

import msgspec

from proveout.families.symbolic.dmn._feel_values import Fault, kind

__all__ = ["Builtin", "Table", "builtin", "call_one", "whole"]

LARGEST = 1_000_000


class Builtin(msgspec.Struct, frozen=True, eq=False):
    """One signature of a built-in function.

    Attributes:
        parameters: names, as a call with named arguments uses them.
        kinds: for each, the kinds it takes, or none for any; null is refused where kinds are given.
        least: how many must be given.
        spread: whether the arguments may also be given one by one instead of as a list.
        call: what computes it.
    """

    parameters: tuple[str, ...]
    kinds: tuple[tuple[str, ...], ...]
    least: int
    spread: bool
    call: Callable[..., Any]


Table: TypeAlias = dict[str, tuple[Builtin, ...]]


def builtin(signature: str, call: Callable[..., Any], *, spread: bool = False) -> Builtin:
    """A signature written as ``name: kind|kind, name?: kind``; ``?`` marks what may be left out.

    Example:
        >>> builtin("string: string, length?: number", len).parameters
        ('string', 'length')
    """
    parts = [part.partition(":") for part in signature.split(",")] if signature else []
    names = tuple(name.strip().rstrip("?") for name, _, _ in parts)
    kinds = tuple(tuple(one.strip() for one in found.split("|") if one.strip()) for _, _, found in parts)
    least = sum(not name.strip().endswith("?") for name, _, _ in parts)
    return Builtin(names, kinds, least, spread, call)


def call_one(name: str, signatures: Sequence[Builtin], given: Sequence[Any], names: Sequence[str]) -> Any:
    """The value of a built-in for these arguments, by the first signature that takes them.

    Raises:
        Fault: no signature takes them, or the function has no value there.
    """
    why = ""
    for signature in signatures:
        arguments, refused = _arguments(signature, given, names)
        if refused:
            why = why or refused
            continue
        try:
            return signature.call(*arguments)
        except (decimal.DecimalException, OverflowError, ValueError) as error:
            raise Fault(f"{name}: the result is no value ({type(error).__name__})") from None
        except Fault as fault:
            raise Fault(f"{name}: {fault}") from None
    raise Fault(f"{name}: {why}")


def _arguments(signature: Builtin, given: Sequence[Any], names: Sequence[str]) -> tuple[list[Any], str]:
    placed, why = _placed(signature, given, names)
    if why:
        return [], why
    arguments: list[Any] = []
    for value, parameter, kinds in zip(placed, signature.parameters, signature.kinds, strict=False):
        fitting = _fitting(value, kinds)
        if kinds and kind(fitting) not in kinds and not (value is None and parameter in _optional(signature)):
            return [], f"{parameter!r} is {kind(value)} and not {' or '.join(kinds)}"
        arguments.append(fitting)
    return arguments, ""


def _placed(signature: Builtin, given: Sequence[Any], names: Sequence[str]) -> tuple[list[Any], str]:
    if names:
        named = dict(zip(names, given, strict=True))
        if not named.keys() <= set(signature.parameters):
            return [], f"it has the parameters {', '.join(signature.parameters)}"
        given = [named.get(parameter) for parameter in signature.parameters]
    elif signature.spread and not (len(given) == 1 and isinstance(given[0], list)):
        given = [list(given)]
    if not signature.least <= len(given) <= len(signature.parameters):
        return [], f"it takes {signature.least} to {len(signature.parameters)} arguments and not {len(given)}"
    return list(given), ""


def _optional(signature: Builtin) -> tuple[str, ...]:
    return signature.parameters[signature.least :]


def _fitting(value: Any, kinds: tuple[str, ...]) -> Any:
    """A value made to fit: a list of one item is that item, and an item is a list of one where a list is needed."""
    if kinds and kind(value) not in kinds:
        if isinstance(value, list) and len(value) == 1 and kind(value[0]) in kinds:
            return value[0]
        if kinds == ("list",) and value is not None:
            return [value]
    return value


def whole(value: Decimal, what: str = "an argument") -> int:
    """A whole number as an int.

    Raises:
        Fault: it has decimals or is beyond a million.
    """
    if abs(value) > LARGEST or value != value.to_integral_value():
        raise Fault(f"{what} is no whole number within a million")
    return int(value)
