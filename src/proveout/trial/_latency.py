"""Milliseconds as quantiles with intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proveout.trial._comparison import Latency, LatencyInterval
from proveout.trial._intervals import quantile_interval

if TYPE_CHECKING:
    from proveout.trial._scored import Floats

__all__ = ["latency_figures"]

QUANTILES = {"p50": 0.50, "p95": 0.95, "p99": 0.99}


def latency_figures(milliseconds: Floats, *, measured: bool) -> Latency:
    """Quantiles with their intervals; None without any request."""
    named = [(name, quantile_interval(milliseconds, share)) for name, share in QUANTILES.items()]
    ends = {name: LatencyInterval(*(found[1:] if found else (None, None))) for name, found in named}
    values = {name: found.value if found else None for name, found in named}
    return Latency(**values, intervals=ends, n=len(milliseconds), measured=measured)
