"""Libraries of the extras `events` and `nats`, imported when a source needs them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from proveout.errors import ExtraMissing

__all__ = ["need"]


def need(module: str, extra: str, what: str) -> Any:
    """The module, or the name of the extra that brings it.

    Raises:
        ExtraMissing: it is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        fix = f"install it with: pip install 'proveout[{extra}]'"
        raise ExtraMissing(f"{what} is not available", why=str(error), fix=fix, about=extra) from error
