"""The modularity axis: can a wrong answer be blamed on one step, and can that step be replaced alone."""

from __future__ import annotations

from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING, Literal

import msgspec
import numpy as np

from proveout.families import agrees
from proveout.trial._credit import Orders, Team, credit
from proveout.trial._estimates import Estimate, share
from proveout.trial._intervals import cluster_interval
from proveout.trial._modularity_ask import Oracle, ancestors
from proveout.trial._modularity_run import Injected, Outcomes, Replaced, along, free

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from proveout.families import ComposedStep
    from proveout.trial._modularity_swap import Swapped, Swaps
    from proveout.trial._scored import Floats

__all__ = ["FaultTrial", "ModularityAxis", "StepModularity", "Swap", "modularity_axis", "one_piece"]

TIED, REST = "tied", "rest"
# Two credits closer than this are a tie: they are sums of the same fractions in another order.
CLOSE = 1e-9
Hit = tuple[int, bool]


class Swap(msgspec.Struct, frozen=True, kw_only=True):
    """One step learned anew from other rows and another seed: shares of rows on which something changed.

    Attributes:
        own: the step's own output.
        behind: the output of some step that needs it, directly or not.
        answer: the answer.
        leaked: the output of some step that does not need it; should be 0.
        leaked_to: names of these.
        cpu_seconds: that learning the step took.
        of_whole: the same over what learning the whole candidate took in the same run; None where that took none.
    """

    own: Estimate
    behind: Estimate
    answer: Estimate
    leaked: Estimate
    leaked_to: tuple[str, ...]
    cpu_seconds: float
    of_whole: float | None


