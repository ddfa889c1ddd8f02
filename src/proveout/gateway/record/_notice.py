"""Lines for the operator."""

from __future__ import annotations

import sys

__all__ = ["tell"]


def tell(line: str) -> None:
    """Say it on standard error, at once."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
