"""The fake upstream in a process of its own, until its standard input is closed.

Run: python bench/gateway_upstream.py LATENCY_SECONDS [PACE_SECONDS]
"""

from __future__ import annotations

import sys

from proveout.testing import FakeUpstream


def main() -> None:
    """Print the base URL, and serve."""
    latency, pace = (float(value) for value in (*sys.argv[1:3], "0", "0")[:2])
    with FakeUpstream(latency=latency, pace=pace, keep=0) as upstream:
        print(upstream.base_url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
