"""Measure certificates: do they keep their promise, how much do they cover, what do they cost in labels?

Run: python bench/certify.py --data DIR [--parts simulated lifelong clinc routing tracer verifier] [--cache DIR].

DIR is the folder of data sets, with clinc150/ and llm_routing/. Answers of the student are computed once and kept in
--cache. OMP_NUM_THREADS=1 takes one core; the embedder is Proveout's int8 MiniLM unless --embedder names another.

simulated: rows drawn from a known distribution. "At the boundary" has one threshold whose true risk is alpha exactly;
"path" has a hundred, of rising risk. A draw breaks its promise when the true risk at its threshold is over alpha. The
naive rule beside it takes the last threshold whose measured risk is at most alpha.
lifelong: audits at the boundary, and a change from 2 % to 6 % at several moments of a certificate's life.
clinc: the pool is val.csv and test.csv, which the student did not learn from; each draw takes 500 rows to choose on and
1,000 to certify on, and the rest of the pool, over 5,000 rows, says what the true risk is. A consistent incumbent gives
the labels; the other one errs on 6 % of rows, in those the student learned from too.
routing: Mixtral-8x7B is the cheap path and GPT-4 the incumbent; whether each was right is recorded. A score is learned
from a part of the rows: logistic regression on the prompt's TF-IDF. Nothing says whether two wrong answers are the
same, so answers count as differing where one is right and the other is not.
tracer: TRACER's router and a certificate, from the same rows and vectors, with the same target: of what is answered
without the incumbent, at least the target agrees. TRACER runs in an environment of its own: --tracer-python.
verifier: every single-byte change of a certificate and its evidence, and 10,000 random ones.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from scipy.special import expit

from proveout import certify, data, families, loop
from proveout.certify import Row
from proveout.task import Example

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Array = np.ndarray[Any, Any]
    Figures = dict[str, Any]

OUTSIDE = "oos"
SELECT, CERTIFY = 500, 1000
DELTA = 0.05
ALPHAS_ROUTING = (0.01, 0.02, 0.05)
# Draws in which it is counted how early labelling may stop.
STOPPED = 50
FUZZED = 10_000
CHANGES = (0, 100, 300, 1000, 3000)


class Pool(NamedTuple):
    """What student and incumbent said to rows: score, whether they differ, whether each was right."""

    score: Array
    differ: Array
    student_right: Array
    incumbent_right: Array

    def take(self, at: Array) -> Pool:
        """Some of the rows."""
        return Pool(*(column[at] for column in self))

    def rows(self) -> list[Row]:
        """As evidence."""
        return [
            Row(
                input=str(at),
                unit=str(at),
                segment="",
                score=None if score < 0 else float(score),
                student="s",
                incumbent="i" if differ else "s",
                student_right=bool(ours),
                incumbent_right=bool(theirs),
            )
            for at, (score, differ, ours, theirs) in enumerate(zip(*self, strict=True))
        ]

    def loss(self, claim: str) -> Array:
        """What serving each row loses."""
        if claim == "agreement":
            return self.differ.astype(int)
        return np.where(self.differ, self.incumbent_right.astype(int) - self.student_right.astype(int), 0)


def interval(hits: int, draws: int) -> list[float]:
    """A share of draws with its exact 95 % interval."""
    low = 1 - float(certify.binomial_upper(draws - hits, draws, 0.025))
    return [hits / draws, low, float(certify.binomial_upper(hits, draws, 0.025))]


def simulated(options: argparse.Namespace) -> Figures:
    """Draws from a known distribution."""
    rng, rows = np.random.default_rng(options.seed), CERTIFY
    found: Figures = {}
    draws = max(options.draws, 2000) * 5
    for alpha in (0.01, 0.05):
        losses = rng.binomial(rows, alpha, size=draws)
        passed = int((certify.binomial_p(losses, rows, alpha) <= DELTA).sum())
        naive = int((losses <= alpha * rows).sum())
        found[f"at the boundary, alpha {alpha}"] = {
            "draws": draws,
            "certified": interval(passed, draws),
            "naive": interval(naive, draws),
        }
        worse, better = rng.multinomial(rows, [0.04 + alpha, 0.04, 0.92 - alpha], size=draws).T[:2]
        bets = [certify.kelly_bet(40, 50, 1000, alpha)] * draws
        passed = int((certify.betting_p(worse, better, rows, alpha, bets) <= DELTA).sum())
        found[f"at the boundary, net loss, alpha {alpha}"] = {
            "draws": draws,
            "certified": interval(passed, draws),
            "naive": interval(int((worse - better <= alpha * rows).sum()), draws),
        }
    found["path"] = _path_draws(rng, max(options.draws, 2000))
    return found


def _chance(score: Array) -> Array:
    return np.asarray(expit(3 - 9 * score))


def _path_draws(rng: np.random.Generator, draws: int, alpha: float = 0.01) -> Figures:
    """Scores are uniform, and a row errs with a probability that falls with its score."""
    fine = (np.arange(200_000) + 0.5) / 200_000
    true = np.cumsum(_chance(fine)[::-1]) / len(fine)
    broken = naive_broken = certified = 0
    shares = []
    thresholds = np.linspace(1, 0, 101)[1:]
    risks = true[np.minimum(((1 - thresholds) * len(fine)).astype(int), len(fine)) - 1]
    for _ in range(draws):
        score = np.sort(rng.random(CERTIFY))[::-1]
        losses = np.concatenate([[0], np.cumsum(rng.random(CERTIFY) < _chance(score))])
        counts = losses[np.searchsorted(-score, -thresholds, side="right")]
        passed = certify.reject_in_sequence([list(certify.binomial_p(counts, CERTIFY, alpha))], DELTA)[0][0]
        under = np.flatnonzero(counts <= alpha * CERTIFY)
        certified += passed > 0
        shares.append(1 - thresholds[passed - 1] if passed else 0.0)
        broken += passed > 0 and risks[passed - 1] > alpha
        naive_broken += len(under) > 0 and risks[under[-1]] > alpha
    return {
        "draws": draws,
        "broken": interval(broken, draws),
        "naive_broken": interval(naive_broken, draws),
        "coverage": float(np.mean(shares)),
    }


def lifelong(options: argparse.Namespace) -> Figures:
    """Lives of a certificate of 2 %."""
    rng, terms = np.random.default_rng(options.seed), certify.lifelong_terms(0.02)
    lives, audits = options.lives, 10_000
    alarmed = certify.alarms((rng.random((lives, audits)) < terms.alpha).astype(int), terms)
    found: Figures = {
        "lives": lives,
        "audits": audits,
        "false_alarms": interval(int((alarmed > 0).sum()), lives),
        "audits_to_catch_6_percent": {},
    }
    for change in CHANGES:
        rates = np.where(np.arange(change + 2000) < change, terms.alpha, 0.06)
        alarmed = certify.alarms((rng.random((lives, len(rates))) < rates).astype(int), terms)
        late = np.where(alarmed == 0, np.inf, alarmed - change)[(alarmed == 0) | (alarmed > change)]
        found["audits_to_catch_6_percent"][f"after {change} audits"] = {
            "median": float(np.median(late)),
            "within": [float(np.quantile(late, 0.05)), float(np.quantile(late, 0.95))],
        }
    return found


def clinc_rows(path: Path) -> list[tuple[str, str]]:
    """Texts and intents of a file."""
    with path.open(encoding="utf-8", newline="") as file:
        return [(row["text"], row["intent"]) for row in csv.DictReader(file)]


def flipped(labels: Sequence[str], rate: float, rng: np.random.Generator) -> list[str]:
    """The labels with that share of errors, each another label."""
    names = sorted(set(labels))
    wrong = rng.random(len(labels)) < rate
    shift = rng.integers(1, len(names), len(labels))
    return [
        names[(names.index(one) + int(by)) % len(names)] if bad else one
        for one, bad, by in zip(labels, wrong, shift, strict=True)
    ]


def clinc_pool(options: argparse.Namespace, error: float) -> tuple[Pool, Array]:
    """The pool for an incumbent that errs so often, from the cache where it was made before; and which rows are oos."""
    source, cache = options.data / "clinc150", options.cache / f"clinc-{options.embedder}-{error}.npz"
    if not cache.exists():
        rng = np.random.default_rng(options.seed)
        learned = clinc_rows(source / "train.csv")
        taught = flipped([label for _, label in learned], error, rng)
        pool = [*clinc_rows(source / "val.csv"), *clinc_rows(source / "test.csv")]
        answers = student([text for text, _ in learned], taught, [text for text, _ in pool], options)
        truth = [label for _, label in pool]
        theirs = flipped(truth, error, rng)
        score = [-1.0 if one.output is None else one.confidence for one in answers]
        said = [(one.output or {}).get("intent") for one in answers]
        columns = (
            np.array(score),
            np.array([ours != other for ours, other in zip(said, theirs, strict=True)]),
            np.array([ours == right for ours, right in zip(said, truth, strict=True)]),
            np.array([other == right for other, right in zip(theirs, truth, strict=True)]),
            np.array([right == OUTSIDE for right in truth]),
        )
        np.savez(cache, *columns)
    with np.load(cache) as kept:
        found = [kept[f"arr_{at}"] for at in range(5)]
    return Pool(*found[:4]), found[4]


def student(texts: Sequence[str], labels: Sequence[str], pool: Sequence[str], options: argparse.Namespace) -> list[Any]:
    """Answers of a distilled candidate that learned from the texts; every tenth is for choosing."""
    with tempfile.TemporaryDirectory() as folder:
        made = loop.new(
            Path(folder) / "clinc150",
            kind="classify",
            examples=[(options.data / "clinc150" / "train.csv").resolve()],
            inputs=["text"],
            outputs=["intent"],
            out_of_scope=OUTSIDE,
        )
        rows = [
            Example(id=str(at), inputs={"text": text}, expected={"intent": label})
            for at, (text, label) in enumerate(zip(texts, labels, strict=True))
        ]
        order = np.random.default_rng(options.seed).permutation(len(rows))
        select = data.SelectSplit(snapshot="bench", examples=tuple(rows[at] for at in order[::10]))
        train = data.TrainSplit(
            snapshot="bench", examples=tuple(rows[at] for number, at in enumerate(order) if number % 10)
        )
        run = families.BuildRun(seed=options.seed, snapshot="bench", cache=options.cache, embedder=options.embedder)
        candidate = families.families.create("distilled").build(made, train, select, run)
        return candidate.answer([{"text": text} for text in pool])


def certified_draws(pool: Pool, claim: certify.Claim, alpha: float, options: argparse.Namespace) -> Figures:
    """Certificates of draws from a pool, and what the rest of it says of them."""
    rng = np.random.default_rng(options.seed)
    shares, labels, broken, naive_broken, naive_shares, risks = [], [], 0, 0, [], []
    enough: list[int] = []
    for _ in range(options.draws):
        order = rng.permutation(len(pool.score))
        select, certified, rest = np.split(order, [SELECT, SELECT + CERTIFY])
        grid = certify.choose_grid(pool.take(select).rows(), claim=claim, alpha=alpha, delta=DELTA)
        sample, fresh = pool.take(certified), pool.take(rest)
        (part,) = certify.decide(sample.rows(), grid)
        risk = _risk(fresh, claim, part.threshold)
        shares.append(part.coverage)
        risks.append(risk)
        labels.append(int((sample.differ & (sample.score >= _or_infinite(part.threshold))).sum()))
        if claim != "agreement" and len(enough) < STOPPED and part.threshold is not None:
            enough.append(_labels_enough(sample.rows(), grid, part.threshold))
        broken += risk > alpha
        loss = sample.loss(claim)
        under = [tau for tau in grid.thresholds if loss[sample.score >= tau].sum() <= alpha * CERTIFY]
        naive_shares.append(float((sample.score >= under[-1]).mean()) if under else 0.0)
        naive_broken += bool(under) and _risk(fresh, claim, under[-1]) > alpha
    return {
        "draws": options.draws,
        "alpha": alpha,
        "coverage": float(np.mean(shares)),
        "coverage_within": [float(np.quantile(shares, 0.05)), float(np.quantile(shares, 0.95))],
        "not_certified": float(np.mean(np.array(shares) == 0)),
        "labels": float(np.mean(labels)),
        "labels_when_stopped": float(np.mean(enough)) if enough else None,
        "risk": float(np.mean(risks)),
        "broken": interval(broken, options.draws),
        "naive_coverage": float(np.mean(naive_shares)),
        "naive_broken": interval(naive_broken, options.draws),
    }


def _labels_enough(rows: list[Row], grid: certify.Grid, threshold: float) -> int:
    """The fewest labels, given to the surest rows first, that certify the threshold all labels do."""
    asked = [at for at, row in enumerate(rows) if row.disagrees and row.score is not None and row.score >= threshold]
    asked.sort(key=lambda at: -(rows[at].score or 0))

    def certifies(count: int) -> bool:
        unknown = set(asked[count:])
        told = [
            msgspec.structs.replace(row, student_right=None, incumbent_right=None) if at in unknown else row
            for at, row in enumerate(rows)
        ]
        found = certify.decide(told, grid)[0].threshold
        return found is not None and found <= threshold

    low, high = -1, len(asked)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if certifies(middle) else (middle, high)
    return high


def _or_infinite(threshold: float | None) -> float:
    return np.inf if threshold is None else threshold


def _risk(pool: Pool, claim: str, threshold: float | None) -> float:
    return float(np.where(pool.score >= _or_infinite(threshold), pool.loss(claim), 0).mean())


def clinc(options: argparse.Namespace) -> Figures:
    """Both incumbents, with and without rows out of scope."""
    found: Figures = {}
    incumbents: tuple[tuple[str, float, tuple[certify.Claim, ...]], ...] = (
        ("consistent incumbent", 0.0, ("agreement",)),
        ("incumbent that errs on 6 %", 0.06, ("non-inferiority", "agreement")),
    )
    for name, error, claims in incumbents:
        pool, outside = clinc_pool(options, error)
        for rows, kept in (("all rows", np.ones(len(outside), bool)), ("in scope", ~outside)):
            for claim in claims:
                key = f"{name}, {rows}, {claim}"
                found[key] = certified_draws(pool.take(np.flatnonzero(kept)), claim, 0.01, options)
    return found


def routing(options: argparse.Namespace) -> Figures:
    """Real errors of two models."""
    found: Figures = {}
    for name, path in (("MMLU", "mmlu_outcomes.csv"), ("GSM8K", "gsm8k_responses.jsonl")):
        prompts, cheap, dear = _outcomes(options.data / "llm_routing" / path)
        learned = len(prompts) // 3
        order = np.random.default_rng(options.seed).permutation(len(prompts))
        texts = [prompts[at] for at in order]
        cheap, dear = cheap[order], dear[order]
        score = _learned_score(texts[:learned], cheap[:learned], texts[learned:])
        pool = Pool(score, (cheap != dear)[learned:], cheap[learned:], dear[learned:])
        enough = len(score) > SELECT + CERTIFY + SELECT
        for alpha in ALPHAS_ROUTING if enough else ():
            claims: tuple[certify.Claim, ...] = ("agreement", "non-inferiority")
            for claim in claims:
                found[f"{name}, {claim}, alpha {alpha}"] = certified_draws(pool, claim, alpha, options)
        if not enough:
            found[name] = _one_certificate(pool)
        found[f"{name}, rows"] = {"pool": len(score), "cheap": float(cheap.mean()), "dear": float(dear.mean())}
    return found


def _one_certificate(pool: Pool) -> Figures:
    """Too few rows to say what the true risk is: one certificate, and what it would take."""
    select, sample = np.split(np.arange(len(pool.score)), [len(pool.score) // 3])
    found: Figures = {"rows": len(sample)}
    for alpha in (0.05, 0.1, 0.2):
        rows = pool.take(select).rows()
        grid = certify.choose_grid(rows, claim="non-inferiority", alpha=alpha, delta=DELTA)
        (part,) = certify.decide(pool.take(sample).rows(), grid)
        wanted = certify.needed(grid, certify.expect(rows, grid, len(sample)), len(sample))
        found[f"alpha {alpha}"] = {"coverage": part.coverage, "rows_needed": wanted.rows}
    return found


def _outcomes(path: Path) -> tuple[list[str], Array, Array]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file)) if path.suffix == ".csv" else [json.loads(line) for line in file]
    outcome = [np.array([int(row[key]) for row in rows]) for key in ("mixtral_8x7b_correct", "gpt4_1106_correct")]
    return [row["prompt"] for row in rows], outcome[0], outcome[1]


def _learned_score(texts: Sequence[str], right: Array, others: Sequence[str]) -> Array:
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415  one part needs it
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415  as above

    vectorizer = TfidfVectorizer(sublinear_tf=True, min_df=2, ngram_range=(1, 2))
    model = LogisticRegression(C=3.0, max_iter=2000).fit(vectorizer.fit_transform(texts), right)
    return np.asarray(model.predict_proba(vectorizer.transform(others))[:, 1])


def tracer(options: argparse.Namespace) -> Figures:
    """A certificate and TRACER's router side by side, on the same rows, vectors and target."""
    if options.tracer_python is None:
        print("TRACER is left out: name its environment with --tracer-python", file=sys.stderr)
        return {}
    source = options.data / "clinc150"
    rows = [row for name in ("train", "val", "test") for row in clinc_rows(source / f"{name}.csv")]
    vectors = families.fit_embedder(options.embedder, (), options.cache).embed([text for text, _ in rows])
    names = sorted({label for _, label in rows})
    labels = np.array([names.index(label) for _, label in rows])
    found: Figures = {}
    for target in options.targets:
        rng = np.random.default_rng(options.seed)
        draws = [_tracer_draw(vectors, labels, target, rng, options) for _ in range(options.tracer_draws)]
        for side in ("certificate", "tracer"):
            handled, agreed, seconds = np.array([draw[side] for draw in draws]).T
            broken = int(((handled > 0) & (agreed < target)).sum())
            found[f"{side}, target {target}"] = {
                "draws": len(draws),
                "coverage": float(handled.mean()),
                "coverage_within": [float(handled.min()), float(handled.max())],
                "agreement": float(np.nanmean(agreed)),
                "broken": interval(broken, len(draws)),
                "seconds": float(np.median(seconds)),
            }
    return found


