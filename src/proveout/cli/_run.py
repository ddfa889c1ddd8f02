"""``proveout run DIR GRAPH``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click
import msgspec

from proveout import loop
from proveout.cli._common import emit, folder_argument, json_option, prints_apart
from proveout.cli._runs import exit_code, result_json, show_result
from proveout.store import translated_os_errors

__all__ = ["command"]

PRIORITY = click.IntRange(-1_000_000, 1_000_000)


def _inputs(_context: click.Context, _parameter: click.Parameter, value: str) -> dict[str, Any]:
    """JSON, ``@FILE`` or ``-``."""
    if value == "-":
        content = sys.stdin.buffer.read()
    elif value.startswith("@"):
        path = Path(value[1:])
        try:
            with translated_os_errors(path):
                content = path.read_bytes()
        except OSError as error:
            raise click.BadParameter(f"{path} cannot be read: {error.strerror}") from error
    else:
        content = os.fsencode(value)
    try:
        return msgspec.json.decode(content, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise click.BadParameter(f"it is no JSON object: {error}") from error


@click.command("run")
@folder_argument
@click.argument("graph", metavar="GRAPH")
@click.option("--input", "inputs", default="{}", metavar="JSON", callback=_inputs, help="Or @FILE, or - for stdin.")
@click.option("--key", metavar="KEY", help="The same key gives the same run.")
@click.option("--queue", metavar="NAME", help="Put it into a queue, for `proveout runs work`.")
@click.option("--priority", type=PRIORITY, default=0, show_default=True, help="In the queue; higher runs first.")
@json_option
def command(
    folder: Path,
    graph: str,
    inputs: dict[str, Any],
    key: str | None,
    queue: str | None,
    priority: int,
    json_to: str | None,
) -> int:
    """Run GRAPH, a file in DIR and a name in it such as desk.py:refunds, to its end.

    Each step is written down when it is done. A run that is cut off goes on with `proveout runs resume`.
    """
    if queue is not None:
        with prints_apart(json_to):
            run_id = loop.queue_run(folder, graph, inputs, key=key, queue=queue, priority=priority)
        detail = loop.show_run(folder, run_id)
        emit(result_json(detail), json_to, lambda console: show_result(console, folder, detail))
        return 0
    with prints_apart(json_to):
        result = loop.run_reference(folder, graph, inputs, key=key)
    detail = loop.show_run(folder, result.id)
    emit(result_json(detail), json_to, lambda console: show_result(console, folder, detail))
    return exit_code(detail)
