"""What one worker process keeps over reloads."""

from __future__ import annotations

from typing import Any

import msgspec

__all__ = ["Process"]


class Process(msgspec.Struct, kw_only=True):
    """The things of a process that no configuration replaces.

    Attributes:
        recorder: takes the records.
        limiter: what was used of limits.
        by_tier: requests under way, by the name of their tier.
        draining: nothing more is let in.
    """

    recorder: Any
    limiter: Any
    by_tier: dict[str, int] = {}
    draining: bool = False
