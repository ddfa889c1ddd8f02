"""Measure answers from documents on XQuAD English beside the best BM25 sentence.

Run: python bench/answers.py --data DIR [--json].

DIR holds passages.jsonl (id, title, text) and questions.jsonl (question, passage_id, answers). Each passage is a
document; every fifth is removed, and its questions are then not in the documents. Questions are divided by passage:
40 % fit, 20 % choose thresholds, 40 % measure. Intervals are 95 % percentile bootstraps over passages, since questions
of one passage are alike.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import re
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from proveout.data import SelectSplit, TrainSplit
from proveout.families import BuildRun, families, rejection_threshold
from proveout.task import Documents, Example, Task

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

RESAMPLES, SNAPSHOT = 2000, "0" * 64
PARTS = ("train", "train", "select", "test", "test")
WORD = re.compile(r"[^\W_]+")
ARTICLES = {"a", "an", "the"}

Rows = list[dict[str, Any]]
Figures = dict[str, Any]


def rows_of(path: Path) -> Rows:
    """A JSON Lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def tokens(text: str) -> list[str]:
    """Lower-cased runs of letters and digits."""
    return WORD.findall(text.lower())


class PlainBm25:
    """BM25 with k1 = 0.9, b = 0.4, no stemming, no stop words."""

    def __init__(self, texts: Sequence[str]) -> None:
        counts = [Counter(tokens(text)) for text in texts]
        lengths = np.array([sum(count.values()) for count in counts])
        norm = 0.9 * (1 - 0.4 + 0.4 * lengths / lengths.mean())
        held = Counter(word for count in counts for word in count)
        self._weights = {word: np.zeros(len(texts)) for word in held}
        for at, count in enumerate(counts):
            for word, n in count.items():
                idf = math.log(1 + (len(texts) - held[word] + 0.5) / (held[word] + 0.5))
                self._weights[word][at] = idf * n * 1.9 / (n + norm[at])
        self._none = np.zeros(len(texts))

    def scores(self, query: str) -> Any:
        """One for each text."""
        return np.sum([self._none, *(self._weights[word] for word in tokens(query) if word in self._weights)], axis=0)


def part_of(passage: str) -> tuple[str, bool]:
    """The part of a passage's questions, and whether its page is removed."""
    number = int.from_bytes(hashlib.blake2b(passage.encode(), digest_size=4).digest(), "big")
    return PARTS[number % 5], number // 5 % 5 == 0


def holds(text: str, gold: Sequence[str]) -> bool:
    """Whether a text holds one of the answers, word for word; articles and punctuation do not count."""
    words = [[word for word in tokens(one) if word not in ARTICLES] for one in (text, *gold)]
    said = f" {' '.join(words[0])} "
    return any(f" {' '.join(one)} " in said for one in words[1:] if one)


def gain(gold: str, paths: Sequence[str]) -> float:
    """nDCG@10 with one relevant page."""
    distinct = list(dict.fromkeys(paths))[:10]
    return 1 / math.log2(2 + distinct.index(gold)) if gold in distinct else 0.0


def interval(values: Sequence[float], groups: Sequence[str]) -> tuple[float, float, float]:
    """A mean, with whole passages resampled."""
    found, at = np.unique(np.array(groups), return_inverse=True)
    totals, counts = np.bincount(at, np.array(values, dtype=float)), np.bincount(at)
    drawn = np.random.default_rng(0).integers(0, len(found), size=(RESAMPLES, len(found)))
    low, high = np.percentile(totals[drawn].sum(axis=1) / counts[drawn].sum(axis=1), [2.5, 97.5])
    return float(np.mean(values)), float(low), float(high)


Said = tuple[str, bool, list[str]]


def figures(rows: Rows, said: Sequence[Said]) -> Figures:
    """Of (best sentence, whether it is given, pages in order) for each question."""
    there = [(row, one) for row, one in zip(rows, said, strict=True) if not row["removed"]]
    gone = [(row, one) for row, one in zip(rows, said, strict=True) if row["removed"]]
    groups = [row["passage_id"] for row, _ in there]
    right = [holds(text, row["gold"]) for row, (text, _, _) in there]
    given = [one[1] for _, one in there]
    return {
        "sentence holds the answer": interval(right, groups),
        "the same, and it is given": interval([a and b for a, b in zip(right, given, strict=True)], groups),
        "nDCG@10": interval([gain(f"{row['passage_id']}.txt", pages) for row, (_, _, pages) in there], groups),
        "page removed: not in the documents": interval(
            [not one[1] for _, one in gone], [row["passage_id"] for row, _ in gone]
        ),
        "page there: not in the documents": interval([not one for one in given], groups),
    }