def _tracer_draw(
    vectors: Array, labels: Array, target: float, rng: np.random.Generator, options: argparse.Namespace
) -> dict[str, tuple[float, float, float]]:
    """One draw: both get the same rows, ours for learning, choosing and certifying, TRACER's to divide as it does."""
    order = rng.permutation(len(labels))
    ours, rest = np.split(order, [options.tracer_rows])
    certificate = _linear_certificate(vectors, labels, (ours, rest), target)
    with tempfile.TemporaryDirectory() as folder:
        np.savez(Path(folder) / "in.npz", vectors=vectors[ours], labels=labels[ours], fresh=vectors[rest])
        command = [options.tracer_python, str(Path(__file__).with_name("tracer_router.py")), folder, str(target)]
        subprocess.run(command, check=True, capture_output=True)
        with np.load(Path(folder) / "out.npz") as kept:
            handled, guess, seconds = kept["handled"], kept["guess"], float(kept["seconds"])
    return {"certificate": certificate, "tracer": (*_handled(handled, guess == labels[rest]), seconds)}


def _handled(handled: Array, agreed: Array) -> tuple[float, float]:
    return float(handled.mean()), float(agreed[handled].mean()) if handled.any() else float("nan")


def _linear_certificate(
    vectors: Array, labels: Array, rows: tuple[Array, Array], target: float
) -> tuple[float, float, float]:
    """Logistic regression on 70 % of the rows, a grid from 10 %, and the exact test of what is served on the rest.

    The target is on what is answered, so each threshold is tested on the rows it serves: given how many those are, the
    ones that disagree are binomial. The sequence starts where the rows to choose on let one expect enough of them.
    """
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415  one part needs it

    ours, fresh = rows
    begun = time.perf_counter()
    train, select, sample = np.split(ours, [int(0.7 * len(ours)), int(0.8 * len(ours))])
    model = LogisticRegression(C=30.0, max_iter=300).fit(vectors[train], labels[train])

    def judged(at: Array) -> tuple[Array, Array]:
        chances = model.predict_proba(vectors[at])
        return chances.max(axis=1), model.classes_[chances.argmax(axis=1)] == labels[at]

    alpha = 1 - target
    score, right = judged(select)
    grid = np.unique(np.quantile(score, np.linspace(0, 1, 101)))[::-1]
    scale = len(sample) / len(select)
    served = np.array([(score >= tau).sum() for tau in grid]) * scale
    wrong = np.array([((score >= tau) & ~right).sum() for tau in grid])
    foreseen = np.ceil(wrong * scale) + 1
    likely = np.flatnonzero(certify.binomial_p(foreseen, np.floor(served), alpha) <= DELTA)
    first = int(likely[0]) if len(likely) else len(grid) - 1
    score, right = judged(sample)
    counts = [(int(((score >= tau) & ~right).sum()), int((score >= tau).sum())) for tau in grid[first:]]
    p_values = [float(certify.binomial_p(losses, taken, alpha)) for losses, taken in counts]
    passed = certify.reject_in_sequence([p_values], DELTA)[0][0]
    threshold = grid[first + passed - 1] if passed else np.inf
    seconds = time.perf_counter() - begun
    score, right = judged(fresh)
    return (*_handled(score >= threshold, right), seconds)


