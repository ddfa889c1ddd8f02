"""Measure extraction on Snips' slots beside a gazetteer. Run: python bench/extract.py --data DIR [--rows N] [--json].

DIR holds train.jsonl and test.jsonl with text and slots (slot, start, end, value). One row in ten of train is the
SelectSplit, on which everything is chosen; test rows are read after all builds. A span is right when field, start and
end are (the CoNLL evaluation); a sentence is right when all its values are. Intervals are Wilson's and, for F1, 95 %
percentile bootstraps over sentences.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from proveout.data import SelectSplit, TrainSplit
from proveout.families import BuildRun, Claim, check_proof, families
from proveout.task import Example, Task
from proveout.trial import wilson

WARM_UP, SINGLE, RESAMPLES, LONGEST = 20, 300, 2000, 8
# Chen et al. (2019), recalled, on the usual 13,084, 700 and 700 rows, which are not these: slot F1, whole sentence.
PUBLISHED = {"JointBERT": (0.970, 0.928), "Slot-Gated": (0.888, 0.755)}

CHOSEN = ("regularisation", "neighbours", "share", "patterns")

Spans = set[tuple[int, int, str]]
Finder = Callable[[Sequence[str]], list[Spans]]
Figures = dict[str, Any]


def rows_of(path: Path) -> list[dict[str, Any]]:
    """A JSON Lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def example(at: int, row: dict[str, Any]) -> Example:
    """A row, with the values of each slot as an array."""
    expected: dict[str, list[str]] = {}
    for slot in row["slots"]:
        expected.setdefault(slot["slot"], []).append(slot["value"])
    return Example(id=str(at), inputs={"text": row["text"]}, expected=expected)


def spans_of(row: dict[str, Any]) -> Spans:
    """The spans as annotated, not as our alignment finds them."""
    return {(slot["start"], slot["end"], slot["slot"]) for slot in row["slots"]}


def task_of(rows: Sequence[dict[str, Any]]) -> Task:
    """A field for each slot of the rows."""
    names = sorted({slot["slot"] for row in rows for slot in row["slots"]})
    array = {"type": "array", "items": {"type": "string"}}
    schema = {"type": "object", "properties": {"text": {"type": "string"}}}
    output = {"type": "object", "properties": dict.fromkeys(names, array)}
    return Task(name="snips", kind="extract", input=schema, output=output)


def gazetteer(rows: Sequence[dict[str, Any]]) -> Finder:
    """The longest values seen in training, from the left, each as the slot that it was most often."""
    counts: dict[str, dict[str, int]] = {}
    for row in rows:
        for slot in row["slots"]:
            seen = counts.setdefault(slot["value"].lower(), {})
            seen[slot["slot"]] = seen.get(slot["slot"], 0) + 1
    best = {value: max(sorted(seen), key=lambda name: seen[name]) for value, seen in counts.items()}

    def find(text: str) -> Spans:
        starts = [0, *(at + 1 for at, char in enumerate(text) if char == " ")]
        ends = [start - 1 for start in starts[1:]] + [len(text)]
        found: Spans = set()
        at = 0
        while at < len(starts):
            stops = range(min(len(starts), at + LONGEST), at, -1)
            stop = next((one for one in stops if text[starts[at] : ends[one - 1]].lower() in best), None)
            if stop is not None:
                found.add((starts[at], ends[stop - 1], best[text[starts[at] : ends[stop - 1]].lower()]))
            at = stop or at + 1
        return found

    return lambda texts: [find(text) for text in texts]


def finder(candidate: Any) -> Finder:
    """A candidate as a function of texts, with nothing rejected: the spans of its trace."""

    def find(texts: Sequence[str]) -> list[Spans]:
        answers = candidate.answer([{"text": text} for text in texts])
        steps = [[(step.output, step.name) for step in answer.evidence.trace] for answer in answers]
        return [{(value["start"], value["end"], name) for value, name in one} for one in steps]

    return find


def quality(found: Sequence[Spans], wanted: Sequence[Spans]) -> Figures:
    """Whole sentences, and micro F1 over spans."""
    hits, given, expected = (
        np.array([len(one) for one in part], dtype=float)
        for part in ([one & other for one, other in zip(found, wanted, strict=True)], found, wanted)
    )
    drawn = np.random.default_rng(0).integers(0, len(hits), size=(RESAMPLES, len(hits)))
    f1 = 2 * hits[drawn].sum(axis=1) / (given + expected)[drawn].sum(axis=1)
    right = sum(one == other for one, other in zip(found, wanted, strict=True))
    value = float(2 * hits.sum() / (given + expected).sum())
    return {"sentence": wilson(right, len(hits)), "f1": (value, *np.percentile(f1, [2.5, 97.5]).tolist())}


