"""The theorem prover, imported when it is first needed."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import msgspec

from proveout.errors import ExtraMissing

__all__ = ["Budget", "TooComplex", "z3_module"]


class Budget(msgspec.Struct, frozen=True):
    """What one question to the prover may cost, before the answer is "too complex".

    Attributes:
        steps: z3's own count of work (``rlimit``): the same on every machine, so that answers are reproducible.
        milliseconds: a safety net in wall-clock time, for what the count misses.

    Example:
        >>> Budget().steps
        3000000
    """

    steps: int = 3_000_000
    milliseconds: int = 10_000


class TooComplex(msgspec.Struct, frozen=True):
    """No answer within the budget.

    Attributes:
        why: what the prover says.
    """

    why: str


def z3_module() -> Any:
    """The module ``z3``.

    Raises:
        ExtraMissing: it is not installed.

    Example:
        >>> z3_module().__name__
        'z3'
    """
    try:
        return import_module("z3")
    except ImportError as error:
        fix = 'pip install "proveout[symbolic]"'
        raise ExtraMissing("an extra is missing", why=f"no module {error.name}", fix=fix, about="symbolic") from error
