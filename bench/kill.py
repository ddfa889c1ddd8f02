"""Kill a worker with -9 at random moments, many times, and see what became of its runs.

Each trial forks a worker that takes over what the last one left and starts runs of its own. Every step appends a line
to a file of its own, beside the engine. After each kill the journal is read through a connection of its own: a step
found there and done again by a later worker is a step repeated after its commit.

Run: python bench/kill.py [--kills 1000] [--seed 0] [--json]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sqlite3
import tempfile
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

from proveout.families.modular.engine import EngineOptions, RunEnded, RunStarted, SqliteEngine
from proveout.families.modular.graph import Graph, Retry, StepSpec
from proveout.ledger import Ledger, LedgerReader
from proveout.store import Workspace

LONGEST_SECONDS = 0.04
AFTER_EFFECT_SECONDS = 0.0005
# This share is killed while it may still be opening the journal.
FROM_BIRTH = 0.2
# One worker in so many has the ledger, so that traces pile up and are appended later.
WITH_LEDGER = 4
OPTIONS = EngineOptions(most_crashes=1_000_000)


class Effects:
    """Steps with an effect outside: a line in a file that is only ever appended to, one write a line."""

    def __init__(self, path: Path, life: int) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._life = life
        self._failed: set[str] = set()

    def note(self, what: str, key: str) -> None:
        """Write the line down."""
        os.write(self._descriptor, f"{self._life} {what} {key}\n".encode())
        # So that many a kill comes between an effect and its commit.
        time.sleep(AFTER_EFFECT_SECONDS)

    def graph(self) -> Graph:
        """A chain, a mapped step, a step that is synced and one that fails at first."""

        def begin(value: int, key: str) -> list[int]:
            self.note("step", key)
            return [value, value + 1, value + 2]

        def each(item: int, key: str) -> int:
            self.note("step", key)
            return 2 * item

        def total(items: list[int], key: str) -> int:
            self.note("step", key)
            return sum(items)

        def flaky(value: int, key: str) -> int:
            if key not in self._failed:
                self._failed.add(key)
                raise ConnectionError("the first time it fails")
            self.note("step", key)
            return value + 1

        steps = [
            StepSpec(name="begin", run=begin, takes={"value": "input.value"}, keyed=True),
            StepSpec(name="each", run=each, takes={"item": "begin"}, each="item", keyed=True),
            StepSpec(name="total", run=total, takes={"items": "each"}, keyed=True, sync=True),
            StepSpec(
                name="flaky",
                run=flaky,
                takes={"value": "total"},
                keyed=True,
                retry=Retry(attempts=1_000_000, backoff_seconds=0.001, factor=1.0),
            ),
        ]
        return Graph("killed", takes={"value": int}, steps=steps, gives="flaky")


def expected(value: int) -> int:
    """What a run gives."""
    return 6 * value + 7


def worker(folder: Path, life: int, sign: int, *, last: bool) -> None:
    """One life: say that it works, finish what is unfinished, then start runs until killed."""
    effects = Effects(folder / "effects", life)
    ledger = Ledger.open(Workspace(folder)) if last or life % WITH_LEDGER == 0 else None
    engine = SqliteEngine(folder / "runs.sqlite", {"killed": effects.graph()}, ledger=ledger, options=OPTIONS)
    os.write(sign, b"!")
    engine.recover()
    # A retry that is not yet due is no lost run: the last life waits for it.
    engine.work(stop=(lambda: not engine.runs(status="queued", limit=1)) if last else None)
    number = 0
    while not last:
        value = life * 1000 + number
        if number % 2:
            engine.run("killed", {"value": value}, run_id=str(value))
        else:
            effects.note("acknowledged", engine.start("killed", {"value": value}, run_id=str(value)))
            engine.work()
        number += 1
    engine.close()
    if ledger is not None:
        ledger.close()


def live(folder: Path, life: int, seconds: float | None, *, from_birth: bool = False) -> None:
    """Fork a worker, and kill it after so many seconds of work, or of life; None lets it end."""
    told, sign = os.pipe()
    with warnings.catch_warnings():
        # The worker uses none of this process's threads.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        code = 1
        try:
            worker(folder, life, sign, last=seconds is None)
            code = 0
        except BaseException:  # noqa: BLE001  the fork must not go on as its parent
            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(sign)
    if seconds is not None:
        if not from_birth:
            os.read(told, 1)
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    os.close(told)
    _, status = os.waitpid(child, 0)
    ended = os.waitstatus_to_exitcode(status)
    if ended not in ((0,) if seconds is None else (-signal.SIGKILL,)):
        raise RuntimeError(f"a worker ended with {ended} and not as it was made to")


def committed(folder: Path) -> set[str]:
    """Keys of the steps that the journal holds as done."""
    path = folder / "runs.sqlite"
    if not path.exists():
        return set()
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    query = "SELECT id, step, item FROM steps JOIN runs USING (run) WHERE outcome = 'done'"
    try:
        rows = connection.execute(query).fetchall()
    except sqlite3.OperationalError:
        # Killed while it made the tables.
        rows = []
    finally:
        connection.close()
    return {f"{run}:{step}" + (f"[{item}]" if item >= 0 else "") for run, step, item in rows}


def trials(folder: Path, kills: int, seed: int) -> dict[str, Any]:
    """Kill so many workers, let the last one finish, and count what went wrong."""
    chance = random.Random(seed)  # noqa: S311  moments of a benchmark
    before: list[set[str]] = [set()]
    warm_up()
    for life in range(kills):
        live(folder, life, chance.uniform(0, LONGEST_SECONDS), from_birth=chance.random() < FROM_BIRTH)
        before.append(committed(folder))
    live(folder, kills, None)
    return {"kills": kills, "seed": seed, **judged(folder, before)}


def warm_up() -> None:
    """Load in this process what workers need, so that their lives are spent on work."""
    with tempfile.TemporaryDirectory() as folder:
        worker(Path(folder), 0, os.open(os.devnull, os.O_WRONLY), last=True)


def judged(folder: Path, before: list[set[str]]) -> dict[str, Any]:
    """What the effects, the journal and the ledger say together.

    Args:
        folder: of the trials.
        before: steps that the journal held when each life began.
    """
    lines = [line.split() for line in (folder / "effects").read_text(encoding="utf-8").splitlines()]
    steps = [(int(life), key) for life, what, key in lines if what == "step"]
    begun = {key.split(":")[0] for _, key in steps} | {key for _, what, key in lines if what == "acknowledged"}
    with SqliteEngine(folder / "runs.sqlite", {}) as engine:
        runs = {run.id: run for run in engine.runs(limit=10**9)}
        right = {name for name, run in runs.items() if run.status == "done"}
        right -= {name for name in right if engine.show(name).output != expected(int(name))}
    traced = Counter[tuple[str, str]]()
    with LedgerReader.open(Workspace(folder)) as reader:
        for entry in reader.entries():
            body = entry.body()
            if isinstance(body, RunStarted | RunEnded):
                traced[body.run, body.kind] += 1
    counts = Counter(key for _, key in steps)
    first: dict[str, int] = {}
    again = Counter(life for life, key in steps if first.setdefault(key, life) != life)
    return {
        "runs": len(runs),
        "steps": len(counts),
        "lost_runs": len(begun - right) + len(runs.keys() - right),
        "repeated_after_commit": sum(key in before[life] for life, key in steps),
        "repeated_unfinished": sum(count - 1 for count in counts.values()),
        "most_repeated_in_a_life": max(again.values(), default=0),
        "traces_lost_or_doubled": sum(
            traced[name, kind] != 1 for name in runs for kind in (RunStarted.kind, RunEnded.kind)
        ),
    }


def main() -> None:
    """Print the counts."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        found = trials(Path(folder), arguments.kills, arguments.seed)
    print(json.dumps(found) if arguments.json else "\n".join(f"{name:>24}  {value}" for name, value in found.items()))


if __name__ == "__main__":
    main()
