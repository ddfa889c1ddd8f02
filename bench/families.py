"""Measure families on CLINC150 beside TF-IDF + linear SVM. Run: python bench/families.py --data DIR [--json].

DIR holds train.csv, val.csv and test.csv with the columns text and intent, where out-of-scope rows have intent oos.
Everything is fitted on the TrainSplit and chosen on the SelectSplit; test rows are opened once, after all builds. Speed
is that of one core. --tune adds the students of a tuned encoder, which takes 10 to 20 minutes on two cores.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import stats
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline, make_union
from sklearn.svm import LinearSVC
from threadpoolctl import threadpool_limits

from proveout import data, families, loop
from proveout.trial import nested_subset, wilson

if TYPE_CHECKING:
    from proveout.task import Example, Task

CANDIDATES = (
    ("distilled", "minilm-int8"),
    ("distilled", "minilm"),
    ("retrieval", "minilm-int8"),
)
TUNED = (("distilled-tuned", "minilm-int8"), ("distilled-edge", "minilm-int8"), ("distilled-adapted", "minilm-int8"))
FEW, SEEDS = 10, 5
# Larson et al. (EMNLP 2019), Table 2, Full, out of scope trained as a class: in-scope accuracy, out-of-scope recall.
PUBLISHED = {"BERT": (0.969, 0.403), "MLP": (0.935, 0.474), "SVM": (0.910, 0.145)}
WARM_UP, SINGLE, BATCH = 20, 500, 1024
OUTSIDE = "oos"

# (label were nothing rejected, whether it was rejected) for each text.
Judge = Callable[[Sequence[str]], list[tuple[str, bool]]]
Figures = dict[str, Any]


def judge_of(candidate: families.Candidate) -> Judge:
    """A candidate as a function of texts."""

    def judge(texts: Sequence[str]) -> list[tuple[str, bool]]:
        answers = candidate.answer([{"text": text} for text in texts])
        return [((answer.guess or {"intent": ""})["intent"], answer.abstained) for answer in answers]

    return judge


def svm(train: data.TrainSplit) -> tuple[Judge, int, float]:
    """Words, word pairs and character n-grams, and a linear SVM with scikit-learn's defaults; its bytes, its seconds.

    Out of scope is one more class, so its guess and its rejection are one thing.
    """
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    pieces = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True)
    model = make_pipeline(make_union(words, pieces), LinearSVC(random_state=0))
    begun = time.perf_counter()
    model.fit([row.inputs["text"] for row in train.examples], [label(row) for row in train.examples])
    took = time.perf_counter() - begun
    return lambda texts: [(str(one), one == OUTSIDE) for one in model.predict(texts)], len(pickle.dumps(model)), took


def label(row: Example) -> str:
    """The expected label."""
    return str((row.expected or {})["intent"])


def quality(judge: Judge, rows: Sequence[Example]) -> Figures:
    """Shares of the test rows, in-scope accuracies with Wilson's 95 % interval."""
    judged = judge([row.inputs["text"] for row in rows])
    truth = np.array([label(row) for row in rows])
    guess, rejected = np.array([one for one, _ in judged]), np.array([flag for _, flag in judged])
    inside = truth != OUTSIDE
    right = (guess == truth)[inside]
    return {
        "in_scope": wilson(int(right.sum()), int(inside.sum())),
        "in_scope_at_threshold": wilson(int((right & ~rejected[inside]).sum()), int(inside.sum())),
        "out_of_scope_recall": wilson(int(rejected[~inside].sum()), int((~inside).sum())),
    }


@contextmanager
def one_core() -> Iterator[None]:
    """Keep this process and its arithmetic to one core."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cores)})
    try:
        with threadpool_limits(1):
            yield
    finally:
        os.sched_setaffinity(0, cores)


def speed(judge: Judge, texts: Sequence[str]) -> Figures:
    """On one core: milliseconds of one text at a time, and texts per second in batches."""
    with one_core():
        for text in texts[:WARM_UP]:
            judge([text])
        waits = []
        for text in texts[WARM_UP : WARM_UP + SINGLE]:
            begun = time.perf_counter()
            judge([text])
            waits.append((time.perf_counter() - begun) * 1000)
        begun = time.perf_counter()
        for start in range(0, len(texts), BATCH):
            judge(texts[start : start + BATCH])
        took = time.perf_counter() - begun
    p50, p95 = np.percentile(waits, [50, 95])
    return {"p50_ms": float(p50), "p95_ms": float(p95), "per_second": len(texts) / took}


def few_shot(task: Task, snapshot: data.Snapshot, cache: Path, name: str) -> list[Judge]:
    """Students of a few examples per label, one a seed; SelectSplit stays whole."""
    train, select = snapshot.train(), snapshot.select()
    judges = []
    for seed in range(SEEDS):
        rows = nested_subset(task, train.examples, FEW, seed)
        run = families.BuildRun(seed=seed, snapshot=snapshot.id, cache=cache, embedder="minilm-int8")
        part = data.TrainSplit(snapshot=train.snapshot, examples=rows)
        judges.append(judge_of(families.families.create(name).build(task, part, select, run)))
    return judges


def across(judges: Sequence[Judge], rows: Sequence[Example]) -> Figures:
    """Mean in-scope accuracy over seeds, with Student's 95 % interval."""
    found = [quality(judge, rows)["in_scope"][0] for judge in judges]
    half = float(stats.t.ppf(0.975, len(found) - 1) * np.std(found, ddof=1) / np.sqrt(len(found)))
    mean = float(np.mean(found))
    return {"in_scope": (mean, mean - half, mean + half), "seeds": found}


