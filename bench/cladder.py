"""Measure the causal engine on CLadder's questions. Run: python bench/cladder.py --data DIR [--json].

DIR holds questions.jsonl: background, given_info, question, answer, and gold columns that are not shown to the engine.
The grammar was developed on rows whose id divides by 5; the others only measure. Intervals are Wilson's, 95 %. The
published figures are of other samples of the same benchmark (Jin et al. 2023; o1-preview on 1,000 rows).
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from proveout.families.symbolic.causal import answer_question, check_causal
from proveout.trial import wilson

FIELDS = ("background", "given_info", "question")
PUBLISHED = {"GPT-4": 0.620, "GPT-4 + CausalCoT": 0.704, "o1-preview": 0.865}
Row = dict[str, Any]


def measured(row: Row) -> Row:
    """One question answered and its proof checked."""
    inputs = {name: row[name] for name in FIELDS}
    wall, cpu = time.perf_counter(), time.thread_time()
    found = answer_question(**inputs)
    wall, cpu = time.perf_counter() - wall, time.thread_time() - cpu
    accepted = found.proof is not None and check_causal(json.loads(json.dumps(found.proof)), inputs) == []
    right = found.output == row["answer"]
    part = "development" if int(row["id"]) % 5 == 0 else "rest"
    return {
        "part": part,
        "kind": row["query_type"],
        "right": right,
        "answered": bool(found.output),
        "accepted": accepted,
        "verdict": found.verdict,
        "wrong as": "" if right else (found.verdict if found.output else "abstained"),
        "wall": wall * 1e3,
        "cpu": cpu * 1e3,
    }


def share(rows: list[Row], name: str = "right") -> str:
    """The share of rows for which something holds, with its interval."""
    found = wilson(sum(row[name] for row in rows), len(rows))
    return "no rows" if found is None else f"{found.value:.3f} ({found.low:.3f} to {found.high:.3f})"


def report(rows: list[Row]) -> dict[str, Any]:
    """All figures."""
    parts = {part: [row for row in rows if row["part"] in {part, ""}] for part in ("development", "rest")}
    answered = [row for row in rows if row["answered"]]
    kinds = sorted({row["kind"] for row in rows})
    decided = [row for row in rows if row["verdict"] in {"yes", "no"}]
    return {
        "accuracy": {"all": share(rows)} | {part: share(of) for part, of in parts.items()},
        "accuracy by kind": {
            kind: f"{share(of := [row for row in rows if row['kind'] == kind])}, {len(of)} rows" for kind in kinds
        },
        "accuracy where the numbers decide": f"{share(decided)}, {len(decided)} rows",
        "coverage": {"all": share(rows, "answered")} | {part: share(of, "answered") for part, of in parts.items()},
        "proofs accepted": share(answered, "accepted"),
        "verdicts": dict(Counter(row["verdict"] for row in rows).most_common()),
        "not right, by verdict": dict(Counter(row["wrong as"] for row in rows if not row["right"]).most_common()),
        "ms (p50, p95)": {
            name: [round(float(np.percentile([row[name] for row in rows], q)), 2) for q in (50, 95)]
            for name in ("wall", "cpu")
        },
        "published": PUBLISHED,
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    lines = (args.data / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    found = report([measured(json.loads(line)) for line in lines])
    if args.json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"{name}:")
        for key, one in value.items() if isinstance(value, dict) else [("", value)]:
            print(f"  {key:20} {one}")


if __name__ == "__main__":
    main()
