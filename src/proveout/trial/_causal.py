"""The causal axis: does an answer change when it must, and only then."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from proveout.task import Answer, Example, Task
from proveout.trial._contrast import ContrastRow
from proveout.trial._edits import Edit
from proveout.trial._estimates import Estimate
from proveout.trial._intervals import CONFIDENCE, cluster_interval, paired_test
from proveout.trial._scored import ScoredRows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["CausalAxis", "CausalTest", "Probes", "Seen", "causal_axis"]

INVARIANCE, DIRECTION, FLIP = "invariance", "direction", "flip"
JOINED = (INVARIANCE, DIRECTION, FLIP)
LABELLED = ("classify", "decide")
Hits = list[tuple[str, bool]]


class Probes(msgspec.Struct, frozen=True, kw_only=True):
    """What candidates are asked besides the test rows: edits of test rows, and contrast rows."""

    edits: tuple[Edit, ...] = ()
    contrast: tuple[ContrastRow, ...] = ()

    def examples(self, rows: Sequence[Example]) -> list[Example]:
        """One example for each edit, then each contrast row; an edit has its row's expected output where that holds."""
        edited = [
            Example(id=f"edit-{number}", inputs=edit.inputs, expected=rows[edit.base].expected if edit.known else None)
            for number, edit in enumerate(self.edits)
        ]
        return [*edited, *(row.example for row in self.contrast)]


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What one candidate said.

    Attributes:
        task: of any kind.
        rows: labelled test rows.
        answers: to them.
        probed: answers to the probes, in the order of `Probes.examples`.
        key: a text that two outputs share when they say the same.
        score: lays answers beside the expected outputs.
    """

    task: Task
    rows: tuple[Example, ...]
    answers: tuple[Answer, ...]
    probed: tuple[Answer, ...]
    key: Callable[[dict[str, Any] | None], str | None]
    score: Callable[[Sequence[Example], Sequence[Answer]], ScoredRows]


class CausalTest(msgspec.Struct, frozen=True):
    """One measure on the edits of one factor, and the number of tests it was measured by."""

    factor: str
    role: str
    measure: str
    tests: int
    share: Estimate


class CausalAxis(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of one candidate, as served; None where a figure is not defined, and ``undefined`` says why.

    Intervals are at 95 % and know that the edits of one row depend on each other: ``n`` counts rows, and contrast rows
    that others were made from.

    Attributes:
        consistency: counterfactual consistency, the harmonic mean of those of the next three that are defined.
        invariance: share of edits that must not matter and leave the outcome as it was.
        direction: share of edits with a direction that do not move the outcome the wrong way.
        flip: share of contrast pairs whose right output changes, and both answers are right.
        flip_given_base: the same among pairs whose first answer is right.
        group_consistency: share of contrast rows that are right together with all that were made from them.
        boundary_error: share of wrong answers within a step of a threshold.
        protected_gap: largest difference between groups of a protected factor in how often some outcome is given.
        protected_unchanged: share of rows with the same outcome for every group.
        tests: by factor and measure.
        edits: edits of test rows answered.
        pairs: contrast pairs answered.
        undefined: why, by name of the figure.
        ledger: entries of the recorded answers.
    """

    consistency: Estimate | None
    invariance: Estimate | None
    direction: Estimate | None
    flip: Estimate | None
    flip_given_base: Estimate | None
    group_consistency: Estimate | None
    boundary_error: Estimate | None
    protected_gap: Estimate | None
    protected_unchanged: Estimate | None
    tests: tuple[CausalTest, ...]
    edits: int
    pairs: int
    undefined: dict[str, str]
    ledger: tuple[int, ...]


class Tested(msgspec.Struct, frozen=True):
    """One test of a measure: on which factor, in which cluster of dependent tests, and whether it was passed."""

    measure: str
    factor: str
    role: str
    cluster: str
    passed: bool


def causal_axis(probes: Probes, seen: Seen, ledger: Sequence[int]) -> CausalAxis:
    """All figures of one candidate, from its answers to the test rows and to the probes."""
    tests = [*_edit_tests(probes, seen), *_contrast_tests(probes, seen)]
    by_measure: dict[str, Hits] = defaultdict(list)
    for one in tests:
        by_measure[one.measure].append((one.cluster, one.passed))
    found = {name: _share(hits) for name, hits in by_measure.items()}
    found["consistency"] = _consistency({name: by_measure[name] for name in JOINED if by_measure[name]})
    found["protected_gap"] = _protected_gap(probes, seen)
    figures = {name: found.get(name) for name in _REASONS}
    pairs = sum(row.pair != row.id for row in probes.contrast)
    return CausalAxis(
        **figures,
        tests=tuple(_by_factor(tests)),
        edits=len(probes.edits),
        pairs=pairs,
        undefined={name: _REASONS[name] for name, figure in figures.items() if figure is None},
        ledger=tuple(ledger),
    )


