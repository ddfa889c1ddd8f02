"""Mixed load for half an hour: memory, errors, and whether every acknowledged request is in the ledger.

Chats whole and streamed, responses, embeddings, streams that the client leaves, upstream faults, bodies that are too
large or no JSON, wrong keys and keys over their limit, over many keys and model names, at a bounded rate. The resident
memory of all processes of the gateway is sampled; after a warm-up, a line is fitted to its means over a minute. At the
end the gateway is stopped by SIGTERM, its ledger is verified, and the id of each answered request is looked up in it.

Run: python bench/gateway_soak.py [--minutes 30] [--rate 200] [--workers 1] [--json]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvloop
from scipy import stats

from gateway import LOAD_CORE, upstream
from gateway_calls import Answer, Pool, at_times
from gateway_load import request
from gateway_processes import Started, free_port, pin
from proveout.ledger import LedgerReader
from proveout.store import Workspace

SAMPLE_SECONDS = 5.0
WARM_SHARE = 0.2
MODELS = 50
KEYS = 8
MOST_BODY = 1_000_000
# A slope that is surely above this is growth: 1 MB an hour is a gigabyte in six weeks.
FLAT_MB_AN_HOUR = 1.0
SETTINGS = f"""
[server]
require_key = "always"
most_body_bytes = {MOST_BODY}
[providers.fake]
base_url = "@URL@"
first_byte_seconds = 5.0
idle_seconds = 1.0
break_after = 1000000
[tiers.few.limits]
requests_per_minute = 60
burst_seconds = 1.0
"""
FAULTS = ("fault-500", "fault-reset", "fault-close-midway", "fault-half-event", "fault-garbage", "fault-429")


@dataclass(frozen=True)
class Kind:
    """A sort of request.

    Attributes:
        share: of the load.
        expected: statuses that are no error; 0 is a connection that ends in the middle.
        path: after ``/v1``.
        leaves: the client goes away after some bytes.
    """

    share: float
    expected: frozenset[int]
    path: str = "chat/completions"
    leaves: bool = False


FAILED = frozenset({200, 429, 500, 502, 503, 504, 0})
KINDS = {
    "chat": Kind(0.40, frozenset({200})),
    "stream": Kind(0.25, frozenset({200})),
    "responses": Kind(0.05, frozenset({200}), "responses"),
    "embeddings": Kind(0.05, frozenset({200}), "embeddings"),
    "left": Kind(0.07, frozenset({200, 0}), leaves=True),
    "fault": Kind(0.06, FAILED),
    "fault stream": Kind(0.04, FAILED),
    "too large": Kind(0.01, frozenset({413, 0})),
    "no JSON": Kind(0.02, frozenset({400})),
    "wrong key": Kind(0.02, frozenset({401})),
    "limited": Kind(0.03, frozenset({200, 429})),
}


@dataclass
class Seen:
    """What became of the load.

    Attributes:
        statuses: by kind.
        unexpected: answers that their kind does not allow.
        ids: of requests that were answered, whole, with 200.
        memory: seconds since the start, and megabytes.
        of_each: megabytes by process.
    """

    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    unexpected: Counter[str] = field(default_factory=Counter)
    ids: set[str] = field(default_factory=set)
    memory: list[tuple[float, float]] = field(default_factory=list)
    of_each: list[dict[int, float]] = field(default_factory=list)


def made(kind: str, chance: random.Random, keys: dict[str, str]) -> bytes:
    """A request of this kind."""
    model = f"echo-{chance.randrange(MODELS)}"
    if kind.startswith("fault"):
        model = chance.choice(FAULTS)
    words = f"{chance.randrange(10**9)} " + "word " * chance.randrange(400)
    body: dict[str, Any] = {"model": model, "messages": [{"role": "user", "content": words}]}
    if KINDS[kind].path != "chat/completions":
        body = {"model": model, "input": words}
    if kind in {"stream", "left", "fault stream"}:
        body["stream"] = True
    text = json.dumps(body).encode()
    if kind == "too large":
        text = b" " * (MOST_BODY + 1)
    elif kind == "no JSON":
        text = text[: chance.randrange(1, len(text))]
    key = {"wrong key": "sk-wrong", "limited": keys["few"]}.get(kind) or keys[f"key{chance.randrange(KEYS)}"]
    return request(f"/v1/{KINDS[kind].path}", text, {"authorization": f"Bearer {key}"})


def note(seen: Seen, kind: str, answer: Answer) -> None:
    """Count an answer, and keep the id of one that was acknowledged."""
    seen.statuses[kind, answer.status] += 1
    if answer.status not in KINDS[kind].expected:
        seen.unexpected[f"{kind}: {answer.status} {answer.body[:80]!r}"] += 1
    elif answer.status == 200 and answer.whole:
        seen.ids.add(answer.headers["x-request-id"])
    elif answer.status == 200 and not KINDS[kind].leaves and not kind.startswith("fault"):
        seen.unexpected[f"{kind}: an answer that is not whole"] += 1


async def soak(port: int, seconds: float, rate: float, keys: dict[str, str], gateway: Started) -> Seen:
    """Put the load on, and sample memory meanwhile."""
    seen, pool, chance = Seen(), Pool(port), random.Random(0)  # noqa: S311  moments of a benchmark
    names, shares = list(KINDS), [kind.share for kind in KINDS.values()]
    began = time.perf_counter()

    async def call(_number: int, _due: float) -> None:
        kind = chance.choices(names, shares)[0]
        leave = chance.randrange(100, 1500) if KINDS[kind].leaves else None
        try:
            note(seen, kind, await pool.ask(made(kind, chance, keys), leave_after=leave))
        except OSError as error:
            seen.unexpected[f"{kind}: {error}"] += 1

    async def sample() -> None:
        while True:
            seen.of_each.append(gateway.memory_of_each())
            seen.memory.append((time.perf_counter() - began, sum(seen.of_each[-1].values())))
            await asyncio.sleep(SAMPLE_SECONDS)

    sampling = asyncio.create_task(sample())
    await at_times((number / rate for number in range(int(rate * seconds))), call)
    sampling.cancel()
    pool.close()
    return seen


def slope(memory: list[tuple[float, float]], seconds: float) -> dict[str, float]:
    """Megabytes an hour after the warm-up, with a 95 % interval, from means over minutes: samples are not independent.

    Returns:
        The slope, the ends of its interval, and memory at the beginning and end.
    """
    width = min(60.0, seconds / 20)
    minutes: dict[int, list[float]] = {}
    for at, megabytes in memory:
        if at >= WARM_SHARE * seconds:
            minutes.setdefault(int(at / width), []).append(megabytes)
    means = [sum(values) / len(values) for values in minutes.values()]
    fit = stats.linregress([number * width / 3600 for number in minutes], means)
    half = float(stats.t.ppf(0.975, max(len(means) - 2, 1)) * fit.stderr)
    return {
        "mb_an_hour": float(fit.slope),
        "low": float(fit.slope) - half,
        "high": float(fit.slope) + half,
        "first_mb": means[0],
        "last_mb": means[-1],
    }


def proveout(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A command of ours."""
    command = [sys.executable, "-m", "proveout", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def new_keys(home: Path) -> dict[str, str]:
    """Secrets by name."""
    wanted: dict[str, list[str]] = {f"key{number}": [] for number in range(KEYS)} | {"few": ["--tier", "few"]}
    keys = {}
    for name, options in wanted.items():
        done = proveout("key", "create", "--name", name, "--home", str(home), *options, "--json")
        done.check_returncode()
        keys[name] = json.loads(done.stdout)["secret"]
    return keys


def recorded(home: Path) -> tuple[set[str], int]:
    """Ids of requests in the ledger, and how many entries they have."""
    with LedgerReader.open(Workspace(home)) as reader:
        ids = [json.loads(entry.payload())["id"] for entry in reader.entries("gateway.request")]
    return set(ids), len(ids)


def measured(arguments: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Everything, as JSON has it."""
    seconds, home, port = arguments.minutes * 60, folder / "home", free_port()
    home.mkdir()
    pin(LOAD_CORE)
    with upstream(0.005) as url:
        (home / "gateway.toml").write_text(SETTINGS.replace("@URL@", url), encoding="utf-8")
        keys = new_keys(home)
        command = [sys.executable, "-m", "proveout", "serve", "--home", str(home), "--port", str(port)]
        gateway = Started([*command, "--workers", str(arguments.workers)], core=None, folder=folder)
        try:
            gateway.until(lambda: f"http://127.0.0.1:{port}/v1" in gateway.output())
            seen = uvloop.run(soak(port, seconds, arguments.rate, keys, gateway))
        finally:
            status = gateway.stop()
    ids, entries = recorded(home)
    found = {
        "requests": seen.statuses.total(),
        "statuses": {f"{kind} {status}": count for (kind, status), count in sorted(seen.statuses.items())},
        "unexpected": dict(seen.unexpected.most_common(20)),
        "memory": slope(seen.memory, seconds),
        "memory_of_each": [seen.of_each[int(WARM_SHARE * len(seen.of_each))], seen.of_each[-1]],
        "acknowledged": len(seen.ids),
        "lost": len(seen.ids - ids),
        "recorded_twice": entries - len(ids),
        "exit_status": status,
        "ledger_verifies": proveout("verify", str(home)).returncode == 0,
    }
    return found | {"verdict": verdict(found)}


def verdict(found: dict[str, Any]) -> str:
    """What is wrong; or nothing."""
    wrong = {
        f"memory grows by at least {found['memory']['low']:.1f} MB an hour": found["memory"]["low"] > FLAT_MB_AN_HOUR,
        f"{sum(found['unexpected'].values())} unexpected answers": bool(found["unexpected"]),
        f"{found['lost']} acknowledged requests are not in the ledger": found["lost"] > 0,
        f"{found['recorded_twice']} requests are recorded twice": found["recorded_twice"] > 0,
        f"it ended with {found['exit_status']}": found["exit_status"] != 0,
        "the ledger does not verify": not found["ledger_verifies"],
    }
    return "; ".join(what for what, is_so in wrong.items() if is_so) or "well"


def main() -> None:
    """Print the figures and the verdict."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--rate", type=float, default=200.0, help="requests a second")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        found = measured(arguments, Path(folder))
    if arguments.json:
        print(json.dumps(found))
    else:
        for name, value in found.items():
            print(f"{name:>16}  {value}")
    sys.exit(0 if found["verdict"] == "well" else 1)


if __name__ == "__main__":
    main()