def measure(folder: Path, source: Path, *, tune: bool) -> tuple[dict[str, Figures], dict[str, Figures]]:
    """Build all, then open the test rows, then measure all: full data, and few examples."""
    options: dict[str, Any] = {"kind": "classify", "inputs": ["text"], "outputs": ["intent"], "out_of_scope": OUTSIDE}
    examples = [source / "train.csv", source / "val.csv"]
    if not (folder / "task.toml").exists():
        loop.new(folder, examples=examples, test=[source / "test.csv"], **options)
    found: dict[str, tuple[Judge, Figures]] = {}
    with loop.opened(folder) as here:
        snapshot = data.take_snapshot(here.workspace, here.task, here.ledger)
        for name, embedder in CANDIDATES + (TUNED if tune else ()):
            built = families.build(
                *(here.workspace, here.task, snapshot, name),
                seed=0,
                ledger=here.ledger,
                progress=loop.quiet,
                embedder=embedder,
            )
            size = sum(path.stat().st_size for path in built.folder.iterdir())
            facts = {"bytes": size, "build_seconds": built.wall_seconds}
            found[f"{name}, {embedder}"] = (judge_of(built.candidate), facts)
        few = {name: few_shot(here.task, snapshot, here.workspace.cache, name) for name in ("distilled", "retrieval")}
        judge, size, took = svm(snapshot.train())
        found["TF-IDF + LinearSVC"] = (judge, {"bytes": size, "build_seconds": took})
        rows = snapshot.open_test(here.ledger, purpose="bench/families.py").examples
    texts = [row.inputs["text"] for row in rows]
    whole = {name: {**quality(judge, rows), **speed(judge, texts), **facts} for name, (judge, facts) in found.items()}
    return whole, {name: across(judges, rows) for name, judges in few.items()}


def show(found: dict[str, Figures]) -> None:
    """A row for each, and the published ones."""
    columns = ("in-scope", "95 % interval", "at threshold", "oos recall", "p50 ms", "p95 ms", "per s", "MB", "build s")
    print(f"{'':<24}" + "".join(f"{column:>15}" for column in columns))
    for name, figures in found.items():
        value, low, high = figures["in_scope"]
        cells = [f"{value:.1%}", f"{low:.1%}-{high:.1%}"]
        cells += [f"{figures[key][0]:.1%}" for key in ("in_scope_at_threshold", "out_of_scope_recall")]
        cells += [f"{figures['p50_ms']:.2f}", f"{figures['p95_ms']:.2f}", f"{figures['per_second']:,.0f}"]
        cells += [f"{figures['bytes'] / 1e6:.1f}", f"{figures['build_seconds']:.1f}"]
        print(f"{name:<24}" + "".join(f"{cell:>15}" for cell in cells))
    for name, (accuracy, recall) in PUBLISHED.items():
        cells = ["", "", f"{accuracy:.1%}", f"{recall:.1%}"]
        print(f"{name + ' (published)':<24}" + "".join(f"{cell:>15}" for cell in cells))


def show_few(found: dict[str, Figures]) -> None:
    """A row for each family at a few examples per label."""
    print(f"\n{FEW} examples per label, in-scope, mean of {SEEDS} seeds and its 95 % interval")
    for name, figures in found.items():
        value, low, high = figures["in_scope"]
        print(f"{name:<24}{value:>15.1%}{f'{low:.1%}-{high:.1%}':>15}")


def main() -> None:
    """Print a row for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--tune", action="store_true")
    parser.add_argument("--keep", type=Path, help="a folder to go on in, where builds are kept")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found, few = measure(options.keep or Path(folder) / "clinc150", options.data.resolve(), tune=options.tune)
    if options.json:
        print(json.dumps({"measured": found, "few": few, "published": PUBLISHED}))
    else:
        show(found)
        show_few(few)


if __name__ == "__main__":
    main()