class StepModularity(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of one step; None where it has no gold, or nothing was measured.

    Attributes:
        name: of the step.
        does: ``learned``, ``rule`` or ``code``.
        needs: steps whose outputs it reads.
        version: of the micro-model, or of the code.
        accuracy: share of its outputs that are gold, where both are there, whatever it was given.
        own_accuracy: the same on rows where all that it needs and that has gold gave gold.
        fixes: share of wrong answers that its gold output alone puts right.
        blame: its part of the wrong answers, steps replaced from the first to the last: the place where they begin.
        shapley: its part when steps are replaced in any order: what its right output is worth.
        injected: faults injected on rows that were answered right.
        masked: of these, those that left the answer right.
        localised: share of the others for which the most blamed step is this one.
        if_unlabelled: number of its faults by whom the blame falls on when the step has no gold.
        swap: the step learned anew; None for a step that is not learned, or a family that cannot.
    """

    name: str
    does: Literal["learned", "rule", "code"]
    needs: tuple[str, ...]
    version: str
    accuracy: Estimate | None
    own_accuracy: Estimate | None
    fixes: Estimate | None
    blame: Estimate | None
    shapley: Estimate | None
    injected: int
    masked: int
    localised: Estimate | None
    if_unlabelled: dict[str, int]
    swap: Swap | None


class FaultTrial(msgspec.Struct, frozen=True, kw_only=True):
    """One fault in one step, active on all rows of the sample.

    Attributes:
        step: name.
        fault: name.
        injected: rows that were answered right and whose output it changes.
        masked: of these, those that were still answered right.
        localised: of the others, those for which the most blamed step is this one.
        named: the step whose blame over all rows rose most; ``tied`` or ``rest`` where none did; "" when all faults
            were masked.
    """

    step: str
    fault: str
    injected: int
    masked: int
    localised: int
    named: str


class ModularityAxis(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of one candidate; None where a figure is not defined, and ``undefined`` says why.

    Intervals are at 95 % and know that several faults or swaps on one row depend on each other.

    Attributes:
        localised: share of injected faults that made a right answer wrong and were blamed on the step they were in.
        localised_with_gold: the same, in steps and on rows that have gold for the step.
        localised_overall: share of faults, active on all rows, that the blame over all rows named the step of.
        masked: share of injected faults that left the answer right.
        rest: share of wrong answers that no gold output puts right: the label, or what is no step.
        leaked: share of rows on which a step that does not need the swapped one changed, over all swaps.
        fix_of_whole: median over learned steps of the time to learn one over that of learning all.
        whole_cpu_seconds: that learning the whole candidate took.
        steps: in the order of the candidate.
        faults: by step and fault.
        without_gold: steps that no row has gold for: their faults cannot be localised.
        wrong: wrongly answered rows that blame was shared out on.
        wrong_rows: wrongly answered rows in all.
        sampled: rows that faults were injected on.
        exact: whether all orders were counted, and not a sample of them.
        asked: answers asked for besides the test rows.
        undefined: why, by name of the figure.
        ledger: entry that names the hash of all that came out.
    """

    localised: Estimate | None = None
    localised_with_gold: Estimate | None = None
    localised_overall: Estimate | None = None
    masked: Estimate | None = None
    rest: Estimate | None = None
    leaked: Estimate | None = None
    fix_of_whole: float | None = None
    whole_cpu_seconds: float | None = None
    steps: tuple[StepModularity, ...] = ()
    faults: tuple[FaultTrial, ...] = ()
    without_gold: tuple[str, ...] = ()
    wrong: int = 0
    wrong_rows: int = 0
    sampled: int = 0
    exact: bool = True
    asked: int = 0
    undefined: dict[str, str] = {}
    ledger: tuple[int, ...] = ()


_REASONS = {
    "localised": "no injected fault made a right answer wrong",
    "localised_with_gold": "no such fault was in a step and on a row that has gold",
    "localised_overall": "no injected fault made a right answer wrong",
    "masked": "no fault could be injected on a row answered right",
    "rest": "no test row is answered wrongly",
    "leaked": "no step was learned anew",
    "fix_of_whole": "no step was learned anew, or learning took no time",
}


def one_piece(why: str = "one piece") -> ModularityAxis:
    """The axis of a candidate that cannot be measured: no figure, and the reason for each.

    Example:
        >>> one_piece().undefined["localised"]
        'one piece'
    """
    return ModularityAxis(undefined=dict.fromkeys(_REASONS, why))


class _Judged(msgspec.Struct, frozen=True):
    """One fault and what became of it.

    Attributes:
        one: the fault.
        noticed: for each row that was right and went wrong, whether its step was blamed.
        with_gold: the same on rows that have gold for the step.
        masked: for each row that was right, whether it stayed right.
        named: whom the rise of blame over all rows names.
    """

    one: Injected
    noticed: tuple[Hit, ...]
    with_gold: tuple[Hit, ...]
    masked: tuple[Hit, ...]
    named: str


def modularity_axis(oracle: Oracle, found: Outcomes, ledger: Sequence[int]) -> ModularityAxis:
    """All figures of one candidate, from what was asked and came out.

    Blame by replacing one component's output by a right one: Parikh and Zitnick, CVPR 2011; Nushi, Kamar,
    Horvitz and Kossmann, AAAI 2017, 1017-1025 (arXiv:1611.08309). Shared out by Shapley values (Lundberg and Lee,
    NeurIPS 2017) in any order, and along the graph.
    """
    judged = _judged(oracle, found)
    swaps = _swaps(oracle.steps, found.swaps)
    figures = {
        "localised": _hits(one.noticed for one in judged),
        "localised_with_gold": _hits(one.with_gold for one in judged),
        "localised_overall": share(np.array([one.named == one.one.step for one in judged if one.noticed], dtype=bool)),
        "masked": _hits(one.masked for one in judged),
        "rest": _rest(oracle, found.wrong),
        "leaked": _leaked(oracle.steps, found.swaps),
    }
    parts = [swap.of_whole for swap in swaps.values() if swap.of_whole is not None]
    fix = float(np.median(parts)) if parts else None
    return ModularityAxis(
        **figures,
        fix_of_whole=fix,
        whole_cpu_seconds=found.swaps.whole_cpu_seconds,
        steps=_steps(oracle, found, judged, swaps),
        faults=tuple(_fault(one) for one in judged),
        without_gold=tuple(step.name for step in oracle.steps if step.name not in oracle.labelled),
        wrong=len(found.wrong.rows),
        wrong_rows=int(np.sum(~oracle.answered_right)),
        sampled=len(found.sample),
        exact=along(oracle).exact and free(oracle).exact,
        asked=found.asked,
        undefined={name: _REASONS[name] for name, figure in {**figures, "fix_of_whole": fix}.items() if figure is None},
        ledger=tuple(ledger),
    )


def _values(table: Replaced) -> dict[Team, Floats]:
    return {Team(team): np.array(right, dtype=np.float64) for team, right in zip(table.teams, table.right, strict=True)}


def _blames(table: Replaced, order: Orders) -> dict[str, Floats]:
    """Each step's part of each row that came out wrong."""
    return credit(order, _values(table)) if table.teams else {}


def _top(parts: dict[str, float]) -> str:
    """Whose part is the largest."""
    best = max(parts.values(), default=0.0)
    if best <= CLOSE:
        return REST
    first = [name for name, part in parts.items() if part > best - CLOSE]
    return first[0] if len(first) == 1 else TIED


def _tops(table: Replaced, order: Orders) -> dict[int, str]:
    """Who is blamed most, by row."""
    blames = _blames(table, order)
    return {row: _top({name: part[at] for name, part in blames.items()}) for at, row in enumerate(table.rows)}


def _judged(oracle: Oracle, found: Outcomes) -> list[_Judged]:
    order = along(oracle)
    clean = _blames(found.clean, order)
    before = {row: {name: float(part[at]) for name, part in clean.items()} for at, row in enumerate(found.clean.rows)}
    return [_judge(oracle, one, order, before) for one in found.injected]


def _judge(oracle: Oracle, one: Injected, order: Orders, before: dict[int, dict[str, float]]) -> _Judged:
    tops = _tops(one.replaced, order)
    fine = [(row, right) for row, right in zip(one.rows, one.right, strict=True) if oracle.answered_right[row]]
    noticed = tuple((row, tops[row] == one.step) for row, right in fine if not right)
    rise = {
        name: float(np.sum(part)) - sum(before[row][name] for row in one.rows if row in before)
        for name, part in _blames(one.replaced, order).items()
    }
    return _Judged(
        one,
        noticed,
        tuple((row, hit) for row, hit in noticed if one.step in oracle.golds[row]),
        tuple(fine),
        _top(rise) if noticed else "",
    )


def _hits(parts: Iterable[Sequence[Hit]]) -> Estimate | None:
    """Share of hits, with an interval that knows which are of one row; ``n`` counts rows."""
    hits = list(chain.from_iterable(parts))
    rows = np.array([row for row, _ in hits], dtype=np.int64)
    found = cluster_interval(np.array([hit for _, hit in hits], dtype=bool), rows)
    return None if found is None else Estimate(*found, n=len(np.unique(rows)))


def _rest(oracle: Oracle, table: Replaced) -> Estimate | None:
    right = _values(table).get(Team(oracle.labelled), np.zeros(len(table.rows)))
    return share(right == 0)


def _mean(values: Floats) -> Estimate | None:
    """Mean of one credit a row, from -1 to 1.

    Its interval is Wilson's, as if each were all or nothing: fractions vary less, so that it covers no less.
    """
    if not len(values):
        return None
    signed = bool(np.any(values < 0))
    found = cluster_interval((values + 1) / 2 if signed else values, np.arange(len(values)))
    if found is None:
        return None
    value, low, high = ((2 * end - 1 if signed else end) for end in found)
    return Estimate(value, low, high, len(values))


def _steps(
    oracle: Oracle, found: Outcomes, judged: Sequence[_Judged], swaps: dict[str, Swap]
) -> tuple[StepModularity, ...]:
    values = _values(found.wrong)
    blame, shapley = (_blames(found.wrong, order) for order in (along(oracle), free(oracle)))
    none, needed = np.zeros(0), ancestors(oracle.steps)
    right = [_agreeing(oracle, row) for row in range(len(oracle.examples))]
    figures = []
    for step in oracle.steps:
        own = [one for one in judged if one.one.step == step.name]
        masked = [hit for one in own for _, hit in one.masked]
        figures.append(
            StepModularity(
                name=step.name,
                does=step.does,
                needs=step.needs,
                version=step.version,
                accuracy=_accuracy(right, step.name),
                own_accuracy=_accuracy(right, step.name, needed[step.name]),
                fixes=share(values.get(Team({step.name}), none) == 1),
                blame=_mean(blame.get(step.name, none)),
                shapley=_mean(shapley.get(step.name, none)),
                injected=len(masked),
                masked=sum(masked),
                localised=_hits(one.noticed for one in own),
                if_unlabelled=_if_unlabelled(oracle, own),
                swap=swaps.get(step.name),
            )
        )
    return tuple(figures)


def _agreeing(oracle: Oracle, row: int) -> dict[str, bool]:
    """Whether each step gave its gold on a row, for the steps that ran and have it."""
    trace, gold = oracle.traces[row], oracle.golds[row]
    return {
        step.name: agrees(step, trace[step.name], gold[step.name])
        for step in oracle.steps
        if step.name in trace and step.name in gold
    }


def _accuracy(rows: Sequence[dict[str, bool]], step: str, needed: Iterable[str] = ()) -> Estimate | None:
    """Share of rows on which a step gave its gold, where nothing that it needs gave another."""
    counted = [right[step] for right in rows if step in right and all(right.get(name, True) for name in needed)]
    return share(np.array(counted, dtype=bool))


def _if_unlabelled(oracle: Oracle, own: Sequence[_Judged]) -> dict[str, int]:
    tops = [top for one in own for top in _tops(one.one.hidden, along(oracle, [one.one.step])).values()]
    return dict(sorted(Counter(tops).items()))


def _fault(one: _Judged) -> FaultTrial:
    return FaultTrial(
        step=one.one.step,
        fault=one.one.fault,
        injected=len(one.masked),
        masked=sum(hit for _, hit in one.masked),
        localised=sum(hit for _, hit in one.noticed),
        named=one.named,
    )


def _swaps(steps: Sequence[ComposedStep], found: Swaps) -> dict[str, Swap]:
    return {one.step: swap for one in found.steps if (swap := _swap(steps, one, found.whole_cpu_seconds))}


def _swap(steps: Sequence[ComposedStep], one: Swapped, whole: float | None) -> Swap | None:
    behind = [name for name, needed in ancestors(steps).items() if one.step in needed]
    apart = _apart(steps, one.step)
    rows = len(one.answers)
    columns = (one.changed[one.step], _any(one, behind, rows), one.answers, _any(one, apart, rows))
    figures = [share(np.array(column, dtype=bool)) for column in columns]
    own, after, answer, leaked = figures
    if own is None or after is None or answer is None or leaked is None:
        return None
    return Swap(
        own=own,
        behind=after,
        answer=answer,
        leaked=leaked,
        leaked_to=tuple(name for name in apart if any(one.changed[name])),
        cpu_seconds=one.cpu_seconds,
        of_whole=one.cpu_seconds / whole if whole else None,
    )


def _apart(steps: Sequence[ComposedStep], swapped: str) -> list[str]:
    """Steps that do not need the swapped one."""
    return [name for name, needed in ancestors(steps).items() if name != swapped and swapped not in needed]


def _any(one: Swapped, names: Sequence[str], rows: int) -> tuple[bool, ...]:
    return tuple(any(one.changed[name][row] for name in names) for row in range(rows))


def _leaked(steps: Sequence[ComposedStep], found: Swaps) -> Estimate | None:
    return _hits(list(enumerate(_any(one, _apart(steps, one.step), len(one.answers)))) for one in found.steps)
