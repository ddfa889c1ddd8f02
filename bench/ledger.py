"""Measure the ledger: durable appends beside SQLite and pymerkle, proof size, kill -9 trials, corruption sweep.

Run: python bench/ledger.py [--json] [--kills N] [--corrupt]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sqlite3
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pymerkle import SqliteTree

from proveout.errors import ProveoutError
from proveout.ledger import EntryBody, Ledger, LedgerReader, entry, verify_ledger
from proveout.store import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable

BATCH = 100
KILLS_A_LEDGER = 50


@entry("test.request", version=1)
class Request(EntryBody, frozen=True):
    """An entry of the size of a short request."""

    text: str
    intent: str
    confidence: float
    serial: int


def request(serial: int) -> Request:
    """The workload's entry number ``serial``."""
    return Request(text=f"where is my card number {serial}?", intent="card_arrival", confidence=0.93, serial=serial)


def ours(folder: Path, batches: int, subject: str | None = None) -> float:
    """Seconds to append, durable a batch."""
    work = [[request(at * BATCH + place) for place in range(BATCH)] for at in range(batches)]
    with Ledger.open(Workspace(folder)) as ledger:
        began = time.perf_counter()
        for bodies in work:
            ledger.append_many(bodies, subject)
        return time.perf_counter() - began


def encrypted(folder: Path, batches: int) -> float:
    """The same with payloads encrypted for a subject."""
    return ours(folder, batches, subject="ada")


