"""Measure logic over controlled English on ProofWriter and ProntoQA. Run: python bench/logic.py --data FOLDER [--json].

FOLDER holds proofwriter/test.jsonl and prontoqa/test.jsonl with context, question, options and answer. Nothing is
fitted: the reader has a grammar and no vocabulary, so all rows are test rows. For each set: the share answered
(coverage); the share of all rows answered right, beside always giving the answer that is most frequent in the rows
themselves (the best a constant could do); the share of answers whose proof the independent checker accepts, and of
altered proofs that it rejects; and the CPU time of reading, proving and writing the proof down, one row at a time after
a warm-up. Intervals are Wilson's.

Both sets are made from templates. The figures show that reader and engine are exact on those, and say nothing about
free text.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from proveout.families.symbolic.logic import LogicAnswer, answer_question, check_logic
from proveout.trial import wilson

if TYPE_CHECKING:
    from collections.abc import Sequence

SETS, WARM_UP, ALTERED = ("proofwriter", "prontoqa"), 20, 4
# Pan et al. (2023), recalled: GPT-4 with a chain of thought, and Logic-LM (GPT-4 with a prover), on 600 and 500 rows.
PUBLISHED = {"proofwriter": {}, "prontoqa": {"GPT-4 chain of thought": 0.988, "Logic-LM": 0.832}}

Row = dict[str, Any]


def rows_of(path: Path) -> list[Row]:
    """A JSON Lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def answered(row: Row) -> LogicAnswer:
    """The answer to a row."""
    return answer_question(row["context"], row["question"], row["options"])


def altered(proof: Row, rng: random.Random) -> Row:
    """A proof with one step taken out, doubled, or saying or resting on something else."""
    copy: Row = json.loads(json.dumps(proof))
    if not copy["steps"]:
        return {**copy, "truth": "contradictory"}
    at = rng.randrange(len(copy["steps"]))
    step = copy["steps"][at]
    change = rng.choice(["drop", "double", "deny", "cite", "rest"])
    if change == "drop":
        del copy["steps"][at]
    elif change == "double":
        copy["steps"].insert(at, step)
    elif change == "deny":
        step["literal"]["positive"] ^= True
    elif change == "cite":
        step["sentence"] += rng.choice([-1, 1])
    else:
        step["from"] = step["from"][:-1] if step["from"] else [0]
    return copy


def share(right: int, n: int) -> list[float] | None:
    """A share with its interval."""
    found = wilson(right, n)
    return None if found is None else [round(value, 4) for value in found]


def measure(rows: Sequence[Row], seed: int = 0) -> Row:
    """All figures of a set."""
    for row in rows[:WARM_UP]:
        answered(row)
    seconds, answers = [], []
    for row in rows:
        began = time.process_time()
        answers.append(answered(row))
        seconds.append(time.process_time() - began)
    given = [(row, answer.proof) for row, answer in zip(rows, answers, strict=True) if answer.output and answer.proof]
    rng = random.Random(seed)  # noqa: S311  altering proofs needs no cryptography
    changed = [(row, altered(proof, rng)) for row, proof in given for _ in range(ALTERED)]
    return {
        "rows": len(rows),
        "right": share(sum(a.output == row["answer"] for row, a in zip(rows, answers, strict=True)), len(rows)),
        "constant": share(Counter(row["answer"] for row in rows).most_common(1)[0][1], len(rows)),
        "answered": share(len(given), len(rows)),
        "proof accepted": share(sum(not problems(row, proof) for row, proof in given), len(given)),
        "altered proof rejected": share(sum(bool(problems(row, proof)) for row, proof in changed), len(changed)),
        "p50 CPU ms": round(1000 * float(np.quantile(seconds, 0.5)), 2),
        "p95 CPU ms": round(1000 * float(np.quantile(seconds, 0.95)), 2),
        "left open": Counter(answer.abstention for answer in answers if answer.abstention).most_common(5),
    }


def problems(row: Row, proof: Row) -> list[str]:
    """What the checker says of a proof."""
    return check_logic(proof, row["context"], row["question"])


def show(name: str, found: Row) -> None:
    """Print a set's figures."""
    print(f"{name}: {found['rows']} rows")
    for key, value in found.items():
        if isinstance(value, list) and key != "left open":
            print(f"  {key:24} {value[0]:.3f} ({value[1]:.3f} to {value[2]:.3f})")
    print(f"  CPU of an answer         p50 {found['p50 CPU ms']} ms, p95 {found['p95 CPU ms']} ms")
    for why, count in found["left open"]:
        print(f"  left open {count} times: {why}")
    for system, value in PUBLISHED[name].items():
        print(f"  published, recalled: {system} {value}")


def main() -> None:
    """Print the figures of both sets."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = {name: measure(rows_of(options.data / name / "test.jsonl")) for name in SETS}
    if options.json:
        print(json.dumps({"measured": found, "published": PUBLISHED}))
        return
    for name, figures in found.items():
        show(name, figures)


if __name__ == "__main__":
    main()
