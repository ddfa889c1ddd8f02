"""Effects of known size, estimated from tables. Run: python bench/effects.py --data FOLDER [--tables N] [--json].

FOLDER holds nsw_mixtape.csv, cps_mixtape.csv and nhefs_complete.csv. The job training (NSW) was drawn by lot, so that
its effect on earnings in 1978 is known; its treated are then set beside people of a survey (CPS), and adjustment has to
repair the comparison (LaLonde 1986; Dehejia and Wahba 1999, whose terms are used). Weight gain after giving up smoking
(NHEFS) is adjusted as in Hernan and Robins (2020). Simulated tables have an effect of 2: how often do intervals hold
it, how often is a right estimate refuted, and one with an unmeasured confounder? Without the extra its methods are
left out.
"""

from __future__ import annotations

import argparse
import json
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from proveout.families.symbolic.effects import Effect, Question, estimate_effect, second_opinion
from proveout.trial import wilson

if TYPE_CHECKING:
    from collections.abc import Iterator

Table = dict[str, list[float]]
Figures = dict[str, Any]
OURS, LIBRARY = ("regression", "weighting"), ("doubly robust", "double machine learning")
METHODS = (*OURS, *(LIBRARY if find_spec("econml") else ()))
DEHEJIA = ("age", "educ", "black", "hisp", "marr", "nodegree", "re74", "re75")
NHEFS = ("sex", "race", "age", "education", "smokeintensity", "smokeyrs", "exercise", "active", "wt71")


def columns(path: Path, names: tuple[str, ...]) -> Table:
    """Columns of a file, as numbers."""
    header, *lines = path.read_text(encoding="utf-8").splitlines()
    at = {name: header.split(",").index(name) for name in names}
    rows = [line.split(",") for line in lines]
    return {name: [float(row[place]) for row in rows] for name, place in at.items()}


def job_training(folder: Path) -> tuple[Table, Table]:
    """The experiment, and its treated beside the survey, with Dehejia and Wahba's terms."""
    names = ("treat", *DEHEJIA, "re78")
    experiment, survey = (columns(folder / f"{name}_mixtape.csv", names) for name in ("nsw", "cps"))
    treated = [at for at, value in enumerate(experiment["treat"]) if value == 1]
    mixed = {name: [experiment[name][at] for at in treated] + survey[name] for name in names}
    mixed |= {f"u{year}": [float(value == 0) for value in mixed[f"re{year}"]] for year in ("74", "75")}
    mixed |= {f"{name}^2": [value**2 for value in mixed[name]] for name in ("age", "educ")}
    mixed["age^3"] = [value**3 for value in mixed["age"]]
    mixed["educ re74"] = [one * other for one, other in zip(mixed["educ"], mixed["re74"], strict=True)]
    return experiment, mixed


def shown(effect: Effect, **more: Any) -> Figures:
    """An estimate, its interval and its warnings."""
    passed = {one.name: one.passed for one in effect.refutations if one.passed is not None}
    return {
        "value": effect.value,
        "low": effect.low,
        "high": effect.high,
        "n": effect.n,
        "warnings": list(effect.warnings),
        "refuters passed": passed,
        **more,
    }


def estimates(table: Table, question: Question, runs: int) -> Figures:
    """Each method that can, with DoWhy's value where it is asked, and seconds."""
    found = {}
    for method in METHODS:
        if method == "double machine learning" and question.target == "att":
            continue
        begun = time.perf_counter()
        effect = estimate_effect(table, question, method, runs=runs)
        seconds = time.perf_counter() - begun
        more = {"dowhy": second_opinion(table, question, method).value} if find_spec("dowhy") and method in OURS else {}
        found[method] = shown(effect, seconds=seconds, **more)
    return found


def measured(folder: Path, runs: int) -> Figures:
    """The two real questions."""
    experiment, mixed = job_training(folder)
    asked = Question(treatment="treat", outcome="re78")
    specified = tuple(name for name in mixed if name not in ("treat", "re78"))
    plain, full = (Question(treatment="treat", outcome="re78", causes=of, target="att") for of in (DEHEJIA, specified))
    smoking = columns(folder / "nhefs_complete.csv", ("qsmk", "wt82_71", *NHEFS))
    smoking |= {
        f"{name}^2": [value**2 for value in smoking[name]] for name in ("age", "smokeintensity", "smokeyrs", "wt71")
    }
    causes = tuple(name for name in smoking if name not in ("qsmk", "wt82_71"))
    kept = Question(treatment="qsmk", outcome="wt82_71", causes=causes, categories=("education", "exercise", "active"))
    return {
        "NSW experiment, USD": {"difference": shown(estimate_effect(experiment, asked, "difference", runs=0))},
        "NSW treated and CPS, naive, USD": {"difference": shown(estimate_effect(mixed, asked, "difference", runs=0))},
        "NSW treated and CPS, 8 causes, USD": estimates(mixed, plain, 0),
        "NSW treated and CPS, Dehejia and Wahba's terms, USD": estimates(mixed, full, 0),
        "NHEFS, naive, kg": {
            "difference": shown(
                estimate_effect(smoking, Question(treatment="qsmk", outcome="wt82_71"), "difference", runs=0)
            )
        },
        "NHEFS, 9 causes and squares, kg": estimates(smoking, kept, runs),
    }


