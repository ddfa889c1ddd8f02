"""Learning curves: how good a family is after few examples."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from proveout.data import TrainSplit
from proveout.families import Candidate
from proveout.ledger import LedgerReader
from proveout.trial._comparison import Curve, CurvePoint
from proveout.trial._entries import CurveMeasured
from proveout.trial._intervals import CONFIDENCE
from proveout.trial._scored import label_of, score

if TYPE_CHECKING:
    from collections.abc import Sequence

    from proveout.data import Snapshot
    from proveout.ledger import Ledger
    from proveout.store import Workspace
    from proveout.task import Example, Task

__all__ = ["CurveOptions", "Learner", "learning_curve", "nested_subset"]

Progress = Callable[[str, int, int], None]


class Learner(msgspec.Struct, frozen=True):
    """A family to re-build: its name, the version of its code, and how to build it from fewer examples and a seed."""

    family: str
    code: str
    build: Callable[[TrainSplit, int], Candidate]


class CurveOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Which points are measured.

    Attributes:
        seeds: number of subsets and builds at each point.
        largest: examples per label at most; None goes on until all are used.
        chunk: rows per batch.
    """

    seeds: int = 5
    largest: int | None = None
    chunk: int = 1024


def _quiet(stage: str, done: int, total: int) -> None:
    del stage, done, total


def learning_curve(
    workspace: Workspace,
    task: Task,
    snapshot: Snapshot,
    learner: Learner,
    *,
    ledger: Ledger,
    progress: Progress = _quiet,
    options: CurveOptions | None = None,
) -> Curve:
    """Re-build a family from 1, 2, 4, … examples per label and measure each build on the TestSplit.

    Subsets come from the TrainSplit alone and are nested within a seed. Nothing is chosen from the curve, so that the
    test rows are measured on and no more. Points already in the ledger are read back.

    Example:
        >>> CurveOptions().seeds
        5
    """
    options = options or CurveOptions()
    train = snapshot.train()
    test = snapshot.open_test(ledger, purpose=f"learning curve of {learner.family}")
    rows = _in_scope(task, test.examples)
    known = _measured_before(workspace, snapshot.id, learner)
    sizes = _sizes(task, train.examples, options.largest)
    points: dict[int, list[tuple[int, CurveMeasured]]] = {size: [] for size in sizes}
    wanted = [(size, seed) for size in sizes for seed in range(options.seeds)]
    for done, (size, seed) in enumerate(wanted):
        progress(f"learning curve of {learner.family}", done, len(wanted))
        if (size, seed) not in known:
            body = _measure(task, learner, train, rows, (size, seed), options.chunk)
            known[size, seed] = (ledger.append(body).index, body)
        points[size].append(known[size, seed])
    progress(f"learning curve of {learner.family}", len(wanted), len(wanted))
    found = tuple(_point(size, measured) for size, measured in points.items() if measured and rows)
    return Curve(learner.family, found, _area(found))


def nested_subset(task: Task, examples: Sequence[Example], per_class: int, seed: int) -> tuple[Example, ...]:
    """At most ``per_class`` examples of each label; a larger number with the same seed gives a superset.

    Example:
        >>> from proveout.task import Example, Task
        >>> task = Task(name="t", kind="classify", input={}, output={}, target="y")
        >>> rows = [Example(id=str(n), inputs={}, expected={"y": str(n % 2)}) for n in range(8)]
        >>> small, large = (nested_subset(task, rows, size, seed=0) for size in (1, 2))
        >>> len(small), len(large), set(row.id for row in small) <= set(row.id for row in large)
        (2, 4, True)
    """
    by_label = _by_label(task, examples)
    rng = np.random.default_rng(seed)
    chosen = {int(row) for rows in by_label.values() for row in rng.permutation(rows)[:per_class]}
    return tuple(example for row, example in enumerate(examples) if row in chosen)


def _by_label(task: Task, examples: Sequence[Example]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for row, example in enumerate(examples):
        label = label_of(task, example.expected)
        if label is not None:
            found[label].append(row)
    return {label: found[label] for label in sorted(found)}


def _sizes(task: Task, examples: Sequence[Example], largest: int | None) -> list[int]:
    most = max((len(rows) for rows in _by_label(task, examples).values()), default=0)
    limit = most if largest is None else min(most, largest)
    sizes = [2**power for power in range(limit.bit_length()) if 2**power < limit]
    return [*sizes, limit] if limit else []


def _in_scope(task: Task, examples: Sequence[Example]) -> list[Example]:
    labels = ((example, label_of(task, example.expected)) for example in examples)
    return [example for example, label in labels if label is not None and label != (task.out_of_scope or None)]


def _measured_before(
    workspace: Workspace, snapshot: str, learner: Learner
) -> dict[tuple[int, int], tuple[int, CurveMeasured]]:
    wanted = (learner.family, learner.code, snapshot)
    with LedgerReader.open(workspace) as reader:
        bodies = [(entry.index, entry.body()) for entry in reader.entries(kind=CurveMeasured.kind)]
    return {
        (body.per_class, body.seed): (index, body)
        for index, body in bodies
        if isinstance(body, CurveMeasured) and (body.family, body.code, body.snapshot) == wanted
    }


def _measure(
    task: Task, learner: Learner, train: TrainSplit, rows: Sequence[Example], point: tuple[int, int], chunk: int
) -> CurveMeasured:
    per_class, seed = point
    examples = nested_subset(task, train.examples, per_class, seed)
    candidate = learner.build(type(train)(snapshot=train.snapshot, examples=examples), seed)
    parts = (rows[start : start + chunk] for start in range(0, len(rows), chunk))
    answers = [answer for part in parts for answer in candidate.answer([row.inputs for row in part])]
    return CurveMeasured(
        family=learner.family,
        snapshot=train.snapshot,
        code=learner.code,
        per_class=per_class,
        seed=seed,
        examples=len(examples),
        right=int(np.sum(score(task, rows, answers).guessed_right)),
        rows=len(rows),
    )


def _point(per_class: int, measured: Sequence[tuple[int, CurveMeasured]]) -> CurvePoint:
    from scipy import stats  # noqa: PLC0415  half a second, and few commands need it

    seeds = np.array([body.right / body.rows for _, body in measured])
    mean = float(np.mean(seeds))
    half = None
    if len(seeds) > 1:
        half = float(stats.t.ppf((1 + CONFIDENCE) / 2, len(seeds) - 1) * np.std(seeds, ddof=1) / np.sqrt(len(seeds)))
    return CurvePoint(
        per_class=per_class,
        examples=float(np.mean([body.examples for _, body in measured])),
        accuracy=mean,
        low=None if half is None else max(0.0, mean - half),
        high=None if half is None else min(1.0, mean + half),
        seeds=tuple(float(value) for value in seeds),
        ledger=tuple(index for index, _ in measured),
    )


def _area(points: Sequence[CurvePoint]) -> float | None:
    """Mean height of the curve over log2 of examples per label, by the trapezoid rule."""
    if len(points) < 2:  # noqa: PLR2004  one point spans no area
        return None
    steps = np.log2([point.per_class for point in points])
    heights = [point.accuracy for point in points]
    return float(np.trapezoid(heights, steps) / (steps[-1] - steps[0]))
