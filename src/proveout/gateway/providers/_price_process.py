"""A process that looks prices up and ends; run by `look_up_apart`, with what is asked on standard input."""

from __future__ import annotations

import sys
from contextlib import suppress

import msgspec

from proveout.gateway.providers._prices import Priced, look_up

__all__ = ["main"]


def main() -> None:
    """Answer what stands on standard input."""
    asked = msgspec.json.decode(sys.stdin.buffer.read(), type=list[Priced])
    found = msgspec.json.encode(look_up(asked))
    with suppress(BrokenPipeError):  # whoever asked is gone
        sys.stdout.buffer.write(found)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
