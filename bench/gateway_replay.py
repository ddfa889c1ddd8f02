"""Replay the arrivals of two production logs, sped up, over an upstream of 50 ms: direct, and through the gateway.

Each request is made at its own time, whether or not those before it were answered, and its latency counts from the time
at which it was due. Prompts are as long as in the log (four bytes a token, up to a limit); every second answer streams.
Direct and gateway take turns.

Run: python bench/gateway_replay.py [--traces FOLDER] [--rate 200] [--seconds 60] [--repeats 3] [--json]
"""

from __future__ import annotations

import argparse
import csv
import json
import tempfile
import time
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvloop

from gateway import GATEWAY_CORE, LOAD_CORE, SLOW_SECONDS, upstream
from gateway_calls import Pool, at_times
from gateway_load import request
from gateway_peers import CHAT, KEY, PROVEOUT, Setup, start
from gateway_processes import pin, spread

if TYPE_CHECKING:
    from collections.abc import Iterator

TRACES = Path(__file__).resolve().parents[2] / "shared" / "data" / "llm_traces"
BYTES_A_TOKEN = 4
MOST_BYTES = 32_000
Arrivals = list[tuple[float, int]]


def azure(path: Path) -> Iterator[tuple[float, int]]:
    """Seconds and prompt tokens."""
    with path.open(encoding="utf-8", newline="") as rows:
        for row in csv.DictReader(rows):
            # Seven digits of a second, one more than a datetime has.
            yield datetime.fromisoformat(row["timestamp"][:26]).timestamp(), int(row["context_tokens"])


def mooncake(path: Path) -> Iterator[tuple[float, int]]:
    """Seconds and prompt tokens; arrivals are noted every three seconds, so that they come in bursts."""
    with path.open(encoding="utf-8") as rows:
        for row in map(json.loads, rows):
            yield row["timestamp"] / 1000, int(row["input_length"])


LOGS = {"azure_2023_conv.csv": azure, "mooncake_conversation.jsonl": mooncake}


def sped_up(arrivals: Iterator[tuple[float, int]], rate: float, seconds: float) -> tuple[Arrivals, float]:
    """The first requests, at this mean rate; and how many times faster than they were."""
    kept = sorted(islice(arrivals, int(rate * seconds)))
    first, last = kept[0][0], kept[-1][0]
    faster = (last - first) / (len(kept) / rate)
    return [((at - first) / faster, tokens) for at, tokens in kept], faster


def chat(number: int, tokens: int, headers: dict[str, str]) -> bytes:
    """A request with a prompt of so many tokens, unlike any other."""
    words = f"{number}: " + "word" * min(tokens, MOST_BYTES // BYTES_A_TOKEN)
    body = {"model": "fake-large", "messages": [{"role": "user", "content": words}], "stream": number % 2 == 1}
    return request(CHAT, json.dumps(body).encode(), headers)


async def replay(port: int, arrivals: Arrivals, headers: dict[str, str]) -> dict[str, float]:
    """Errors and latencies in milliseconds."""
    pool = Pool(port)
    latencies: list[float] = []
    sent = [chat(number, tokens, headers) for number, (_, tokens) in enumerate(arrivals)]

    async def call(number: int, due: float) -> None:
        answer = await pool.ask(sent[number])
        if answer.ok:
            latencies.append((time.perf_counter() - due) * 1000)

    await at_times((at for at, _ in arrivals), call)
    pool.close()
    ordered = sorted(latencies)
    unanswered = len(sent) - len(latencies)
    return {
        "errors": float(unanswered),
        "p50_ms": ordered[len(ordered) // 2],
        "p99_ms": ordered[int(len(ordered) * 0.99)],
    }


def measured(arguments: argparse.Namespace) -> dict[str, Any]:
    """By log: how fast it was replayed, and the figures of both ways."""
    pin(LOAD_CORE)
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder, upstream(SLOW_SECONDS) as url:
        setup = Setup(home=Path(), upstream=url, port=0, folder=Path(folder) / "proveout")
        gateway = start("proveout", setup, GATEWAY_CORE)
        ways = {
            "direct": (int(url.rpartition(":")[2].partition("/")[0]), {"authorization": f"Bearer {KEY}"}),
            "gateway": (setup.port, dict(PROVEOUT.headers(setup))),
        }
        try:
            for name, read in LOGS.items():
                arrivals, faster = sped_up(read(arguments.traces / name), arguments.rate, arguments.seconds)
                rounds: dict[str, list[dict[str, float]]] = {way: [] for way in ways}
                for _ in range(arguments.repeats):
                    for way, (port, headers) in ways.items():
                        rounds[way].append(uvloop.run(replay(port, arrivals, headers)))
                found[name] = {"requests": len(arrivals), "times_faster": faster, **summary(rounds)}
        finally:
            gateway.stop()
    return found


def summary(rounds: dict[str, list[dict[str, float]]]) -> dict[str, dict[str, dict[str, float]]]:
    """Spreads over rounds; what is added is compared within a round."""
    kept = {way: {figure: spread([values[figure] for values in of]) for figure in of[0]} for way, of in rounds.items()}
    pairs = list(zip(rounds["gateway"], rounds["direct"], strict=True))
    kept["added"] = {
        figure: spread([ours[figure] - theirs[figure] for ours, theirs in pairs]) for figure in pairs[0][0]
    }
    return kept


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--traces", type=Path, default=TRACES)
    parser.add_argument("--rate", type=float, default=200.0, help="requests a second, on average")
    parser.add_argument("--seconds", type=float, default=60.0, help="of each replay")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    found = measured(arguments)
    if arguments.json:
        print(json.dumps(found))
        return
    for name, kept in found.items():
        print(f"\n{name}: {kept['requests']} requests, {kept['times_faster']:.1f} times faster than they came")
        for way in ("direct", "gateway", "added"):
            cells = (
                f"{figure} {values['median']:.2f} [{values['min']:.2f}, {values['max']:.2f}]"
                for figure, values in kept[way].items()
            )
            print(f"{way:>10}  " + "   ".join(cells))


if __name__ == "__main__":
    main()