def speed(find: Finder, texts: Sequence[str]) -> Figures:
    """Milliseconds of one text at a time."""
    for text in texts[:WARM_UP]:
        find([text])
    waits = []
    for text in texts[WARM_UP : WARM_UP + SINGLE]:
        begun = time.perf_counter()
        find([text])
        waits.append((time.perf_counter() - begun) * 1000)
    p50, p95 = np.percentile(waits, [50, 95])
    return {"p50_ms": float(p50), "p95_ms": float(p95)}


def served(candidate: Any, rows: Sequence[Example], folder: Path) -> Figures:
    """Values right in every field by the output itself; how many were served, and right of these."""
    answers = candidate.answer([row.inputs for row in rows])
    kept = [(answer, row) for answer, row in zip(answers, rows, strict=True) if not answer.abstained]
    right = sum(answer.output == row.expected for answer, row in kept)
    values = sum(answer.guess == row.expected for answer, row in zip(answers, rows, strict=True))
    confidence = float(np.mean([answer.confidence for answer in answers]))
    return {
        "values": wilson(values, len(rows)),
        "served": len(kept) / len(rows),
        "right_of_served": wilson(right, len(kept)),
        "mean_confidence": confidence,
        **accepted(answers, rows, folder),
    }


def accepted(answers: Sequence[Any], rows: Sequence[Example], folder: Path) -> Figures:
    """Share of the proofs that an independent checker accepts; nothing where no answer has one."""
    claims = [
        Claim(inputs=row.inputs, output=answer.guess, proof=answer.evidence.proof, folder=folder)
        for answer, row in zip(answers, rows, strict=True)
        if answer.evidence.proof is not None and answer.guess is not None
    ]
    good = sum(not check_proof(claim) for claim in claims)
    return {"proofs_accepted": wilson(good, len(claims))} if claims else {}


def measure(source: Path, count: int | None, cache: Path) -> dict[str, Figures]:
    """Build all, then read the test rows, then measure all."""
    rows = rows_of(source / "train.jsonl")
    random.Random(0).shuffle(rows)  # noqa: S311  seeded on purpose
    rows = rows[:count]
    task, held = task_of(rows), len(rows) // 10
    made = tuple(example(at, row) for at, row in enumerate(rows))
    train, select = (
        TrainSplit(snapshot="0" * 64, examples=made[held:]),
        SelectSplit(snapshot="0" * 64, examples=made[:held]),
    )
    run = BuildRun(seed=0, snapshot="0" * 64, cache=cache)
    finders: dict[str, tuple[Finder, Any, Figures]] = {"gazetteer": (gazetteer(rows[held:]), None, {})}
    for name in ("distilled", "retrieval", "symbolic"):
        begun = time.perf_counter()
        candidate = families.create(name).build(task, train, select, run)
        took = time.perf_counter() - begun
        folder = cache / name
        folder.mkdir()
        candidate.save(folder)
        size = sum(path.stat().st_size for path in folder.iterdir())
        chosen = {
            key: candidate.card.parameters.get(key) for key in ("regularisation", "neighbours", "share", "patterns")
        }
        finders[name] = finder(candidate), candidate, {"build_seconds": took, "bytes": size, "chosen": chosen}
    tested = rows_of(source / "test.jsonl")
    texts, wanted = [row["text"] for row in tested], [spans_of(row) for row in tested]
    examples = [example(at, row) for at, row in enumerate(tested)]
    return {
        name: {
            **quality(find(texts), wanted),
            **speed(find, texts),
            **facts,
            **(served(candidate, examples, cache / name) if candidate else {}),
        }
        for name, (find, candidate, facts) in finders.items()
    }


def show(found: dict[str, Figures]) -> None:
    """A row for each, and the published ones."""
    for name, figures in found.items():
        print(f"{name}:")
        for key, value in figures.items():
            print(f"  {key:<16} {tuple(round(one, 4) for one in value) if isinstance(value, tuple) else value}")
    for name, (f1, sentence) in PUBLISHED.items():
        print(f"{name} (published, other split): F1 {f1}, sentence {sentence}")


def main() -> None:
    """Print a block for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=None, help="of train.jsonl; all when left out")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(options.data.resolve(), options.rows, Path(folder))
    if options.json:
        print(json.dumps({"measured": found, "published": PUBLISHED}))
    else:
        show(found)


if __name__ == "__main__":
    main()