def simulated(rng: np.random.Generator, rows: int, hidden: float) -> dict[str, Any]:
    """A table with an effect of 2, confounded by two causes, and by an unmeasured one of strength ``hidden``."""
    x, z, u = rng.normal(size=rows), rng.integers(0, 2, rows), rng.normal(size=rows)
    drawn = rng.integers(0, 2, rows)
    score = 0.8 * x + 0.6 * z - 0.9 + 0.9 * drawn + hidden * u
    treated = (rng.random(rows) < 1 / (1 + np.exp(-score))).astype(int)
    return {"x": x, "z": z, "drawn": drawn, "t": treated, "y": 2 * treated + x + z + hidden * u + rng.normal(size=rows)}


def share(hits: int, n: int) -> Figures:
    """A share with Wilson's interval."""
    value, low, high = wilson(hits, n) or (0.0, 0.0, 1.0)
    return {"share": value, "interval": [low, high]}


def covered(tables: int, rows: int) -> Figures:
    """How often the interval of each method holds the effect, with Wilson's interval."""
    found = {}
    for method in ("difference", "instrument", *METHODS):
        rng, hits = np.random.default_rng(1), 0
        more: dict[str, Any] = {"instruments": ("drawn",)} if method == "instrument" else {"causes": ("x", "z")}
        for _ in range(tables):
            question = Question(treatment="t", outcome="y", **more)
            effect = estimate_effect(simulated(rng, rows, 0.0), question, method, runs=0, resamples=200)
            hits += effect.low <= 2 <= effect.high
        # Treatment was not drawn by lot, so the difference in means is the baseline that must fail.
        found["difference, naive" if method == "difference" else method] = share(hits, tables)
    return found


def refuted(tables: int, rows: int, hidden: float) -> Figures:
    """How often each refuter speaks against regression."""
    counts: dict[str, int] = {}
    for seed in range(tables):
        table = simulated(np.random.default_rng(seed), rows, hidden)
        question = Question(treatment="t", outcome="y", causes=("x", "z"))
        for one in estimate_effect(table, question, seed=seed, runs=40, resamples=40).refutations:
            counts[one.name] = counts.get(one.name, 0) + (one.passed is False)
    counts.pop("unobserved confounder")
    return {name: share(count, tables) for name, count in counts.items()}


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--tables", type=int, default=200)
    parser.add_argument("--rows", type=int, default=300)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures = {}
    for title, of in sections(options.data, options.tables, options.rows):
        figures[title] = of
        if not options.json:
            printed(title, of)
    if options.json:
        print(json.dumps(figures, indent=2))


def sections(folder: Path, tables: int, rows: int) -> Iterator[tuple[str, Figures]]:
    """Each part as soon as it is measured."""
    yield from measured(folder, 50).items()
    yield "refuted though right", refuted(tables, rows, 0.0)
    yield "refuted, with an unmeasured confounder", refuted(tables, rows, 1.5)
    yield f"share of {tables} intervals that hold the effect", covered(tables, rows)


def printed(title: str, of: Figures) -> None:
    """One part as lines."""
    print(title)
    for name, one in of.items():
        if "share" in one:
            print(f"  {name:24} {one['share']:.3f}  [{one['interval'][0]:.3f}, {one['interval'][1]:.3f}]", flush=True)
            continue
        more = f"  DoWhy {one['dowhy']:.4g}" if "dowhy" in one else ""
        seconds = f"  {one['seconds']:.1f} s" if "seconds" in one else ""
        interval = f"[{one['low']:.4g}, {one['high']:.4g}]"
        print(f"  {name:24} {one['value']:9.4g}  {interval}  n={one['n']}{more}{seconds}", flush=True)
        for warning in one["warnings"]:
            print(f"    {warning}")


if __name__ == "__main__":
    main()
