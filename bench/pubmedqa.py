"""Measure families on PubMedQA beside majority and TF-IDF. Run: python bench/pubmedqa.py --data DIR [--json].

DIR holds train.jsonl, test.jsonl (id, question, answer) and corpus.jsonl (id, text: the abstract without its
conclusion). Answers are yes, no or maybe. Everything is fitted on the TrainSplit, four fifths of train.jsonl. What is
read of the abstract is chosen on the SelectSplit, the other fifth, for each model: nothing, its last sentences, where
the results stand, or all of it; so is the embedder, MiniLM (which reads 128 tokens) or TF-IDF. distilled-tuned, which
takes minutes, trains MiniLM on what distilled chose to read. Test rows are opened once, after all builds; the published
figures are of all 500 official ones, of which DIR may hold a part.

The local model is small and weak. It reads the last sentences, unchosen, and answers the first --llm-rows test rows.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union

from proveout import data, families, loop
from proveout.errors import ExtraMissing, WeightsMissing
from proveout.task import Incumbent
from proveout.trial import macro_f1_interval, wilson

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from proveout.task import Example, Task

    Judge = Callable[[Sequence[Example]], list[str]]

LABELS = ("yes", "no", "maybe")
LAST = 3
VIEWS = {
    "question": ("question",),
    "question, last sentences": ("question", "results"),
    "question, abstract": ("question", "text"),
}
SHORT = "question, last sentences"
STRENGTHS = (1.0, 10.0, 100.0)
EMBEDDERS = ("minilm-int8", "tfidf")
# On all 500 rows of the official test, recalled from the literature: Jin et al. (EMNLP 2019), and its leaderboard.
PUBLISHED = {"BioBERT": 0.681, "human": 0.780}
LOCAL = Incumbent(
    mode="local",
    model="smollm2-135m",
    examples_shown=3,
    max_tokens=16,
    timeout_seconds=300.0,
    concurrency=1,
    self_agreement_rows=0,
)

Figures = dict[str, Any]


class Found(NamedTuple):
    """A model, what it reads and how, its share right on the SelectSplit, and the seconds of building it."""

    judge: Judge
    view: str
    features: str
    chosen_at: float
    seconds: float


class Desk(NamedTuple):
    """Where candidates are built, for what, and from which rows."""

    here: loop.OpenTask
    task: Task
    snapshot: data.Snapshot


def prepare(source: Path, folder: Path) -> None:
    """Rows with the question, the whole context and its last sentences."""
    texts = {row["id"]: row["text"] for row in lines(source / "corpus.jsonl")}
    for name in ("train", "test"):
        rows = [
            {
                "id": row["id"],
                "question": row["question"],
                "results": last_sentences(texts[row["id"]]),
                "text": texts[row["id"]],
                "answer": row["answer"],
            }
            for row in lines(source / f"{name}.jsonl")
        ]
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def lines(path: Path) -> list[Figures]:
    """The objects of a JSON Lines file."""
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def last_sentences(text: str) -> str:
    """The last few, split at full stops before a space."""
    return " ".join(re.split(r"(?<=[.!?])\s+", text.strip())[-LAST:])


def label(row: Example) -> str:
    """The expected answer."""
    return str((row.expected or {})["answer"])


def reading(task: Task, view: str) -> Task:
    """The task with the fields of one view as its input."""
    fields = {name: {"type": "string"} for name in VIEWS[view]}
    return msgspec.structs.replace(task, input={"type": "object", "required": [*fields], "properties": fields})


def share_right(judge: Judge, rows: Sequence[Example]) -> float:
    """On rows to choose on."""
    return float(np.mean([said == label(row) for said, row in zip(judge(rows), rows, strict=True)]))


def best(tried: Sequence[Found]) -> Found:
    """The most right on the SelectSplit; of equals the first, which reads least."""
    return max(tried, key=lambda one: one.chosen_at)


def built(desk: Desk, name: str, view: str, embedder: str) -> Found:
    """A family's candidate that reads one view."""
    task = msgspec.structs.replace(desk.task, incumbent=LOCAL) if name == "llm" else desk.task
    made = families.build(
        *(desk.here.workspace, reading(task, view), desk.snapshot, name),
        seed=0,
        ledger=desk.here.ledger,
        progress=loop.quiet,
        embedder=embedder,
    )

    def judge(rows: Sequence[Example]) -> list[str]:
        answers = made.candidate.answer([row.inputs for row in rows])
        return [str((one.guess or one.output or {}).get("answer", "")) for one in answers]

    # The llm family asked rows of the SelectSplit already, and nothing is chosen for it.
    chosen_at = 0.0 if name == "llm" else share_right(judge, desk.snapshot.select().examples)
    return Found(judge, view, "prompt" if name == "llm" else embedder, chosen_at, made.wall_seconds)