def verifier(options: argparse.Namespace) -> Figures:
    """Every single-byte change of a certificate and its evidence, and random damage; how many are let through."""
    rng = np.random.default_rng(options.seed)
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    pool = Pool(rng.random(400), rng.random(400) < 0.01, np.ones(400, bool), np.ones(400, bool))
    rows = pool.rows()
    grid = certify.choose_grid(rows, claim="agreement", alpha=0.05, delta=DELTA)
    plan = certify.Plan(
        task="t",
        task_name="bench",
        snapshot="s",
        candidate="distilled@bench",
        incumbent=certify.Incumbency(source="recorded"),
        grid=msgspec.structs.replace(grid, thresholds=grid.thresholds[::10]),
        expected=certify.expect(rows, grid, len(rows)),
        unit="row",
        select_rows=len(rows),
    )
    certificate, evidence = certify.issue(
        plan,
        rows,
        certify.Spending(budget=DELTA, before=0.0, spent=DELTA, looks=(), entry=0),
        now=datetime(2026, 1, 1, tzinfo=UTC),
        key=key.public_key().public_bytes_raw(),
        sign=lambda content: key.sign(b"proveout statement v1\n" + content),
    )
    files = (certify.certificate_bytes(certificate), evidence)
    with tempfile.TemporaryDirectory() as folder:
        names = (certificate.path_name, f"{certificate.evidence.sha256}.json")
        paths = tuple(Path(folder) / name for name in names)
        for path, content in zip(paths, files, strict=True):
            path.write_bytes(content)
        if certify.verify_certificate(paths[0]):
            raise SystemExit("the certificate does not verify as it was issued")
        bytes_accepted = [
            sum(_accepted(paths, which, _flip(content, at, 1 + at % 255), content) for at in range(len(content)))
            for which, content in enumerate(files)
        ]
        fuzzed_accepted = 0
        for at in range(FUZZED):
            content = files[at % 2]
            fuzzed_accepted += _accepted(paths, at % 2, _damaged(content, rng), content)
    return {
        "bytes": [len(content) for content in files],
        "changed_bytes_accepted": bytes_accepted,
        "fuzzed": FUZZED,
        "fuzzed_accepted": fuzzed_accepted,
    }


