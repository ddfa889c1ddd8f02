"""Run the DMN conformance cases. Run: python bench/dmn.py --data DIR [--repeats N] [--mutations N] [--json].

DIR holds models.jsonl and cases.jsonl of the DMN technology compatibility kit. Prints how many cases have the value
expected (numbers within 1e-8), with each miss; the share of proofs that the independent checker accepts; how many
mutated proofs it rejects; and microseconds a decision, proof included: the median over cases of each one's best of N.
"""

from __future__ import annotations

import argparse
import copy
import json
import random
import statistics
import time
from pathlib import Path
from typing import Any

from proveout.families.symbolic.dmn import check_dmn, check_model, decide, from_json

Case = dict[str, Any]


def lines(path: Path) -> list[dict[str, Any]]:
    """A JSON Lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def near(found: Any, expected: Any) -> bool:
    """Equality, for numbers within 1e-8."""
    if isinstance(found, float) or isinstance(expected, float):
        return isinstance(found, int | float) and abs(found - expected) <= 1e-8
    if isinstance(found, dict) and isinstance(expected, dict):
        return found.keys() == expected.keys() and all(near(found[key], expected[key]) for key in found)
    if isinstance(found, list) and isinstance(expected, list):
        return len(found) == len(expected) and all(map(near, found, expected))
    return type(found) is type(expected) and bool(found == expected)


def places(part: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where a proof's parts stand in it."""
    keys = list(part) if isinstance(part, dict) else list(range(len(part))) if isinstance(part, list) else []
    return [path] * bool(path) + [one for key in keys for one in places(part[key], (*path, key))]


def mutated(proof: Case, rng: random.Random) -> Case:
    """A copy with one part dropped, altered, or there twice."""
    found = copy.deepcopy(proof)
    *path, key = rng.choice(places(found))
    holder: Any = found
    for step in path:
        holder = holder[step]
    how = rng.choice(["drop", "alter", "twice"])
    if how == "drop":
        del holder[key]
    elif how == "twice" and isinstance(holder, list):
        holder.insert(key, copy.deepcopy(holder[key]))
    elif isinstance(holder[key], bool):
        holder[key] = not holder[key]
    elif isinstance(holder[key], int | float):
        holder[key] += rng.choice([-1, 1, 0.5])
    else:
        holder[key] = f"{holder[key]}x" if isinstance(holder[key], str) else "x"
    return found


def fastest(model: Any, case: Case, repeats: int) -> float:
    """Microseconds of the fastest of so many runs of a case."""
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        decide(model, case["decision"], case["inputs"])
        best = min(best, time.perf_counter() - start)
    return best * 1e6


def rejected(cases: list[Case], sources: dict[str, Any], proofs: list[Case], count: int) -> tuple[int, int]:
    """Mutated proofs tried and rejected, from proofs that were accepted."""
    rng, tried, refused = random.Random(0), 0, 0  # noqa: S311  a seeded sample, not a secret
    while proofs and tried < count:
        at = rng.randrange(len(proofs))
        other = mutated(proofs[at], rng)
        if json.dumps(other, sort_keys=True) != json.dumps(proofs[at], sort_keys=True):
            tried += 1
            refused += bool(check_dmn(other, sources[cases[at]["model"]], cases[at]["inputs"]))
    return tried, refused


def measure(folder: Path, repeats: int, mutations: int) -> dict[str, Any]:
    """All figures."""
    sources = {source["model"]: source for source in lines(folder / "models.jsonl")}
    models = {name: from_json(source) for name, source in sources.items()}
    cases = lines(folder / "cases.jsonl")
    found = [decide(models[case["model"]], case["decision"], case["inputs"]) for case in cases]
    misses = [
        {
            "model": case["model"],
            "case": case["case"],
            "value": one.value,
            "expected": case["expected"],
            "why": one.errors,
        }
        for case, one in zip(cases, found, strict=True)
        if not near(one.value, case["expected"])
    ]
    problems = [
        check_dmn(one.proof, sources[case["model"]], case["inputs"]) for case, one in zip(cases, found, strict=True)
    ]
    kept = [(case, one.proof) for case, one, wrong in zip(cases, found, problems, strict=True) if not wrong]
    tried, refused = rejected([case for case, _ in kept], sources, [proof for _, proof in kept], mutations)
    times = [fastest(models[case["model"]], case, repeats) for case in cases]
    return {
        "cases": len(cases),
        "passed": len(cases) - len(misses),
        "misses": misses,
        "proofs accepted": len(kept) / len(cases),
        "unchecked": sorted({problem for wrong in problems for problem in wrong}),
        "mutations": tried,
        "mutations rejected": refused,
        "p50 microseconds": statistics.median(times),
        "slowest microseconds": max(times),
        "findings": sum(len(check_model(model)) for model in models.values()),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--mutations", type=int, default=2000)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    figures = measure(asked.data, asked.repeats, asked.mutations)
    if asked.json:
        print(json.dumps(figures, indent=2))
        return
    for miss in figures.pop("misses"):
        print("missed:", json.dumps(miss))
    for name, value in figures.items():
        print(f"{name:22} {value:.3f}" if isinstance(value, float) else f"{name:22} {value}")


if __name__ == "__main__":
    main()
