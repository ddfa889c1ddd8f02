"""Measure a knowledge base on XQuAD English beside BM25. Run: python bench/retrieval_quality.py --data DIR [--json].

DIR holds passages.jsonl (id, title, text) and questions.jsonl (question, passage_id). Nothing is chosen here: the
fusion is the textbook's, chunk sizes follow the encoder's window. A passage's rank is that of its best chunk. Intervals
are 95 % percentile bootstraps over questions (Efron and Tibshirani 1993).
"""

from __future__ import annotations

import argparse
import json
import math
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import numpy as np

from proveout.families import fit_embedder
from proveout.families.retrieval import Knowledge, Search, Source, record_search, replay

if TYPE_CHECKING:
    from collections.abc import Sequence

KILLER = Path(__file__).resolve().parents[1] / "tests" / "families" / "retrieval" / "kill_ingest.py"
MODES: tuple[Literal["bm25", "vector", "hybrid"], ...] = ("bm25", "vector", "hybrid")
DEPTH, CUTS, RESAMPLES = 60, (1, 5, 10), 2000
BATCHES, REPLAYED, KILLS = 20, 100, 25
CHUNKS, WIDTH, TIMED, WARM_UP = 5000, 384, 1000, 50

Rows = list[dict[str, Any]]
Figures = dict[str, Any]


def rows_of(path: Path) -> Rows:
    """A JSON Lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


class PlainBm25:
    """BM25 with k1 = 0.9, b = 0.4 over whole passages: lower-cased alphanumeric tokens, no stemming, no stop words."""

    def __init__(self, texts: Sequence[str]) -> None:
        counts = [Counter(tokens(text)) for text in texts]
        lengths = np.array([sum(count.values()) for count in counts])
        norm = 0.9 * (1 - 0.4 + 0.4 * lengths / lengths.mean())
        held = Counter(word for count in counts for word in count)
        idf = {word: math.log(1 + (len(texts) - n + 0.5) / (n + 0.5)) for word, n in held.items()}
        self._weights = {word: np.zeros(len(texts)) for word in held}
        for at, count in enumerate(counts):
            for word, n in count.items():
                self._weights[word][at] = idf[word] * n * 1.9 / (n + norm[at])

    def ranked(self, query: str) -> list[int]:
        """Passages, best first."""
        found = [self._weights[word] for word in tokens(query) if word in self._weights]
        return np.argsort(-np.sum(found, axis=0), kind="stable").tolist() if found else []


def tokens(text: str) -> list[str]:
    """Lower-cased runs of letters and digits."""
    return re.findall(r"[^\W_]+", text.lower())


def quality(ranks: Sequence[int | None]) -> Figures:
    """nDCG@10, MRR and recall@k from the gold passage's rank, from 1; None where it was not found."""
    found = np.array([math.inf if rank is None else rank for rank in ranks])
    per_question = {
        "nDCG@10": np.where(found <= 10, 1 / np.log2(1 + found), 0.0),
        "MRR": 1 / found,
        **{f"recall@{cut}": (found <= cut).astype(float) for cut in CUTS},
    }
    drawn = np.random.default_rng(0).integers(0, len(ranks), size=(RESAMPLES, len(ranks)))
    return {
        name: (float(values.mean()), *np.percentile(values[drawn].mean(axis=1), [2.5, 97.5]).tolist())
        for name, values in per_question.items()
    }


def difference(ours: Sequence[int | None], theirs: Sequence[int | None]) -> tuple[float, float, float]:
    """nDCG@10 of ours less theirs, paired by question."""
    gains = [
        np.array([1 / math.log2(1 + rank) if rank and rank <= 10 else 0.0 for rank in one]) for one in (ours, theirs)
    ]
    gap = gains[0] - gains[1]
    drawn = np.random.default_rng(0).integers(0, len(gap), size=(RESAMPLES, len(gap)))
    low, high = np.percentile(gap[drawn].mean(axis=1), [2.5, 97.5])
    return float(gap.mean()), float(low), float(high)


def rank_of(gold: str, paths: Sequence[str]) -> int | None:
    """The rank of the gold passage among distinct passages, from 1."""
    distinct = list(dict.fromkeys(paths))
    return distinct.index(gold) + 1 if gold in distinct else None


def searched(knowledge: Knowledge, questions: Rows, vectors: Any) -> dict[str, list[int | None]]:
    """Ranks of the gold passages by mode."""
    ranks: dict[str, list[int | None]] = {mode: [] for mode in MODES}
    for row, vector in zip(questions, vectors, strict=True):
        for mode in MODES:
            asked = Search(text=row["question"], vector=tuple(vector.tolist()), mode=mode, k=DEPTH)
            ranks[mode].append(rank_of(row["passage_id"], [hit.path for hit in knowledge.run(asked)]))
    return ranks


