"""Runs a server of fake parts in a process of its own: ``run_server.py HOME WORKERS``."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from proveout.errors import ProveoutError
from proveout.gateway.server import ServeOptions, Serving, serve


def main() -> int:
    def ready(serving: Serving) -> None:
        print(msgspec.json.encode(serving).decode(), flush=True)

    options = ServeOptions(home=Path(sys.argv[1]), port=0, workers=int(sys.argv[2]), parts="fake_parts")
    try:
        serve(options, ready=ready, notice=lambda line: print(line, file=sys.stderr, flush=True))
    except ProveoutError as error:
        print(f"Error: {error}", file=sys.stderr, flush=True)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
