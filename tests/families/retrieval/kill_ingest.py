"""Kill an ingest with signal 9 again and again and count what was lost. Run: python kill_ingest.py FOLDER KILLS.

Each child ingests batches and acknowledges each that returned; it is killed after a random while. Then the database
must hold every acknowledged batch, and each batch whole or not at all. Prints the counts as JSON.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from proveout.families.retrieval import Knowledge, Source

PAGES = 12
Acknowledged = list[tuple[int, int, int]]


class Embedder:
    """All texts have one vector."""

    name = fingerprint = "constant"

    def embed(self, texts: Sequence[str]) -> Any:
        return np.array([[1.0, 0.0]] * len(texts), dtype=np.float32)

    def save(self, folder: Path) -> None:
        raise NotImplementedError


def ingest_for_ever(folder: Path, first: int, out: int) -> None:
    """Acknowledge (batch, generation, chunks) after each batch; from the third on, a batch also deletes pages."""
    with Knowledge.open(folder, Embedder(), folder) as knowledge:
        for batch in range(first, first + 1000):
            text = f"batch {batch} " + "some words here. " * 60
            rows = [Source(path=f"{batch}-{page}", content=f"{page} {text}".encode()) for page in range(PAGES)]
            gone = [f"{batch - 2}-{page}" for page in range(0, PAGES, 2)] if batch >= first + 2 else []
            report = knowledge.ingest(rows, delete=gone)
            os.write(out, json.dumps([batch, report.generation, report.chunks]).encode() + b"\n")


def kill_one(folder: Path, first: int, chance: random.Random) -> Acknowledged:
    """What one child acknowledged before it was killed; it inherits the imports, which take longer than a batch."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        ingest_for_ever(folder, first, write)
    os.close(write)
    time.sleep(chance.uniform(0.02, 0.4))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(read) as lines:
        return [json.loads(line) for line in lines]


def verdict(folder: Path, acknowledged: Acknowledged) -> dict[str, Any]:
    """What is there beside what was acknowledged."""
    with closing(sqlite3.connect(folder / "knowledge.sqlite")) as connection:
        read = connection.execute
        made = dict(read("SELECT number, chunks FROM generations").fetchall())
        lost = [row for row in acknowledged if made.get(row[1]) != row[2] or len(pages_of(read, row[0])) != PAGES]
        batches = {int(path.split("-")[0]) for (path,) in read("SELECT path FROM documents")}
        half = [batch for batch in batches if len(pages_of(read, batch)) != PAGES]
        valid = "SELECT count(*) FROM chunks WHERE valid_from <= ? AND valid_to > ?"
        half += [number for number, chunks in made.items() if read(valid, (number, number)).fetchone()[0] != chunks]
        orphans = "SELECT count(*) FROM chunks WHERE chunk_hash NOT IN (SELECT chunk_hash FROM vectors)"
        return {
            "acknowledged": len(acknowledged),
            "lost": len(lost),
            "half": len(half) + read(orphans).fetchone()[0],
            "batches": len(batches),
            "integrity": read("PRAGMA integrity_check").fetchone()[0],
        }


def pages_of(read: Callable[..., Any], batch: int) -> list[Any]:
    """Pages of a batch that were born in one generation."""
    query = "SELECT path FROM documents WHERE path GLOB ? GROUP BY path HAVING count(DISTINCT valid_from) = 1"
    return list(read(query, (f"{batch}-*",)).fetchall())


def main(folder: Path, kills: int) -> None:
    """Kill, then look."""
    chance = random.Random(0)
    with Knowledge.open(folder, Embedder(), folder):
        pass
    acknowledged = [row for kill in range(kills) for row in kill_one(folder, kill * 1000, chance)]
    print(json.dumps({"kills": kills, **verdict(folder, acknowledged)}))  # noqa: T201  its result


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
