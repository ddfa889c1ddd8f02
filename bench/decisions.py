"""Measure what an answer of the demo's refund desk costs, part by part.

Run: python bench/decisions.py [--rows N] [--json].

The desk is built from examples.csv alone; the first N rows of test.csv are then answered. All figures are CPU time of
one process, in milliseconds, the best of five for each row, as other work on a machine only ever adds to them:
`reading` the facts, `deciding` with the proof, `recourse` for a refusal, where none was found before, `answer` as a
whole, and `checking` what was answered by the independent checker.
"""

from __future__ import annotations

import argparse
import csv
import json
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from proveout import build
from proveout.demo import write_demo
from proveout.families import Claim, check_proof
from proveout.families.symbolic._case import CaseReader
from proveout.families.symbolic._decisions import DecisionState
from proveout.families.symbolic._recourse import Recourse
from proveout.families.symbolic.facts import FactReader, LearnedReader, PatternReader
from proveout.families.symbolic.policy import Evaluator, load_policy

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

REPEATS, WARM_UP = 5, 20
Figures = dict[str, Any]


def timed(work: Callable[[Any], Any], rows: Sequence[Any], repeats: int = REPEATS) -> Figures:
    """CPU milliseconds a row, the best of some repeats."""
    for row in rows[:WARM_UP] if repeats > 1 else ():
        work(row)
    spent = np.full(len(rows), np.inf)
    for _ in range(repeats):
        for at, row in enumerate(rows):
            begun = time.process_time()
            work(row)
            spent[at] = min(spent[at], 1000 * (time.process_time() - begun))
    p50, p95 = np.quantile(spent, [0.5, 0.95]) if len(rows) else (0.0, 0.0)
    return {"rows": len(rows), "p50_ms": round(float(p50), 2), "p95_ms": round(float(p95), 2)}


def measure(folder: Path, count: int) -> dict[str, Figures]:
    """Build the desk, and measure each part."""
    built = build(folder, names=["symbolic"], embedder="tfidf").built[0]
    candidate, policy = built.candidate, load_policy(folder / "policy.yaml")
    with (folder / "data" / "test.csv").open(encoding="utf-8", newline="") as file:
        inputs = [{"text": row["text"]} for row in csv.DictReader(file)][:count]
    state = msgspec.json.decode((built.folder / "decisions.json").read_bytes(), type=DecisionState)
    patterns = PatternReader((built.folder / "facts.yaml").read_bytes(), policy.facts)
    readers: list[FactReader] = [patterns, LearnedReader.load(built.folder / "learned", policy.facts)]
    reader, evaluator = CaseReader(policy, state.fields, readers, state.trust, state.day), Evaluator(policy)
    facts = [reader.case(one).unconfirmed() for one in inputs]
    answers = candidate.answer(inputs)
    refused = [one for one in facts if state.recourse.get(evaluator.decide(one, prove=False).decision)]
    recourse = Recourse(policy)
    recourse.change({}, policy.decisions[0])
    claims = [
        Claim(inputs=one, output=answer.output, proof=answer.evidence.proof, folder=built.folder)
        for one, answer in zip(inputs, answers, strict=True)
        if answer.output is not None and answer.evidence.proof is not None
    ]
    wrong = [problem for claim in claims for problem in check_proof(claim)]
    if wrong:
        raise SystemExit(f"a proof is not accepted: {wrong[0]}")
    return {
        "reading": timed(reader.case, inputs),
        "deciding": timed(evaluator.decide, facts),
        "recourse": timed(lambda one: recourse.change(one, next(iter(state.recourse.values()))), refused, repeats=1),
        "answer": timed(lambda one: candidate.answer([one]), inputs),
        "checking": timed(check_proof, claims),
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=300)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        write_demo(Path(folder) / "desk")
        found = measure(Path(folder) / "desk", options.rows)
    if options.json:
        print(json.dumps(found))
        return
    for part, figures in found.items():
        print(
            f"{part:<10}{figures['rows']:>5} rows  p50 {figures['p50_ms']:>7} ms  p95 {figures['p95_ms']:>7} ms of CPU"
        )


if __name__ == "__main__":
    main()