_REASONS = {
    "consistency": "none of invariance, direction and flip is defined",
    INVARIANCE: "no test row could be edited in a non-causal factor, and no contrast row is such an edit",
    DIRECTION: "no edit moved a number with a direction between two outcomes of causal.order",
    FLIP: "no contrast pair has two right outputs that differ",
    "flip_given_base": "no such pair has a right first answer",
    "group_consistency": "there are no contrast pairs",
    "boundary_error": "no contrast row and no edit with a known output stands within a step of a threshold",
    "protected_gap": "no test row could be edited to two groups of a protected factor, or the task has no labels",
    "protected_unchanged": "no test row could be edited in a protected factor, and no contrast row is such an edit",
}


def _share(hits: Hits, confidence: float = CONFIDENCE) -> Estimate | None:
    clusters = np.array([cluster for cluster, _ in hits], dtype=object)
    _, codes = np.unique(clusters.astype(str), return_inverse=True)
    passed = np.array([one for _, one in hits], dtype=bool)
    found = cluster_interval(passed, codes, confidence)
    return None if found is None else Estimate(*found, n=len(np.unique(codes)))


def _edit_tests(probes: Probes, seen: Seen) -> Iterator[Tested]:
    """Tests of edited test rows: nothing changes, nothing moves the wrong way, and it is right near a threshold."""
    before = [seen.key(answer.output) for answer in seen.answers]
    after = [seen.key(answer.output) for answer in seen.probed]
    known = [number for number, edit in enumerate(probes.edits) if edit.near and edit.known]
    right = _right(seen, probes.examples(seen.rows), known)
    groups: dict[tuple[str, int], set[str | None]] = defaultdict(set)
    for number, edit in enumerate(probes.edits):
        named = (edit.factor, edit.role, f"row {edit.base}")
        if edit.role == "non-causal":
            yield Tested(INVARIANCE, *named, after[number] == before[edit.base])
        if edit.role == "protected":
            # Groups are compared with each other: a sentence that holds the value may matter by itself.
            groups[edit.factor, edit.base] |= {after[number]} if edit.group else {after[number], before[edit.base]}
        moved = _moved(seen.task, before[edit.base], after[number])
        if edit.moves and moved is not None:
            yield Tested(DIRECTION, *named, edit.moves * moved >= 0)
        if number in right:
            yield Tested("boundary_error", *named, not right[number])
    for (factor, base), outcomes in groups.items():
        yield Tested("protected_unchanged", factor, "protected", f"row {base}", len(outcomes) == 1)


def _right(seen: Seen, examples: Sequence[Example], which: Sequence[int]) -> dict[int, bool]:
    """Whether the answers to some of the probes are right as served."""
    if not which:
        return {}
    scored = seen.score([examples[at] for at in which], [seen.probed[at] for at in which])
    return {at: bool(one) for at, one in zip(which, scored.served_right, strict=True)}


def _moved(task: Task, before: str | None, after: str | None) -> float | None:
    """How far the outcome moved: in ``causal.order``, or as a number; None where either is neither."""
    if before is None or after is None:
        return None
    if task.causal.order:
        rank = {label: float(number) for number, label in enumerate(task.causal.order)}
        return rank[after] - rank[before] if before in rank and after in rank else None
    try:
        return float(after) - float(before)
    except ValueError:
        return None


