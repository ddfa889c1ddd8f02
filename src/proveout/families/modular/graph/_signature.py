"""What a callable takes and gives, by its annotations."""

from __future__ import annotations

import dataclasses
import functools
import inspect
from typing import TYPE_CHECKING, Any, NamedTuple, get_type_hints

import msgspec

from proveout.errors import WorkflowInvalid
from proveout.families.modular.graph._types import NO_FIELD

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Signature", "signature_of"]

WAYS_TO_GIVE_LATER = (inspect.iscoroutinefunction, inspect.isasyncgenfunction, inspect.isgeneratorfunction)


class Signature(NamedTuple):
    """Parameters and result of a callable, by annotation; what has none is Any.

    Attributes:
        takes: parameters with their types.
        optional: those with a default.
        gives: type of the result.
        rest: type of what ``**`` takes besides, or `NO_FIELD`.
    """

    takes: dict[str, Any]
    optional: frozenset[str]
    gives: Any
    rest: Any = NO_FIELD


def signature_of(run: Callable[..., Any], about: str) -> Signature:
    """The signature of a function, a bound method, a partial, a class or an object with an annotated ``__call__``.

    Raises:
        WorkflowInvalid: it is asynchronous or a generator, has a parameter that cannot be named, or cannot be read.

    Example:
        >>> def double(value: int) -> int:
        ...     return 2 * value
        >>> signature_of(double, "double").takes
        {'value': <class 'int'>}
    """
    target = _annotated(run)
    if any(gives_later(target) for gives_later in WAYS_TO_GIVE_LATER):
        why = f"{_name(run)} is asynchronous or a generator, and a step gives its output when it returns"
        raise WorkflowInvalid("not an ordinary function", why=why, fix="return the output itself", about=about)
    try:
        parameters = inspect.signature(run).parameters
        hints = get_type_hints(target, include_extras=True)
    except (ValueError, TypeError, NameError, AttributeError) as error:
        fix = "annotate with names that its module imports when it runs, or put a plain function around it"
        raise WorkflowInvalid(f"cannot read {_name(run)}'s parameters", why=str(error), fix=fix, about=about) from error
    unnamed = [name for name, one in parameters.items() if one.kind is one.POSITIONAL_ONLY]
    if unnamed:
        why = f"{', '.join(unnamed)} of {_name(run)} is positional only"
        raise WorkflowInvalid("a parameter cannot be named", why=why, fix="take the / out", about=about)
    named = {name: one for name, one in parameters.items() if one.kind not in {one.VAR_POSITIONAL, one.VAR_KEYWORD}}
    rest = [hints.get(name, Any) for name, one in parameters.items() if one.kind is one.VAR_KEYWORD]
    return Signature(
        takes={name: hints.get(name, Any) for name in named},
        optional=frozenset(name for name, one in named.items() if one.default is not one.empty),
        gives=run if inspect.isclass(run) else hints.get("return", Any),
        rest=rest[0] if rest else NO_FIELD,
    )


def _annotated(run: Any) -> Any:
    """What holds the annotations of the parameters."""
    while isinstance(run, functools.partial):
        run = run.func
    if inspect.isclass(run):
        by_field = issubclass(run, msgspec.Struct) or dataclasses.is_dataclass(run) or hasattr(run, "_fields")
        return run if by_field else getattr(run, "__init__")  # noqa: B009  the checker forbids to read it otherwise
    return run if inspect.isroutine(run) else type(run).__call__


def _name(run: Any) -> str:
    return getattr(run, "__qualname__", type(run).__qualname__)
