"""Prove, on your own traffic, that an LLM call can be replaced by something you can afford, explain and verify.

Each word of the loop is a function here and a command of the same name: `new`, `snapshot`, `build`, `compare`,
`cost`, `decide`, `verify`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from proveout.loop import build, compare, cost, decide, new, snapshot, verify

__all__ = ["build", "compare", "cost", "decide", "new", "snapshot", "verify"]


def __getattr__(name: str) -> Any:
    # Loaded on first use (PEP 562), so that `proveout --help` imports none of the libraries behind them.
    if name in __all__:
        from proveout import loop  # noqa: PLC0415  see above

        return getattr(loop, name)
    raise AttributeError(f"module 'proveout' has no attribute {name!r}")
