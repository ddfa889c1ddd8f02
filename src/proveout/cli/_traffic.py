"""``proveout traffic``: which features call a model, what they cost, and their rows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from proveout.cli._common import FOLDER, emit, json_option, next_command
from proveout.errors import TaskNotFound
from proveout.gateway.traffic import features, traffic_rows
from proveout.store import Workspace, write_atomic

if TYPE_CHECKING:
    from rich.console import Console

    from proveout.gateway.traffic import Feature

__all__ = ["command"]

NONE = "–"  # noqa: RUF001  a dash, as in the other tables


@click.command("traffic")
@click.option("--home", type=FOLDER, default=Path("proveout-gateway"), show_default=True, help="The gateway's folder.")
@click.option("--model", default="", metavar="NAME", help="Export only requests for this model.")
@click.option("--template", default="", metavar="ID", help="Export only requests of this feature.")
@click.option("--export", "to", type=click.Path(path_type=Path), metavar="FILE", help="Write rows as JSON lines.")
@json_option
def command(home: Path, model: str, template: str, to: Path | None, json_to: str | None) -> None:
    """List the features that called a model through the gateway, the dearest first; or export their rows."""
    workspace = Workspace(home)
    if not workspace.ledger.is_dir():
        fix = f"send requests through a gateway first: proveout serve --home {home} --upstream URL"
        raise TaskNotFound("nothing is recorded here", why="there is no ledger", fix=fix, about=str(home))
    if to is not None:
        _export(workspace, to, model, template, json_to)
        return
    found = features(workspace)
    emit([_plain(one) for one in found], json_to, lambda console: _show(console, found, home))


def _export(workspace: Workspace, to: Path, model: str, template: str, json_to: str | None) -> None:
    lines = [msgspec.json.encode(row) for row in traffic_rows(workspace, model=model, template=template)]
    write_atomic(to, b"".join(line + b"\n" for line in lines))

    def show(console: Console) -> None:
        console.print(f"{len(lines):,} rows in {to}", markup=False)
        columns = "--input text --output answer --incumbent answer"
        next_command(console, f"proveout new desk --kind classify --examples {to} {columns}")

    emit({"rows": len(lines), "file": str(to)}, json_to, show)


def _plain(one: Feature) -> dict[str, object]:
    totals = msgspec.to_builtins(one.totals)
    del totals["milliseconds"]
    percentiles = {f"p{round(share * 100)}_ms": one.totals.percentile(share) for share in (0.5, 0.95, 0.99)}
    return {"model": one.model, "template": one.template, "begins": one.begins, **totals, **percentiles}


def _show(console: Console, found: list[Feature], home: Path) -> None:
    from rich.table import Table  # noqa: PLC0415  only people need it

    table = Table(box=None, pad_edge=False)
    for name in ("model", "template", "calls", "failed", "again", "in", "out", "USD", "p50", "p95"):
        table.add_column(name, justify="left" if name in {"model", "template"} else "right", no_wrap=True)
    for one in found:
        table.add_row(*_cells(one))
    console.print(table)
    console.print("again: inputs that had come before; in, out: tokens; p50, p95: milliseconds", markup=False)
    for one in found:
        if one.begins:
            console.print(f"{one.template}: {one.begins}", markup=False)
    if any(one.totals.unpriced for one in found):
        console.print("* no price is known for some of these, and 0 was counted: set it in gateway.toml", markup=False)
    if found:
        next_command(console, f"proveout traffic --home {home} --model {found[0].model} --export rows.jsonl")


def _cells(one: Feature) -> list[str]:
    totals = one.totals
    share = f"{totals.repeated / totals.requests:.0%}"
    usd = f"${totals.usd:,.4f}" + ("*" if totals.unpriced else "")
    times = [NONE if value is None else f"{value:,.0f}" for value in (totals.percentile(0.5), totals.percentile(0.95))]
    counts = [f"{totals.requests:,}", f"{totals.failed:,}", share, f"{totals.tokens_in:,}", f"{totals.tokens_out:,}"]
    return [one.model, one.template or NONE, *counts, usd, *times]