def replayed(knowledge: Knowledge, passages: Rows, questions: Rows) -> int:
    """How many of the first searches replay identically after updates that change, drop and restore passages."""
    chance = random.Random(0)  # noqa: S311  which pages change needs no cryptography
    modes = [MODES[at % len(MODES)] for at in range(REPLAYED)]
    asked = [Search(text=row["question"], mode=mode) for row, mode in zip(questions, modes, strict=False)]
    records = [record_search(knowledge, str(at), one)[1] for at, one in enumerate(asked)]
    for batch in range(BATCHES):
        changed = chance.sample(passages, 6)
        there = {row["id"]: f"Edition {batch}. {row['text'][: chance.randint(100, 900)]}" for row in changed[:4]}
        knowledge.ingest(
            [Source(path=path, content=text.encode()) for path, text in there.items()],
            delete=[row["id"] for row in changed[4:]],
        )
    stored = [msgspec.json.decode(msgspec.json.encode(one), type=type(one)) for one in records]
    return sum(replay(knowledge, one).identical for one in stored)


class RandomVectors:
    """A random unit vector for each text: latency depends on their number and width alone."""

    name = fingerprint = "random"

    def embed(self, texts: Sequence[str]) -> Any:
        """Shape (len(texts), WIDTH)."""
        drawn = np.random.default_rng(len(texts)).normal(size=(len(texts), WIDTH))
        return (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)

    def save(self, folder: Path) -> None:
        """Nothing is to be saved."""


def latency(folder: Path, passages: Rows, questions: Rows) -> Figures:
    """Milliseconds of hybrid searches over chunks of sampled sentences, each hit with its text and fingerprints."""
    chance = random.Random(0)  # noqa: S311  sampled text needs no cryptography
    sentences = [one for row in passages for one in re.split(r"(?<=[.!?]) ", row["text"])]
    pages = [" ".join(chance.sample(sentences, 3))[:500].encode() for _ in range(CHUNKS)]
    with Knowledge.open(folder, RandomVectors(), folder) as knowledge:
        report = knowledge.ingest([Source(path=f"{at}", content=page) for at, page in enumerate(pages)])
        vectors = RandomVectors().embed([row["question"] for row in questions])
        asked = [
            Search(text=row["question"], vector=tuple(vector.tolist()))
            for row, vector in zip(questions, vectors, strict=True)
        ]
        waits = []
        for at in range(WARM_UP + TIMED):
            begun = time.perf_counter()
            hits = knowledge.run(asked[at % len(asked)])
            waits.append((time.perf_counter() - begun) * 1000)
            assert len(hits) == 10  # noqa: S101  a search that finds nothing is not worth timing
    p50, p99 = np.percentile(waits[WARM_UP:], [50, 99])
    return {"chunks": report.chunks, "p50_ms": float(p50), "p99_ms": float(p99)}


def killed(folder: Path) -> Figures:
    """Ingests killed with signal 9, and what was lost."""
    command = [sys.executable, str(KILLER), str(folder), str(KILLS)]
    found: Figures = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return found


def measure(source: Path, folder: Path) -> Figures:
    """All figures."""
    passages, questions = rows_of(source / "passages.jsonl"), rows_of(source / "questions.jsonl")
    embedder = fit_embedder("minilm-int8", (), folder)
    plain = PlainBm25([row["text"] for row in passages])
    orders = [[passages[at]["id"] for at in plain.ranked(row["question"])] for row in questions]
    baseline = [rank_of(row["passage_id"], order) for row, order in zip(questions, orders, strict=True)]
    with Knowledge.open(folder / "xquad", embedder, folder) as knowledge:
        report = knowledge.ingest([Source(path=row["id"], content=row["text"].encode()) for row in passages])
        ranks = searched(knowledge, questions, embedder.embed([row["question"] for row in questions]))
        identical = replayed(knowledge, passages, questions)
    (folder / "killed").mkdir()
    return {
        "passages": len(passages),
        "chunks": report.chunks,
        "questions": len(questions),
        "quality": {name: quality(one) for name, one in {"plain BM25 (baseline)": baseline, **ranks}.items()},
        "hybrid_less_baseline": difference(ranks["hybrid"], baseline),
        "hybrid_less_bm25": difference(ranks["hybrid"], ranks["bm25"]),
        "replay": {"identical": identical, "of": REPLAYED, "after_batches": BATCHES},
        "kill_9": killed(folder / "killed"),
        "latency": latency(folder / "latency", passages, questions),
    }


def show(found: Figures) -> None:
    """A row for each mode, then the rest."""
    print("{passages} passages, {chunks} chunks, {questions} questions".format(**found))
    names = list(next(iter(found["quality"].values())))
    print(f"{'':<22}" + "".join(f"{name:>24}" for name in names))
    for mode, figures in found["quality"].items():
        cells = [f"{value:.3f} ({low:.3f}-{high:.3f})" for value, low, high in figures.values()]
        print(f"{mode:<22}" + "".join(f"{cell:>24}" for cell in cells))
    for other in ("baseline", "bm25"):
        value, low, high = found[f"hybrid_less_{other}"]
        print(f"nDCG@10, hybrid less {other}: {value:+.4f} ({low:+.4f} to {high:+.4f})")
    print("replay: {identical}/{of} identical after {after_batches} update batches".format(**found["replay"]))
    kills = found["kill_9"]
    print("kill -9: {kills} kills, {acknowledged} acknowledged batches, {lost} lost, {half} half".format(**kills))
    print("hybrid search, {chunks} chunks: p50 {p50_ms:.2f} ms, p99 {p99_ms:.2f} ms".format(**found["latency"]))


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(options.data.resolve(), Path(folder))
    print(json.dumps(found)) if options.json else show(found)


if __name__ == "__main__":
    main()