def _accepted(paths: tuple[Path, ...], which: int, changed: bytes, content: bytes) -> bool:
    paths[which].write_bytes(changed)
    accepted = changed != content and certify.verify_certificate(paths[0]) == []
    paths[which].write_bytes(content)
    return accepted


def _flip(content: bytes, at: int, by: int) -> bytes:
    return content[:at] + bytes([content[at] ^ by]) + content[at + 1 :]


def _damaged(content: bytes, rng: np.random.Generator) -> bytes:
    """Cut, doubled, overwritten or added to somewhere."""
    at, width = int(rng.integers(len(content))), int(rng.integers(1, 40))
    pieces = (b"", content[at : at + width] * 2, rng.bytes(width), b" " + content[at : at + width])
    return content[:at] + pieces[int(rng.integers(len(pieces)))] + content[at + width :]


PARTS: dict[str, Callable[[argparse.Namespace], Figures]] = {
    "simulated": simulated,
    "lifelong": lifelong,
    "clinc": clinc,
    "routing": routing,
    "tracer": tracer,
    "verifier": verifier,
}


def main() -> None:
    """Print the figures of each part."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=tuple(PARTS))
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "proveout-bench-certify")
    parser.add_argument("--embedder", default="minilm-int8")
    parser.add_argument("--draws", type=int, default=500, help="from a pool")
    parser.add_argument("--lives", type=int, default=500, help="of a certificate")
    parser.add_argument("--targets", nargs="+", type=float, default=(0.95, 0.99))
    parser.add_argument("--tracer-python", help="of the environment that tracer-llm is installed in")
    parser.add_argument("--tracer-rows", type=int, default=8000)
    parser.add_argument("--tracer-draws", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    options.cache.mkdir(parents=True, exist_ok=True)
    found: Figures = {}
    for part in options.parts:
        begun = time.perf_counter()
        found[part] = PARTS[part](options)
        print(f"{part}: {time.perf_counter() - begun:.0f} s", file=sys.stderr)
    print(json.dumps(found) if options.json else json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
