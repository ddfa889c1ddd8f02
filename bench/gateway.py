"""Measure the gateway beside LiteLLM, Portkey, MLflow, TensorZero embedded and plain Starlette, in one run.

The gateway has one core; the fake upstream and the load have the other. Key check, limits and the ledger's record are
on for Proveout; peers have none of these, and no database. Ways take turns, so that a change of the machine's pace
meets all. CPU microseconds a request, user and system, children included, is the figure to compare: it does not depend
on how the cores are shared. Peers come from environments of their own (group `bench-gateways` of pyproject.toml)::

    python -m venv litellm && litellm/bin/pip install 'litellm[proxy]' opentelemetry-sdk
    python -m venv mlflow && mlflow/bin/pip install 'mlflow[gateway]'
    python -m venv tensorzero && tensorzero/bin/pip install tensorzero
    python -m venv starlette && starlette/bin/pip install starlette httpx uvicorn uvloop httptools
    npm install --prefix portkey @portkey-ai/gateway

Run: python bench/gateway.py [--peer litellm=FOLDER ...] [--repeats 3] [--seconds 3] [--without-proveout] [--json]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvloop

from gateway_peers import PEERS, Direct, Measurable, Served, Setup, compiled, start, version
from gateway_processes import pin, spread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway_load import Window

GATEWAY_CORE, LOAD_CORE = 0, 1
CONNECTIONS = (1, 16, 64)
SLOW_SECONDS = 0.05
SLOW_CONNECTIONS = 16
Figures = dict[str, list[float]]
# What is measured of each way: name of the case, connections, stream, which upstream.
CASES = [
    *((f"{count} connections", count, False, "fast") for count in CONNECTIONS),
    *((f"{count} connections, stream", count, True, "fast") for count in CONNECTIONS),
    ("16 connections over 50 ms", SLOW_CONNECTIONS, False, "slow"),
]


@contextmanager
def upstream(latency: float) -> Iterator[str]:
    """The fake upstream in a process on the load's core; its base URL."""
    command = [
        "taskset",
        "--cpu-list",
        str(LOAD_CORE),
        sys.executable,
        str(Path(__file__).with_name("gateway_upstream.py")),
    ]
    with subprocess.Popen(
        [*command, str(latency)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as serving:
        assert serving.stdin is not None  # noqa: S101  it was asked for
        assert serving.stdout is not None  # noqa: S101  it was asked for
        yield serving.stdout.readline().strip()
        serving.stdin.close()


def figures(window: Window) -> dict[str, float]:
    """What is kept of a measurement; only errors where nothing was answered."""
    if not window.latencies:
        return {"errors": window.errors}
    return {
        "rate": window.rate,
        "cpu_us": window.cpu_us,
        "p50_ms": window.quantile(0.5),
        "p99_ms": window.quantile(0.99),
        "errors": window.errors,
    }


def begin(names: dict[str, Path], urls: dict[str, str], folder: Path) -> dict[str, dict[str, Measurable]]:
    """Start every way once for each upstream; what could not be started is told and left out."""
    up: dict[str, dict[str, Measurable]] = {
        "direct": {speed: Direct(int(url.rpartition(":")[2].partition("/")[0])) for speed, url in urls.items()}
    }
    for name, home in names.items():
        up[name] = {}
        for speed, url in urls.items():
            setup = Setup(home=home, upstream=url, port=0, folder=folder / f"{name}-{speed}")
            try:
                up[name][speed] = start(name, setup, GATEWAY_CORE)
            except (RuntimeError, OSError, subprocess.CalledProcessError) as error:
                print(f"{name} is left out: {error}", file=sys.stderr)
        if len(up[name]) < len(urls):
            end({name: up.pop(name)})
    return up


def end(up: dict[str, dict[str, Measurable]]) -> None:
    """Stop all."""
    for running in up.values():
        for one in running.values():
            one.stop()


def rounds(up: dict[str, dict[str, Measurable]], repeats: int, seconds: float) -> dict[str, dict[str, Figures]]:
    """Figures by case, way and name, one value a round."""
    found: dict[str, dict[str, Figures]] = {case: {name: {} for name in up} for case, *_ in CASES}
    for _ in range(repeats):
        for case, connections, stream, speed in CASES:
            for name, running in up.items():
                window = uvloop.run(running[speed].measure(connections, seconds, stream=stream))
                for figure, value in figures(window).items():
                    found[case][name].setdefault(figure, []).append(value)
    return found


def added(found: dict[str, dict[str, Figures]]) -> None:
    """Add to each figure what it is beside direct, and CPU beside Proveout's, round by round."""
    for ways in found.values():
        direct = ways["direct"]
        for name, values in ways.items():
            if len(values.get("rate", ())) < len(direct["rate"]):
                continue
            values["added_p50_ms"] = [a - b for a, b in zip(values["p50_ms"], direct["p50_ms"], strict=True)]
            values["of_direct"] = [a / b for a, b in zip(values["rate"], direct["rate"], strict=True)]
            if "rate" in ways.get("proveout", {}) and name != "direct":
                ours = ways["proveout"]["cpu_us"]
                values["times_proveout"] = [a / b for a, b in zip(values["cpu_us"], ours, strict=True)]


def measured(arguments: argparse.Namespace) -> dict[str, Any]:
    """Everything, as JSON has it."""
    names: dict[str, Path] = {} if arguments.without_proveout else {"proveout": Path()}
    names |= {name: Path(home).resolve() for name, _, home in (peer.partition("=") for peer in arguments.peer)}
    for home in names.values():
        compiled(home)
    pin(LOAD_CORE)
    with tempfile.TemporaryDirectory() as folder, upstream(0.0) as fast, upstream(SLOW_SECONDS) as slow:
        up = begin(names, {"fast": fast, "slow": slow}, Path(folder))
        try:
            found = rounds(up, arguments.repeats, arguments.seconds)
            memory = {name: running["fast"].memory_mb() for name, running in up.items()}
            shares = {name: one.cpu_shares() for name, by in up.items() if isinstance(one := by["fast"], Served)}
            starts = {name: [one.started_seconds for one in running.values()] for name, running in up.items()}
        finally:
            end(up)
    added(found)
    return {
        "versions": {name: version(name, home) for name, home in names.items()},
        "start_seconds": {name: spread(values) for name, values in starts.items()},
        "memory_mb": memory,
        "cpu_shares": shares,
        "cases": {
            case: {name: {figure: spread(values) for figure, values in by.items()} for name, by in ways.items() if by}
            for case, ways in found.items()
        },
    }


COLUMNS = ("rate", "of_direct", "cpu_us", "times_proveout", "p50_ms", "added_p50_ms", "p99_ms", "errors")


def table(found: dict[str, Any]) -> str:
    """Medians, with the smallest and largest round in brackets."""
    lines = []
    for name, kept in found["start_seconds"].items():
        if name != "direct":
            lines.append(
                f"{name:>10} {found['versions'][name]:<14} starts in {kept['median']:.2f} s, "
                f"{found['memory_mb'][name]:.0f} MB; CPU by process: "
                + " ".join(f"{share:.0%}" for share in found["cpu_shares"].get(name, [1.0]))
            )
    for case, ways in found["cases"].items():
        lines += ["", case, f"{'':>10}" + "".join(f"{column:>26}" for column in COLUMNS)]
        for name, values in ways.items():
            cells = (values.get(column) for column in COLUMNS)
            lines.append(f"{name:>10}" + "".join(f"{_cell(cell):>26}" for cell in cells))
    return "\n".join(lines)


def _cell(values: dict[str, float] | None) -> str:
    if values is None:
        return "-"
    digits = 0 if values["max"] >= 1000 else 3 if values["max"] < 10 else 1
    return f"{values['median']:.{digits}f} [{values['min']:.{digits}f}, {values['max']:.{digits}f}]"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=FOLDER", help=f"one of {', '.join(PEERS)}")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--without-proveout", action="store_true", help="measure the peers alone")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    found = measured(arguments)
    print(json.dumps(found) if arguments.json else table(found))


if __name__ == "__main__":
    main()
