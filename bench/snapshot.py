"""Measure snapshots beside Delta Lake. Run: python bench/snapshot.py [--json] [--rows N] [--repeats N]."""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import deltalake
import numpy as np
import pyarrow as pa

from proveout.data import Chunk, read_table, write_table
from proveout.store import write_atomic
from proveout.task import canonical_json

Step = Callable[[Path], None]


def rows(count: int, *, edited: str = "") -> pa.Table:
    """A table like a task's examples; ``edited`` changes 1 % of the texts, ``clustered`` or ``scattered``."""
    rng = np.random.default_rng(0)
    words = np.array(["refund", "order", "card", "lost", "please", "when", "open", "money", "back", "stolen"])
    texts = [" ".join(line) for line in words[rng.integers(0, len(words), size=(count, 9))]]
    changed = range(count // 100) if edited == "clustered" else range(0, count if edited else 0, 100)
    for row in changed:
        texts[row] += " (edited)"
    labels = [f"label-{number}" for number in rng.integers(0, 150, size=count)]
    times = pa.array(np.arange(count) * 1_000_000, type=pa.timestamp("us", tz="UTC"))
    return pa.table({"id": [f"row-{number}" for number in range(count)], "text": texts, "label": labels, "time": times})


def ours_write(table: pa.Table) -> Step:
    """Chunks, then the manifest that names them; durable when it returns."""

    def step(folder: Path) -> None:
        chunks = write_table(folder / "objects", table)
        write_atomic(folder / "manifest.json", canonical_json(chunks))

    return step


def ours_read(schema: pa.Schema) -> Step:
    """Every chunk re-hashed and read."""

    def step(folder: Path) -> None:
        chunks = [Chunk(**chunk) for chunk in json.loads((folder / "manifest.json").read_bytes())]
        read_table(folder / "objects", chunks, schema)

    return step


def delta_write(table: pa.Table) -> Step:
    """A new version of a Delta table."""
    return lambda folder: deltalake.write_deltalake(str(folder), table, mode="overwrite")


def delta_read(folder: Path) -> None:
    """The latest version, read whole; Delta Lake verifies no content."""
    deltalake.DeltaTable(str(folder)).to_pyarrow_table()


def timed(step: Step, folder: Path) -> float:
    """Milliseconds of one call."""
    begun = time.perf_counter()
    step(folder)
    return (time.perf_counter() - begun) * 1000


def measure(count: int, repeats: int) -> dict[str, list[float]]:
    """Milliseconds of each step, interleaved so that a slow moment of the machine meets both."""
    table = rows(count)
    clustered, scattered = rows(count, edited="clustered"), rows(count, edited="scattered")
    steps: dict[str, tuple[Step, Step]] = {
        "snapshot": (ours_write(table), delta_write(table)),
        "1 % edited, in one place": (ours_write(clustered), delta_write(clustered)),
        "1 % edited, everywhere": (ours_write(scattered), delta_write(scattered)),
        "checkout": (ours_read(table.schema), delta_read),
    }
    found: dict[str, list[float]] = {}
    for _ in range(repeats):
        folder = Path(tempfile.mkdtemp())
        for name, (ours, delta) in steps.items():
            found.setdefault(f"{name}: proveout", []).append(timed(ours, folder / "ours"))
            found.setdefault(f"{name}: deltalake", []).append(timed(delta, folder / "delta"))
        shutil.rmtree(folder)
    return found


def main() -> None:
    """Print a row for each step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    found = measure(options.rows, options.repeats)
    medians = {name: statistics.median(values) for name, values in found.items()}
    if options.json:
        print(json.dumps({"rows": options.rows, "milliseconds": found}))
        return
    title = f"{options.rows:,} rows, ms over {options.repeats} repeats"
    print(f"{title:<38}{'min':>12}{'median':>9}{'max':>9}  proveout/deltalake")
    for name, values in found.items():
        ratio = medians[name] / medians[f"{name.partition(':')[0]}: deltalake"]
        print(f"{name:<38}{min(values):>12.1f}{medians[name]:>9.1f}{max(values):>9.1f}  {ratio:>8.2f}")


if __name__ == "__main__":
    main()
