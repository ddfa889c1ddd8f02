"""Libraries of the extra ``causal``, imported when they are first needed."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from proveout.errors import ExtraMissing

__all__ = ["extra"]


def extra(module: str) -> Any:
    """The module.

    Raises:
        ExtraMissing: it is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        fix = 'pip install "proveout[causal]"'
        raise ExtraMissing("an extra is missing", why=f"no module {error.name}", fix=fix, about="causal") from error
