"""The child process that serves one GGUF file; run by its path, so that it imports no more than it serves with.

It reads one line of JSON (fields of `Served`) from standard input, writes one line with the address to standard
output when the model is loaded, and ends when standard input does: a parent that is killed leaves no orphan.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Served", "main"]

LOOK_AGAIN_SECONDS = 0.5
# llama.cpp's scale: 2 keeps warnings and errors, so that the log of a long run stays short.
VERBOSITY = 2


class Served(NamedTuple):
    """What is served, and how.

    Attributes:
        path: of the GGUF file.
        prefix: first part of every URL's path; nobody who does not know it can call.
        context: tokens of prompt and reply together.
        threads: that compute.
        seed: of sampling, where a request names none.
        parent: process id whose end is the child's end.
    """

    path: str
    prefix: str
    context: int
    threads: int
    seed: int
    parent: int


def main() -> None:
    """Serve until the parent closes the pipe or is gone."""
    # An interrupt of the terminal reaches the whole group; the parent decides when its child ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    served = Served(**json.loads(sys.stdin.readline()))
    said = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # llama.cpp writes to both, and the parent reads one line
    threading.Thread(target=_end_with_pipe, daemon=True).start()
    try:
        server = _server(served)
    except RuntimeError as error:
        sys.stderr.write(f"{error}\n")
        sys.stderr.flush()
        os._exit(1)
    said.write(json.dumps({"address": server.listening_address}) + "\n")
    said.flush()
    _wait(lambda: os.getppid() != served.parent)
    os._exit(0)


def _server(served: Served) -> Any:
    import xllamacpp  # noqa: PLC0415  100 MB, and only the child serves

    params = xllamacpp.CommonParams()
    params.model.path = served.path
    params.hostnames, params.port, params.api_prefix = ["127.0.0.1"], 0, served.prefix
    params.n_ctx = served.context
    # Requests that are computed together change each other's rounding: one at a time gives equal answers.
    params.n_parallel = 1
    params.sampling.seed = served.seed
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = served.threads
    # Other pages of the server show prompts.
    params.endpoint_slots = params.endpoint_props = params.endpoint_metrics = params.ui = False
    params.verbosity = VERBOSITY
    return xllamacpp.Server(params)


def _end_with_pipe() -> None:
    sys.stdin.read()
    os._exit(0)


def _wait(ended: Callable[[], bool]) -> None:
    """The pipe is not enough: a process that the parent forked may hold its other end."""
    while not ended():
        time.sleep(LOOK_AGAIN_SECONDS)


if __name__ == "__main__":
    main()
