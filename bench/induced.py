"""Measure induced rules on CLINC150 and Snips. Run: python bench/induced.py --data DIR [--json].

DIR holds the folders clinc150 (train.csv, val.csv, test.csv) and snips (train.jsonl, test.jsonl). CLINC150 is learned
from train and chosen on val; of Snips' train one row in ten is the SelectSplit. Test rows are read after the build.
Coverage is the share of in-scope rows that are answered; `answered` the share right of these; `in_scope` the share
right of all, abstentions counted as wrong; `rejected` the share of out-of-scope rows that are held back. Intervals are
Wilson's. Every proof is checked by the independent checker.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from proveout.data import SelectSplit, TrainSplit
from proveout.families import BuildRun
from proveout.families.symbolic.induced import RuleCandidate, build_rules, check_rules, written_rules
from proveout.task import Example, Task
from proveout.trial import wilson

if TYPE_CHECKING:
    from collections.abc import Sequence

Rows = list[tuple[str, str]]
OUTSIDE = "oos"


def csv_rows(path: Path) -> Rows:
    """Text and label of each row."""
    with path.open(encoding="utf-8", newline="") as file:
        return [(row["text"], row["intent"]) for row in csv.DictReader(file)]


def json_rows(path: Path) -> Rows:
    """Text and intent of each row."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [(row["text"], row["intent"]) for row in map(json.loads, lines)]


def examples(rows: Rows) -> tuple[Example, ...]:
    """Rows as a split holds them."""
    made = enumerate(rows)
    return tuple(Example(id=str(at), inputs={"text": text}, expected={"intent": label}) for at, (text, label) in made)


def built(train: Rows, select: Rows, cache: Path) -> tuple[RuleCandidate, float]:
    """The candidate and how long it took."""
    labels = sorted({label for _, label in train})
    schema = {"type": "object", "properties": {"text": {"type": "string"}}}
    output = {"type": "object", "properties": {"intent": {"type": "string", "enum": labels}}}
    outside = OUTSIDE if OUTSIDE in labels else ""
    task = Task(name="intents", kind="classify", target="intent", input=schema, output=output, out_of_scope=outside)
    splits = (
        TrainSplit(snapshot="0" * 64, examples=examples(train)),
        SelectSplit(snapshot="0" * 64, examples=examples(select)),
    )
    begun = time.perf_counter()
    candidate = build_rules(task, *splits, BuildRun(seed=0, snapshot="0" * 64, cache=cache))
    return candidate, time.perf_counter() - begun


def figures(candidate: RuleCandidate, seconds: float, tested: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """What the candidate makes of the test rows."""
    begun = time.perf_counter()
    answers = candidate.answer([{"text": text} for text, _ in tested])
    took = time.perf_counter() - begun
    document = yaml.safe_load(written_rules(candidate.rules))
    accepted = sum(
        not check_rules(answer.evidence.proof, document, text)
        for answer, (text, _) in zip(answers, tested, strict=True)
    )
    inside = [(answer, label) for answer, (_, label) in zip(answers, tested, strict=True) if label != OUTSIDE]
    outside = [answer for answer, (_, label) in zip(answers, tested, strict=True) if label == OUTSIDE]
    kept = [(answer, label) for answer, label in inside if not answer.abstained]
    right = sum(answer.output == {"intent": label} for answer, label in kept)
    guessed = sum(answer.guess == {"intent": label} for answer, label in inside)
    return {
        "answered": wilson(right, len(kept)),
        "coverage": wilson(len(kept), len(inside)),
        "in_scope": wilson(right, len(inside)),
        "guess": wilson(guessed, len(inside)),
        "rejected": wilson(sum(answer.abstained for answer in outside), len(outside)),
        "confidence_of_answered": sum(answer.confidence for answer, _ in kept) / max(len(kept), 1),
        "proofs_accepted": accepted / len(tested),
        "rules": len(candidate.rules.rules),
        "concepts": len(candidate.rules.concepts),
        "terms_a_rule": sum(len(rule.all) for rule in candidate.rules.rules) / max(len(candidate.rules.rules), 1),
        "build_seconds": seconds,
        "ms_per_text": 1000 * took / len(tested),
    }


def measure(source: Path) -> dict[str, dict[str, Any]]:
    """Both data sets."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        clinc = source / "clinc150"
        candidate = built(csv_rows(clinc / "train.csv"), csv_rows(clinc / "val.csv"), Path(folder))
        found["clinc150"] = figures(*candidate, csv_rows(clinc / "test.csv"))
        rows = json_rows(source / "snips" / "train.jsonl")
        random.Random(0).shuffle(rows)  # noqa: S311  seeded on purpose
        candidate = built(rows[len(rows) // 10 :], rows[: len(rows) // 10], Path(folder))
        found["snips"] = figures(*candidate, json_rows(source / "snips" / "test.jsonl"))
    return found


def main() -> None:
    """Print a block for each data set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measure(options.data.resolve())
    if options.json:
        print(json.dumps(found))
        return
    for name, block in found.items():
        print(f"{name}:")
        for key, value in block.items():
            print(f"  {key:<24} {tuple(round(one, 4) for one in value) if isinstance(value, tuple) else value}")


if __name__ == "__main__":
    main()
