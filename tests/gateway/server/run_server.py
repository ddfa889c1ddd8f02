"""Runs a server of fake parts in a process of its own: ``run_server.py HOME WORKERS``."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from proveout.errors import ProveoutError
from proveout.gateway.server import ServeOptions, Serving, serve


def main() -> int:
    def ready(serving: Serving) -> None:
        sys.stdout.buffer.write(msgspec.json.encode(serving) + b"\n")
        sys.stdout.flush()

    def notice(line: str) -> None:
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()

    options = ServeOptions(home=Path(sys.argv[1]), port=0, workers=int(sys.argv[2]), parts="fake_parts")
    try:
        serve(options, ready=ready, notice=notice)
    except ProveoutError as error:
        notice(f"Error: {error}")
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