def tfidf(snapshot: data.Snapshot, task: Task, view: str, strength: float) -> Found:
    """Words, word pairs and character n-grams, and logistic regression."""
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    pieces = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True)
    model = make_pipeline(make_union(words, pieces), LogisticRegression(C=strength, max_iter=1000))
    text, train = reading(task, view).text, snapshot.train().examples
    begun = time.perf_counter()
    model.fit([text(row.inputs) for row in train], [label(row) for row in train])
    seconds = time.perf_counter() - begun

    def judge(rows: Sequence[Example]) -> list[str]:
        return [str(one) for one in model.predict([text(row.inputs) for row in rows])]

    return Found(judge, view, "tfidf", share_right(judge, snapshot.select().examples), seconds)


def majority(snapshot: data.Snapshot) -> Found:
    """Always the most frequent answer of the TrainSplit."""
    [(answer, _)] = Counter(label(row) for row in snapshot.train().examples).most_common(1)
    return Found(lambda rows: [answer] * len(rows), "nothing", "", 0.0, 0.0)


def builds(desk: Desk, names: Sequence[str]) -> dict[str, Found]:
    """Every model; a family that lacks an extra is left out, and says what it lacks."""
    tried = [tfidf(desk.snapshot, desk.task, view, one) for view in VIEWS for one in STRENGTHS]
    found = {"majority class": majority(desk.snapshot), "TF-IDF + LR": best(tried)}
    for name in names:
        try:
            found[name] = best([built(desk, name, *one) for one in choices(name, found)])
        except (ExtraMissing, WeightsMissing) as error:
            print(f"{name} is left out: {error}", file=sys.stderr)
    return found


def choices(name: str, found: dict[str, Found]) -> list[tuple[str, str]]:
    """Views and embedders to choose from."""
    if name == "llm":
        return [(SHORT, "auto")]
    if name == "distilled-tuned":
        return [(found["distilled"].view if "distilled" in found else SHORT, "auto")]
    return [(view, embedder) for view in VIEWS for embedder in EMBEDDERS]


def quality(found: Found, rows: Sequence[Example]) -> Figures:
    """Accuracy with Wilson's interval, macro-F1 with a bootstrapped one, milliseconds a row."""
    begun = time.perf_counter()
    said = found.judge(rows)
    seconds = time.perf_counter() - begun
    truth = np.array([LABELS.index(label(row)) for row in rows])
    guess = np.array([LABELS.index(one) if one in LABELS else -1 for one in said])
    return {
        "reads": found.view,
        "features": found.features,
        "right_on_select": found.chosen_at,
        "accuracy": wilson(int((truth == guess).sum()), len(rows)),
        "macro_f1": macro_f1_interval(truth, guess, seed=0),
        "rows": len(rows),
        "said": dict(Counter(said).most_common()),
        "build_seconds": found.seconds,
        "ms_a_row": seconds / len(rows) * 1000,
    }


def measure(source: Path, folder: Path, names: Sequence[str], llm_rows: int) -> dict[str, Figures]:
    """Build all, then open the test rows, then measure all."""
    prepare(source, folder)
    columns: dict[str, Any] = {"kind": "classify", "inputs": ["question", "results", "text"], "outputs": ["answer"]}
    loop.new(folder / "pubmedqa", examples=[folder / "train.jsonl"], test=[folder / "test.jsonl"], id="id", **columns)
    with loop.opened(folder / "pubmedqa") as here:
        shares = msgspec.structs.replace(here.task.data, train=0.8, select=0.2, certify=0.0)
        task = msgspec.structs.replace(here.task, data=shares)
        snapshot = data.take_snapshot(here.workspace, task, here.ledger)
        found = builds(Desk(here, task, snapshot), names)
        rows = snapshot.open_test(here.ledger, purpose="bench/pubmedqa.py").examples
        return {name: quality(one, rows[:llm_rows] if name == "llm" else rows) for name, one in found.items()}


def show(found: dict[str, Figures]) -> None:
    """A row for each, and the published ones."""
    columns = ("reads", "by", "accuracy", "macro-F1", "rows", "build s", "ms a row")
    widths = (26, 13, 22, 18, 6, 9, 10)
    print(f"{'':<18}" + "".join(f"{name:>{width}}" for name, width in zip(columns, widths, strict=True)))
    for name, figures in found.items():
        shares = ["{:.1%} ({:.1%}-{:.1%})".format(*figures["accuracy"])]
        shares += ["{:.2f} ({:.2f}-{:.2f})".format(*figures["macro_f1"])]
        costs = [f"{figures['rows']}", f"{figures['build_seconds']:.1f}", f"{figures['ms_a_row']:.1f}"]
        cells = [figures["reads"], figures["features"], *shares, *costs]
        print(f"{name:<18}" + "".join(f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True)))
    for name, accuracy in PUBLISHED.items():
        print(f"{name:<18}{'(published)':>26}{accuracy:>35.1%}")


def main() -> None:
    """Print a row for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--families", nargs="+", default=["distilled", "distilled-tuned", "retrieval", "llm"])
    parser.add_argument("--llm-rows", type=int, default=100)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(options.data.resolve(), Path(folder), options.families, options.llm_rows)
    print(json.dumps({"measured": found, "published": PUBLISHED})) if options.json else show(found)


if __name__ == "__main__":
    main()