def _contrast_tests(probes: Probes, seen: Seen) -> Iterator[Tested]:
    """Tests of contrast rows, whose right outputs are known."""
    start = len(probes.edits)
    right = _right(seen, probes.examples(seen.rows), range(start, start + len(probes.contrast)))
    at = {row.id: start + number for number, row in enumerate(probes.contrast)}
    said = {row.id: seen.key(seen.probed[at[row.id]].output) for row in probes.contrast}
    wanted = {row.id: seen.key(row.example.expected) for row in probes.contrast}
    groups: dict[str, list[bool]] = defaultdict(list)
    for row in probes.contrast:
        ours = right[at[row.id]]
        groups[row.pair].append(ours)
        if _is_near(seen.task, row):
            yield Tested("boundary_error", row.factor, "causal", f"contrast {row.pair}", not ours)
        if row.pair == row.id:
            continue
        named = (row.factor, row.role, f"contrast {row.pair}")
        same = said[row.id] == said[row.pair]
        if row.role != "causal":
            yield Tested(INVARIANCE if row.role == "non-causal" else "protected_unchanged", *named, same)
        elif wanted[row.id] != wanted[row.pair]:
            first = right[at[row.pair]]
            yield Tested(FLIP, *named, first and ours)
            if first:
                yield Tested("flip_given_base", *named, ours)
    for pair, members in groups.items():
        if len(members) > 1:
            yield Tested("group_consistency", "", "", f"contrast {pair}", all(members))


def _is_near(task: Task, row: ContrastRow) -> bool:
    """Whether the factor's number in a contrast row stands within a step of one of its thresholds."""
    factor = next((one for one in task.causal.factors if one.name == row.factor), None)
    if factor is None or row.value is None:
        return False
    return any(abs(row.value - edge) <= factor.step for edge in factor.threshold)


def _consistency(measures: dict[str, Hits]) -> Estimate | None:
    """Harmonic mean of shares.

    It grows with each of them, so that the means of the lower and of the upper ends bound it; each end is at the level
    that holds for all of them at once (Bonferroni).
    """
    level = 1 - (1 - CONFIDENCE) / max(1, len(measures))
    parts = [part for hits in measures.values() if (part := _share(hits, level))]
    if not parts:
        return None
    n = len({cluster for hits in measures.values() for cluster, _ in hits})
    value, low, high = (_harmonic(getattr(part, end) for part in parts) for end in ("value", "low", "high"))
    return Estimate(value, low, high, n)


def _harmonic(values: Iterable[float]) -> float:
    shares = list(values)
    return len(shares) / sum(1 / share for share in shares) if all(shares) else 0.0


def _protected_gap(probes: Probes, seen: Seen) -> Estimate | None:
    """The largest difference of two groups in the share of an outcome, on rows edited to both.

    Its ends are the largest lower and the largest upper end of all differences, at the level that holds for all of them
    at once (Bonferroni): a maximum of noisy differences is above 0 even where no group matters.
    """
    if seen.task.kind not in LABELLED:
        return None
    outcomes: dict[tuple[str, str], dict[int, str | None]] = defaultdict(dict)
    for number, edit in enumerate(probes.edits):
        if edit.group:
            outcomes[edit.factor, edit.group][edit.base] = seen.key(seen.probed[number].output)
    compared = [
        (outcomes[one], outcomes[other]) for one, other in combinations(sorted(outcomes), 2) if one[0] == other[0]
    ]
    given = sorted({said for rows in outcomes.values() for said in rows.values()}, key=str)
    level = 1 - (1 - CONFIDENCE) / max(1, len(compared) * len(given))
    gaps = [gap for one, other in compared for label in given if (gap := _gap(one, other, label, level))]
    if not gaps:
        return None
    value, low, high = (max(gap[part] for gap in gaps) for part in range(3))
    return Estimate(
        value, min(low, value), max(high, value), n=len({row for rows in outcomes.values() for row in rows})
    )


def _gap(
    one: dict[int, str | None], other: dict[int, str | None], label: str | None, level: float
) -> tuple[float, float, float] | None:
    """Size of a difference and its ends."""
    rows = sorted(one.keys() & other.keys())
    ours, theirs = (np.array([said[row] == label for row in rows], dtype=bool) for said in (one, other))
    found = paired_test(ours, theirs, level)
    if found is None:
        return None
    low = found.low if found.low > 0 else max(0.0, -found.high)
    return abs(found.difference), low, max(abs(found.low), abs(found.high))


def _by_factor(tests: Sequence[Tested]) -> Iterator[CausalTest]:
    grouped: dict[tuple[str, str, str], Hits] = defaultdict(list)
    for one in tests:
        if one.factor:
            grouped[one.factor, one.role, one.measure].append((one.cluster, one.passed))
    for (factor, role, measure), hits in sorted(grouped.items()):
        share = _share(hits)
        if share is not None:
            yield CausalTest(factor, role, measure, len(hits), share)
