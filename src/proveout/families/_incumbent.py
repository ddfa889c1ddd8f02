"""The incumbent's answers without calling it: as recorded, or as a stated simulation."""

from __future__ import annotations

import hashlib
import math
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import msgspec

from proveout.task import content_hash

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from proveout.data import Snapshot
    from proveout.ledger import Ledger
    from proveout.task import Example, Simulation, Task

__all__ = ["Recorded", "recorded_answers"]

# Of the log-normal latency a simulated incumbent pretends to have.
SPREAD = 0.35


class Recorded(msgspec.Struct, frozen=True, array_like=True):
    """One recorded answer, and what it took when it was given."""

    output: dict[str, Any]
    wall_seconds: float = 0.0
    usd: float = 0.0


def recorded_answers(task: Task, snapshot: Snapshot, ledger: Ledger) -> dict[str, Recorded]:
    """The incumbent's answers by content hash of the input, over all splits.

    Recorded answers hold no labels. Simulated ones are made from the expected outputs, the TestSplit's included, which
    the ledger then says.
    """
    if task.incumbent.mode == "recorded":
        return {key: Recorded(output) for key, output in snapshot.incumbent_answers().items()}
    if task.incumbent.mode != "simulated":
        return {}
    test = snapshot.open_test(ledger, purpose="simulate the incumbent")
    splits = (snapshot.train(), snapshot.select(), snapshot.certify(), test)
    return _simulated(task, [example for split in splits for example in split.examples])


def _simulated(task: Task, examples: Sequence[Example]) -> dict[str, Recorded]:
    outputs = sorted({msgspec.json.encode(one.expected, order="deterministic") for one in examples if one.expected})
    choices = [msgspec.json.decode(output) for output in outputs]
    return {
        content_hash(one.inputs): _simulate(task.incumbent.simulated, one, choices) for one in examples if one.expected
    }


def _simulate(simulation: Simulation, example: Example, choices: Sequence[Mapping[str, Any]]) -> Recorded:
    """The expected output, or with the stated probability another one, decided by a hash of the input alone."""
    key = f"{simulation.seed}:{content_hash(example.inputs)}"
    errs, which, wait = (_uniform(f"{key}:{use}") for use in ("errs", "which", "wait"))
    output = dict(example.expected or {})
    if errs < simulation.error_rate:
        others = [choice for choice in choices if choice != output]
        output = dict(others[int(which * len(others))]) if others else output
    seconds = simulation.latency_ms / 1000 * math.exp(SPREAD * NormalDist().inv_cdf(wait))
    return Recorded(output, round(seconds, 6), simulation.usd_per_1000 / 1000)


def _uniform(key: str) -> float:
    """A number strictly between 0 and 1."""
    number = int.from_bytes(hashlib.blake2b(key.encode(), digest_size=6).digest(), "big")
    return (number + 0.5) / 2**48