def ours(rows: dict[str, Rows], pages: dict[str, bytes], folder: Path, embedder: str) -> tuple[list[Said], Figures]:
    """The family ``retrieval``."""
    schema = {"type": "object", "properties": {"answer": {"type": ["string", "null"]}}}
    asked = {"type": "object", "properties": {"question": {"type": "string"}}}
    task = Task(name="xquad", kind="answer", input=asked, output=schema, documents=Documents(paths=("*.txt",)))
    examples = {
        name: tuple(
            Example(
                id=row["id"],
                inputs={"question": row["question"]},
                expected={"answer": None if row["removed"] else row["gold"]},
            )
            for row in part
        )
        for name, part in rows.items()
    }
    train = TrainSplit(snapshot=SNAPSHOT, examples=examples["train"])
    select = SelectSplit(snapshot=SNAPSHOT, examples=examples["select"])
    run = BuildRun(
        seed=0, snapshot=SNAPSHOT, cache=folder, embedder=embedder, documents=lambda: pages, progress=progress()
    )
    begun = time.perf_counter()
    candidate = families.create("retrieval").build(task, train, select, run)
    built = time.perf_counter() - begun
    answers = [candidate.answer([one.inputs])[0] for one in examples["test"]]
    said = [
        (
            str((one.guess or {}).get("answer", "")),
            one.output is not None,
            [cited.document for cited in one.evidence.citations],
        )
        for one in answers
    ]
    waits = [one.usage.wall_seconds * 1000 for one in answers]
    p50, p99 = np.percentile(waits, [50, 99])
    return said, {"build_seconds": built, "p50_ms": float(p50), "p99_ms": float(p99)} | weights_of(candidate)


def weights_of(candidate: Any) -> Figures:
    """What was fitted and chosen."""
    parameters = candidate.card.parameters
    return {name: parameters[name]["value"] for name in ("embedder", "weights", "threshold") if name in parameters}


def progress() -> Callable[[str, int, int], None]:
    """A line on standard error now and then."""
    shown: dict[str, float] = {}

    def line(stage: str, done: int, total: int) -> None:
        if done >= total or time.monotonic() - shown.get(stage, 0) > 30:
            shown[stage] = time.monotonic()
            print(f"{stage}: {done} of {total}", file=sys.stderr, flush=True)

    return line


def baseline(rows: dict[str, Rows], pages: dict[str, bytes]) -> list[Said]:
    """The sentence with the highest BM25 score, given above a score chosen as ours is, pages by their best sentence."""
    found = [(path, sentence) for path, page in pages.items() for sentence in re.split(r"(?<=[.!?])\s+", page.decode())]
    index = PlainBm25([sentence for _, sentence in found])

    def best(row: dict[str, Any]) -> tuple[float, str, list[str]]:
        scores = index.scores(row["question"])
        order = np.argsort(-scores, kind="stable")[:200]
        return float(scores[order[0]]), found[order[0]][1], [found[at][0] for at in order]

    chosen = [(best(row), row) for row in rows["select"]]
    inside = [(score, holds(text, row["gold"])) for (score, text, _), row in chosen if not row["removed"]]
    outside = np.array([score for (score, _, _), row in chosen if row["removed"]])
    scores, right = (np.array(column) for column in zip(*inside, strict=True))
    threshold = rejection_threshold(scores, right.astype(bool), outside)
    return [(text, score >= threshold, order) for score, text, order in map(best, rows["test"])]


def measure(source: Path, folder: Path, embedder: str) -> Figures:
    """All figures."""
    rows: dict[str, Rows] = {name: [] for name in PARTS}
    for row in rows_of(source / "questions.jsonl"):
        part, removed = part_of(row["passage_id"])
        rows[part].append(row | {"removed": removed, "gold": [one["text"] for one in row["answers"]]})
    passages = rows_of(source / "passages.jsonl")
    pages = {f"{one['id']}.txt": one["text"].encode() for one in passages if not part_of(one["id"])[1]}
    said, cost = ours(rows, pages, folder, embedder)
    return {
        "documents": len(pages),
        "removed": len(passages) - len(pages),
        "questions": {name: [len(part), sum(row["removed"] for row in part)] for name, part in rows.items()},
        "retrieval": figures(rows["test"], said),
        "best BM25 sentence (baseline)": figures(rows["test"], baseline(rows, pages)),
        "cost": cost,
    }


def show(found: Figures) -> None:
    """A row for each figure."""
    print(f"{found['documents']} documents, {found['removed']} removed; questions (of removed pages):", end=" ")
    print(", ".join(f"{name} {count} ({gone})" for name, (count, gone) in found["questions"].items()))
    names = ("retrieval", "best BM25 sentence (baseline)")
    print(f"{'':<38}" + "".join(f"{name:>32}" for name in names))
    for figure in found[names[0]]:
        cells = ["{:.3f} ({:.3f}-{:.3f})".format(*found[name][figure]) for name in names]
        print(f"{figure:<38}" + "".join(f"{cell:>32}" for cell in cells))
    print("build {build_seconds:.0f} s; answer p50 {p50_ms:.1f} ms, p99 {p99_ms:.1f} ms".format(**found["cost"]))
    print({name: found["cost"].get(name) for name in ("embedder", "weights", "threshold")})


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--embedder", default="auto")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(options.data.resolve(), Path(folder), options.embedder)
    print(json.dumps(found)) if options.json else show(found)


if __name__ == "__main__":
    main()
