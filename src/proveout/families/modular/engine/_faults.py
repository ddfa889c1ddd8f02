"""Errors as the journal keeps them."""

from __future__ import annotations

import msgspec

from proveout import errors
from proveout.errors import ProveoutError, StepFailed
from proveout.families.modular.graph import said

__all__ = ["as_error", "error_of", "error_to_json"]


def as_error(error: BaseException, about: str) -> ProveoutError:
    """What a step raised, as an error of ours.

    Example:
        >>> print(as_error(KeyError("city"), "weather"))
        weather: a step raised: KeyError: 'city'. Next: correct the step or its input.
    """
    if isinstance(error, ProveoutError):
        return error
    return StepFailed("a step raised", why=said(error), fix="correct the step or its input", about=about)


def error_to_json(error: ProveoutError) -> bytes:
    """Its class and all it says."""
    return msgspec.json.encode(error.to_dict())


def error_of(content: bytes) -> ProveoutError:
    """The error that was kept; of a class that is not known here, a `StepFailed`.

    Example:
        >>> from proveout.errors import StepTimedOut
        >>> kept = error_to_json(StepTimedOut("late", why="1 s", fix="wait", about="call"))
        >>> print(error_of(kept))
        call: late: 1 s. Next: wait.
    """
    fields = msgspec.json.decode(content, type=dict[str, str])
    kind = getattr(errors, fields.pop("error"), StepFailed)
    if not (isinstance(kind, type) and issubclass(kind, ProveoutError)):
        kind = StepFailed
    return kind(fields.pop("what"), **fields)