def plain_sqlite(folder: Path, batches: int) -> float:
    """One row an entry, one transaction a batch; no hashes, no proofs."""
    connection = sqlite3.connect(folder / "plain.sqlite", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE entries (id INTEGER PRIMARY KEY, kind TEXT, time INTEGER, body BLOB)")
    work = [[request(at * BATCH + place) for place in range(BATCH)] for at in range(batches)]
    began = time.perf_counter()
    for bodies in work:
        rows = [("test.request", time.time_ns(), body_json(body)) for body in bodies]
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO entries (kind, time, body) VALUES (?, ?, ?)", rows)
        connection.execute("COMMIT")
    took = time.perf_counter() - began
    connection.close()
    return took


def pymerkle_sqlite(folder: Path, batches: int) -> float:
    """Pymerkle's SQLite tree, one bulk append a batch."""
    tree = SqliteTree(str(folder / "pymerkle.sqlite"), algorithm="sha256")
    work = [[request(at * BATCH + place) for place in range(BATCH)] for at in range(batches)]
    began = time.perf_counter()
    for bodies in work:
        tree.append_entries([body_json(body) for body in bodies])
    took = time.perf_counter() - began
    tree.con.close()
    return took


def body_json(body: Request) -> bytes:
    """The body as the baselines store it."""
    fields = {"text": body.text, "intent": body.intent, "confidence": body.confidence, "serial": body.serial}
    return json.dumps(fields).encode()


WAYS: dict[str, tuple[Callable[[Path, int], float], int]] = {
    "proveout": (ours, 300),
    "proveout, encrypted": (encrypted, 300),
    "SQLite rows": (plain_sqlite, 300),
    "pymerkle (SQLite)": (pymerkle_sqlite, 30),
}


def rates(repeats: int) -> dict[str, dict[str, float]]:
    """Durable appends a second; ways take turns, so that a slow spell of the machine hits all."""
    measured: dict[str, list[float]] = {name: [] for name in WAYS}
    for _ in range(repeats):
        for name, (way, batches) in WAYS.items():
            with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
                measured[name].append(batches * BATCH / way(Path(folder), batches))
    return {
        name: {"min": min(values), "median": statistics.median(values), "max": max(values)}
        for name, values in measured.items()
    }


def proofs(entries: int) -> dict[str, float]:
    """Size of inclusion proofs, and time to make one, in a log of that many entries."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        ours(Path(folder), entries // BATCH)
        reader = LedgerReader.open(Workspace(Path(folder)))
        sizes, times = [], []
        for index in range(0, entries, entries // 200):
            began = time.perf_counter()
            proof = reader.prove(index)
            times.append(time.perf_counter() - began)
            sizes.append(len(proof.to_bytes()))
            assert proof.check(reader.entry(index).leaf) if index < 10 else proof  # noqa: S101  checks the benchmark
    return {
        "entries": entries,
        "largest_bytes": max(sizes),
        "first_seconds": times[0],
        "median_seconds": statistics.median(times[1:]),
    }


def victim(folder: Path, tell: int) -> None:
    """Append for ever, telling each acknowledged index; killed by the parent."""
    generator = random.Random()  # noqa: S311  varies the workload, guards nothing
    with Ledger.open(Workspace(folder), segment_bytes=200_000) as ledger:
        while True:
            size = generator.choice([1, 7, 100, 1500])
            receipts = ledger.append_many([request(serial) for serial in range(size)])
            os.write(tell, f"{receipts[-1].index}\n".encode())


def kill_once(folder: Path, generator: random.Random) -> dict[str, int]:
    """Kill a writer at a random moment; count acknowledged entries that are missing afterwards."""
    listen, tell = os.pipe()
    child = os.fork()  # an exec would spend most of the trials on imports
    if child == 0:
        try:
            victim(folder, tell)
        finally:
            os._exit(70)
    os.close(tell)
    with os.fdopen(listen, "rb") as told:
        first = told.readline()
        time.sleep(generator.uniform(0, 0.03))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        lines = (first + told.read()).split(b"\n")[:-1]
    acknowledged = int(lines[-1])
    before = verify_ledger(Workspace(folder))
    with Ledger.open(Workspace(folder)) as ledger:
        kept = len(ledger)
    after = verify_ledger(Workspace(folder))
    return {
        "acknowledged": len(lines),
        "lost": max(acknowledged + 1 - kept, 0),
        "torn": int(not before.ok),
        "unverified": int(not after.ok),
    }


def kills(count: int, seed: int) -> dict[str, int]:
    """Repeat `kill_once`; one ledger lives through many kills."""
    generator = random.Random(seed)  # noqa: S311  chooses moments, guards nothing
    total = {"trials": 0, "acknowledged": 0, "lost": 0, "torn": 0, "unverified": 0}
    while total["trials"] < count:
        with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
            for _ in range(min(KILLS_A_LEDGER, count - total["trials"])):
                found = kill_once(Path(folder), generator)
                total = {name: total[name] + found.get(name, 1) for name in total}
    return total


def corruption(entries: int) -> dict[str, int]:
    """Change every byte of every file of a small closed log, one at a time, to every other of 3 values."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        workspace = Workspace(Path(name))
        with Ledger.open(workspace, segment_bytes=1500) as ledger:
            for serial in range(entries):
                ledger.append(request(serial), subject="ada" if serial % 2 else None)
        files = [path for path in sorted(workspace.ledger.rglob("*")) if path.is_file() and path.name != "lock"]
        total = {"files": len(files), "bytes": 0, "changes": 0, "detected": 0}
        for path in files:
            content = path.read_bytes()
            total["bytes"] += len(content)
            for at in range(len(content)):
                for flip in (0x01, 0x20, 0xFF):
                    path.write_bytes(content[:at] + bytes([content[at] ^ flip]) + content[at + 1 :])
                    total["changes"] += 1
                    total["detected"] += not verify_ledger(workspace).ok
            path.write_bytes(content)
        if not verify_ledger(workspace).ok:
            raise SystemExit("the restored log does not verify")
    return total


def show(results: dict[str, Any]) -> None:
    """Print for people."""
    if "appends_per_second" in results:
        print(f"{'durable appends/s, batches of 100':<36}{'min':>10}{'median':>10}{'max':>10}")
        for name, row in results["appends_per_second"].items():
            print(f"{name:<36}" + "".join(f"{row[key]:>10,.0f}" for key in ("min", "median", "max")))
    for name in results.keys() - {"appends_per_second"}:
        print(f"{name}: " + ", ".join(f"{key} {value:,.6g}" for key, value in results[name].items()))


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--kills", type=int, nargs="?", const=1000, default=0, metavar="N")
    parser.add_argument("--corrupt", action="store_true")
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    results: dict[str, Any] = {}
    if asked.kills:
        results["kills"] = kills(asked.kills, asked.seed)
    if asked.corrupt:
        results["corruption"] = corruption(entries=12)
    if not results:
        results = {"appends_per_second": rates(asked.repeats), "proofs": proofs(100_000)}
    if asked.json:
        print(json.dumps(results, indent=2))
    else:
        show(results)
    failed = results.get("kills", {}).get("lost", 0) + results.get("kills", {}).get("unverified", 0)
    missed = results.get("corruption", {}).get("changes", 0) - results.get("corruption", {}).get("detected", 0)
    return 1 if failed or missed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ProveoutError as error:
        sys.exit(str(error))
