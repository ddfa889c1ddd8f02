"""All built-in functions of FEEL by name, and the calling of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proveout.families.symbolic.dmn._feel_dates import DATES, RANGES
from proveout.families.symbolic.dmn._feel_lists import CONTEXTS, LISTS
from proveout.families.symbolic.dmn._feel_registry import Table, call_one
from proveout.families.symbolic.dmn._feel_texts import NUMBERS, TEXTS

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["BUILTINS", "called"]

BUILTINS: Table = {**TEXTS, **NUMBERS, **LISTS, **CONTEXTS, **DATES, **RANGES}


def called(name: str, given: Sequence[Any], names: Sequence[str]) -> Any:
    """The value of the built-in of that name.

    Raises:
        Fault: it has no value for these arguments.

    Example:
        >>> called("substring before", ["foobar", "bar"], ())
        'foo'
    """
    return call_one(name, BUILTINS[name], given, names)
