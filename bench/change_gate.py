"""Measure the change gate. Run: python bench/change_gate.py --data DIR [--json].

DIR holds the folders drift_weather and llm_traces.

cost     microseconds of processor time an event of 2 kB, medians of repeats with the smallest and the largest: the
         gate over ten fields, half of them exact and half within a tolerance, on an event that is unchanged; the same
         with parsing; and, beside them, the hash of the whole (json.dumps with sorted keys and SHA-256) that is often
         used instead, which knows no tolerance. With `cloudevents` installed, its parser too.
weather  daily weather of one station, in order. A classifier of rain (gradient boosting) learns from the first ten
         years. The gate's tolerance is a multiple of each field's standard deviation in them; the multiple is the
         largest whose answers agree with calling every day in at least 95 % of the days of the next ten years, by the
         lower end of the interval. The later years are reported: calls avoided, agreement with calling every day, the
         accuracy of both, and, at the same number of calls, the agreement of calling at even intervals instead.
traces   requests of a chat service, each with the hashes of its prompt's blocks. The exact gate avoids a call when the
         very same prompt came before, within a time to live.
worker   events a second through inbox, gate, handler and ledger, each step synced to the disk.
Intervals are Wilson's, which take days for independent; neighbouring days are not, so the true ones are wider.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import statistics
import tempfile
import time
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from proveout.events import (
    ChangeGate,
    Event,
    FieldRule,
    GateSpec,
    Inbox,
    ManualClock,
    Reaction,
    Trigger,
    Worker,
    parse_event,
)
from proveout.ledger import Ledger
from proveout.store import Workspace
from proveout.trial import wilson

if TYPE_CHECKING:
    from collections.abc import Callable

    Array = np.ndarray[Any, Any]

YEAR = 365
LEARNED, CHOSEN = 10 * YEAR, 20 * YEAR
MULTIPLES = (0.0, 0.1, 0.25, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 1.0, 1.5, 2.0)
AGREEMENT = 0.95
REPEATS, CALLS = 15, 4000
TTLS = (10, 60, 600, 3600)
SECOND = 1_000_000_000


def timed(function: Callable[[], object]) -> dict[str, float]:
    """Microseconds of processor time a call: the median of repeats, the smallest and the largest."""
    found = []
    for _ in range(REPEATS):
        begun = time.thread_time()
        for _ in range(CALLS):
            function()
        found.append((time.thread_time() - begun) / CALLS * 1e6)
    return {"median": round(statistics.median(found), 2), "min": round(min(found), 2), "max": round(max(found), 2)}


def sensor_event(wobble: float) -> Event:
    """An event of about 2 kB: numbers and texts, the numbers off by ``wobble``."""
    chance = random.Random(0)  # noqa: S311  a workload
    values = {f"number_{at}": round(chance.uniform(0, 1000), 3) + wobble for at in range(35)}
    texts = {f"text_{at}": f"a value of field {at}, as texts are" for at in range(22)}
    return Event(id="1", source="/plant/7", type="reading.taken", subject="pump", data=values | texts)


def cost() -> dict[str, Any]:
    """What one event takes."""
    answered, event = sensor_event(0.0), sensor_event(0.1)
    body = event.to_json()
    rules = [FieldRule(path=f"data.number_{at}", absolute=0.5) for at in range(5)]
    rules += [FieldRule(path=f"data.text_{at}") for at in range(5)]
    gate = ChangeGate(GateSpec(fields=tuple(rules)))
    gate.keep("pump", gate.context(answered), now=0, answer="k")
    return {
        "bytes": len(body),
        "verdict": gate.check("pump", event, now=1).reason,
        "gate": timed(lambda: gate.check("pump", event, now=1)),
        "parse_and_gate": timed(lambda: gate.check("pump", parse_event(body), now=1)),
        "hash": timed(lambda: hashlib.sha256(json.dumps(event.data, sort_keys=True).encode()).hexdigest()),
        "parse_and_hash": timed(
            lambda: hashlib.sha256(json.dumps(json.loads(body)["data"], sort_keys=True).encode()).hexdigest()
        ),
    } | reference_parser(body)


def reference_parser(body: bytes) -> dict[str, Any]:
    """The parser of the CloudEvents project, when it is installed."""
    try:
        reader = import_module("cloudevents.core.formats.json").JSONFormat()
        kind = import_module("cloudevents.core.v1.event").CloudEvent
    except ImportError:
        return {}
    return {"parse": timed(lambda: parse_event(body)), "parse_cloudevents": timed(lambda: reader.read(kind, body))}


def share(part: int, whole: int) -> dict[str, float]:
    """A share with its interval."""
    found = wilson(part, whole)
    low, high = (found.low, found.high) if found else (0.0, 1.0)
    return {"share": round(part / whole, 4), "low": round(low, 4), "high": round(high, 4)}


def through_gate(rows: Array, answers: Array, tolerance: Array) -> tuple[int, Array]:
    """Calls made, and the answer that stands on each day."""
    rules = tuple(FieldRule(path=f"data.{at}", absolute=float(one)) for at, one in enumerate(tolerance))
    gate = ChangeGate(GateSpec(fields=rules))
    calls, standing = 0, np.empty_like(answers)
    kept = answers[0]
    for day, row in enumerate(rows.tolist()):
        checked = gate.check("station", Event(id=str(day), source="/noaa", type="day", data=row), now=day)
        if checked.ask:
            gate.keep("station", checked.context, now=day, answer=str(day))
            kept, calls = answers[day], calls + 1
        standing[day] = kept
    return calls, standing


def at_even_intervals(answers: Array, calls: int) -> Array:
    """The answers that stand when the model is called that often, evenly."""
    turn = np.arange(len(answers)) * calls // len(answers)
    return answers[np.searchsorted(turn, turn)]


def point(rows: Array, truth: Array, answers: Array, tolerance: Array) -> dict[str, Any]:
    """One point of the curve."""
    days = len(rows)
    calls, standing = through_gate(rows, answers, tolerance)
    return {
        "avoided": share(days - calls, days),
        "agreement": share(int((standing == answers).sum()), days),
        "agreement_at_even_intervals": share(int((at_even_intervals(answers, calls) == answers).sum()), days),
        "accuracy": share(int((standing == truth).sum()), days),
        "accuracy_of_calling_always": share(int((answers == truth).sum()), days),
    }


def weather(folder: Path) -> dict[str, Any]:
    """The curve on the years of choice, and what was chosen on the later years."""
    table = np.loadtxt(folder / "drift_weather" / "weather.csv", delimiter=",", skiprows=1)
    rows, truth = table[:, :-1], table[:, -1].astype(int)
    spread = rows[:LEARNED].std(axis=0)
    model = HistGradientBoostingClassifier(random_state=0).fit(rows[:LEARNED], truth[:LEARNED])
    answers = model.predict(rows)
    early, late = slice(LEARNED, CHOSEN), slice(CHOSEN, None)

    def curve(years: slice) -> dict[str, Any]:
        return {str(one): point(rows[years], truth[years], answers[years], one * spread) for one in MULTIPLES}

    chosen_on = curve(early)
    kept = [one for one in MULTIPLES if chosen_on[str(one)]["agreement"]["low"] >= AGREEMENT]
    chosen = str(max(kept))
    later = curve(late)
    return {
        "days": {"learned": LEARNED, "chosen": CHOSEN - LEARNED, "reported": len(rows) - CHOSEN},
        "chosen_multiple": chosen,
        "chosen_on": chosen_on,
        "curve": later,
        "reported": later[chosen],
    }


def traces(folder: Path) -> dict[str, Any]:
    """Calls avoided by the exact gate, by time to live in seconds."""
    lines = (folder / "llm_traces" / "mooncake_conversation.jsonl").read_text(encoding="utf-8").splitlines()
    requests = [json.loads(line) for line in lines]
    found = {}
    for ttl in TTLS:
        gate = ChangeGate(GateSpec(ttl_seconds=ttl))
        avoided = 0
        for number, one in enumerate(requests):
            event = Event(id=str(number), source="/chat", type="request", data=one["hash_ids"])
            key, now = msgspec.json.encode(one["hash_ids"]).decode(), one["timestamp"] * SECOND // 1000
            checked = gate.check(key, event, now=now)
            if checked.ask:
                gate.keep(key, checked.context, now=now, answer=str(number))
            avoided += not checked.ask
        found[str(ttl)] = share(avoided, len(requests))
    return {"requests": len(requests), "avoided_by_ttl_seconds": found}


def worker(count: int = 5000) -> dict[str, Any]:
    """Events a second, end to end, of which one in ten changes."""
    trigger = Trigger(name="t", types=("reading.*",), gate=GateSpec(fields=(FieldRule(path="data.number_0"),)))
    event = sensor_event(0.0)
    events = [
        msgspec.structs.replace(event, id=str(number), data=event.data | {"number_0": number // 10})
        for number in range(count)
    ]
    clock = ManualClock(wall=SECOND)
    with tempfile.TemporaryDirectory() as folder, Ledger.open(Workspace(Path(folder))) as ledger:
        inbox = Inbox.open(Path(folder) / "inbox.sqlite", [trigger], clock)
        reactions = {"t": Reaction(trigger, lambda _event, _inputs, key: key)}
        working = Worker(inbox, ledger, Workspace(Path(folder)), reactions, clock)
        begun = time.perf_counter()
        for start in range(0, count, 100):
            inbox.accept(events[start : start + 100], via="bench")
        accepted = time.perf_counter()
        outcomes = working.drain()
        done = time.perf_counter()
        working.close()
        inbox.close()
    return {
        "outcomes": dict(outcomes),
        "accepted_per_second": round(count / (accepted - begun)),
        "delivered_per_second": round(count / (done - accepted)),
    }


def show(found: dict[str, Any]) -> None:
    """Print the figures."""
    for name, value in found["cost"].items():
        print(f"{name:<20} {value}")
    reported = found["weather"]["reported"]
    print(f"weather: tolerance {found['weather']['chosen_multiple']} standard deviations, {found['weather']['days']}")
    for name, value in reported.items():
        print(f"  {name:<28} {value['share']:.3f} [{value['low']:.3f}, {value['high']:.3f}]")
    print("  later years, multiple: avoided / agreement / at even intervals")
    for multiple, one in found["weather"]["curve"].items():
        even = one["agreement_at_even_intervals"]["share"]
        print(f"  {multiple:>5}: {one['avoided']['share']:.3f} / {one['agreement']['share']:.3f} / {even:.3f}")
    print(f"traces: {found['traces']}")
    print(f"worker: {found['worker']}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    found = {
        "cost": cost(),
        "weather": weather(arguments.data),
        "traces": traces(arguments.data),
        "worker": worker(),
    }
    if arguments.json:
        print(json.dumps(found, indent=1))
    else:
        show(found)


if __name__ == "__main__":
    main()
