"""Measure the engine beside LangGraph, DBOS, Haystack, Burr and plain Python, in one run.

Three figures: microseconds a journaled step without a sync (a chain of 1,000 steps), and wall and CPU milliseconds of
a durable run of five steps. Ways take turns, each measurement in a process of its own. The peers are taken from the
environment whose Python is named, made with: python -m venv PEERS && PEERS/bin/pip install --group bench-engines

Run: python bench/engine.py [--peers PYTHON] [--repeats 5] [--runs 100] [--json]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

WAYS = Path(__file__).with_name("engine_ways.py")
OURS = ("plain Python", "Proveout", "Proveout, a sync a step", "Proveout, no sync")
PEERS = ("LangGraph + SQLite", "DBOS + SQLite", "Haystack, keeps nothing", "Burr + SQLite")
LONG = 1000
LONG_RUNS = 3
STEPS = 5
QUIET = {"HAYSTACK_TELEMETRY_ENABLED": "False", "DO_NOT_TRACK": "1", "LANGSMITH_TRACING": "false"}
Measured = dict[str, list[dict[str, float]]]


def one(python: str, name: str, runs: int, steps: int) -> dict[str, float] | str:
    """Milliseconds a run, wall and CPU; or why there are none."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        command = [python, str(WAYS), name, folder, str(runs), str(steps)]
        done = subprocess.run(command, env=os.environ | QUIET, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return (done.stderr.strip().splitlines() or ["no word"])[-1]
    took: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return {clock: seconds / runs * 1000 for clock, seconds in took.items()}


def durable_runs(peers: str | None, repeats: int, runs: int) -> tuple[Measured, dict[str, str]]:
    """Milliseconds a five-step run by way, and the ways that were skipped with the reason."""
    pythons = dict.fromkeys(OURS, sys.executable) | (dict.fromkeys(PEERS, peers) if peers else {})
    skipped = {} if peers else dict.fromkeys(PEERS, "no --peers")
    measured: Measured = {name: [] for name in pythons}
    for _ in range(repeats):
        for name, python in pythons.items():
            if name in skipped:
                continue
            found = one(python, name, runs, STEPS)
            if isinstance(found, str):
                skipped[name] = found
            else:
                measured[name].append(found)
    return {name: values for name, values in measured.items() if values}, skipped


def long_runs(repeats: int) -> Measured:
    """Microseconds a step of a long chain, since milliseconds a thousand steps are that."""
    measured: Measured = {"Proveout, no sync": [], "plain Python": []}
    for _ in range(repeats):
        for name, values in measured.items():
            found = one(sys.executable, name, LONG_RUNS, LONG)
            if isinstance(found, str):
                raise RuntimeError(found)  # noqa: TRY004  not a wrong type, but a process that failed
            values.append(found)
    return measured


def spread(values: list[float]) -> dict[str, float]:
    """Smallest, median and largest."""
    return {"min": min(values), "median": statistics.median(values), "max": max(values)}


def summary(measured: Measured) -> dict[str, dict[str, dict[str, float]]]:
    """The spread of each clock by way."""
    return {
        name: {clock: spread([value[clock] for value in values]) for clock in ("wall", "cpu")}
        for name, values in measured.items()
    }


def ratios(measured: Measured) -> dict[str, dict[str, dict[str, float]]]:
    """How many times our time each way took, repeat by repeat."""
    ours = measured["Proveout"]
    return {
        name: {
            clock: spread([other[clock] / own[clock] for own, other in zip(ours, values, strict=True)])
            for clock in ("wall", "cpu")
        }
        for name, values in measured.items()
        if name in PEERS and len(values) == len(ours)
    }


def show(found: dict[str, Any]) -> None:
    """Print the figures for people."""
    print(f"load of the machine at the end: {found['load']}")
    print(f"\njournaled step, no sync, a chain of {LONG}: us a step, min, median, max")
    for name, clocks in found["step"].items():
        print(f"  {name:<26}" + "".join(f"  {clock} {_three(values)}" for clock, values in clocks.items()))
    print(f"\nrun of {STEPS} steps: ms a run, min, median, max")
    for name, clocks in found["run"].items():
        print(f"  {name:<26}" + "".join(f"  {clock} {_three(values)}" for clock, values in clocks.items()))
    print("\ntimes the time of Proveout: min, median, max of the repeats")
    for name, clocks in found["ratio"].items():
        print(f"  {name:<26}" + "".join(f"  {clock} {_three(values)}" for clock, values in clocks.items()))
    for name, why in found["skipped"].items():
        print(f"  {name:<26}  skipped: {why}")


def _three(values: dict[str, float]) -> str:
    return " ".join(f"{values[name]:8.3f}" for name in ("min", "median", "max"))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--peers", help="the Python of an environment with the peers")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    step = long_runs(arguments.repeats)
    run, skipped = durable_runs(arguments.peers, arguments.repeats, arguments.runs)
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    found = {"step": summary(step), "run": summary(run), "ratio": ratios(run), "skipped": skipped, "load": load}
    if arguments.json:
        print(json.dumps(found))
    else:
        show(found)


if __name__ == "__main__":
    main()
