"""The experiments of the modularity axis: what was asked and came out, written down so that figures follow from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from proveout.trial._credit import Orders, Team, orders
from proveout.trial._faults import faults
from proveout.trial._modularity_ask import Oracle, Question, ancestors, spread
from proveout.trial._modularity_swap import Rebuild, Swaps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__ = ["Injected", "ModularityPlan", "Outcomes", "Replaced", "along", "experiments", "free"]


class ModularityPlan(msgspec.Struct, frozen=True, kw_only=True):
    """How modularity is measured.

    Attributes:
        rebuild: learns one step of a candidate anew, or all of it where the step is "", from other rows and another
            seed; gives None where the family cannot. Without it no step is swapped.
        wrong: wrongly answered rows at most that blame is shared out on.
        sample: rows at most that each fault is injected on.
        hidden: rows at most, of each fault, that blame is shared out on anew without gold for the faulty step.
        swapped: rows at most that a swap is looked at on.

    Example:
        >>> ModularityPlan().sample
        60
    """

    rebuild: Rebuild | None = None
    wrong: int = 200
    sample: int = 60
    hidden: int = 10
    swapped: int = 300


class Replaced(msgspec.Struct, frozen=True, kw_only=True):
    """Whether rows came out right with the outputs of a team of steps replaced by gold; one column a row.

    Attributes:
        rows: indexes of labelled test rows.
        teams: names of the steps replaced.
        right: for each team a boolean a row.
    """

    rows: tuple[int, ...] = ()
    teams: tuple[tuple[str, ...], ...] = ()
    right: tuple[tuple[bool, ...], ...] = ()


class Injected(msgspec.Struct, frozen=True, kw_only=True):
    """One fault in one step.

    Attributes:
        step: name.
        fault: name.
        rows: those of the sample whose output it changes.
        right: whether they came out right with it, a boolean a row.
        replaced: those that came out wrong, with outputs replaced along the graph.
        hidden: some that were right before and came out wrong, the same as if the step had no gold.
    """

    step: str
    fault: str
    rows: tuple[int, ...]
    right: tuple[bool, ...]
    replaced: Replaced
    hidden: Replaced


class Outcomes(msgspec.Struct, frozen=True, kw_only=True):
    """All that was asked of one composed candidate and came out.

    Attributes:
        wrong: wrongly answered rows, with every team that the figures need.
        sample: rows that faults were injected on.
        clean: those of the sample that are answered wrongly without a fault, replaced along the graph.
        injected: by step and fault.
        swaps: steps learned anew.
        asked: number of answers asked for.
    """

    wrong: Replaced
    sample: tuple[int, ...]
    clean: Replaced
    injected: tuple[Injected, ...]
    swaps: Swaps = Swaps()
    asked: int = 0


def along(oracle: Oracle, without: Iterable[str] = ()) -> Orders:
    """Orders of the steps that have gold in which each step comes after all that it needs."""
    return orders(set(oracle.labelled) - set(without), ancestors(oracle.steps), seed=oracle.seed)


def free(oracle: Oracle) -> Orders:
    """All orders of the steps that have gold."""
    return orders(oracle.labelled, {}, seed=oracle.seed)


def experiments(oracle: Oracle, plan: ModularityPlan, progress: Callable[[str, int, int], None]) -> Outcomes:
    """Replace outputs on wrongly answered rows, inject faults, and replace outputs on the rows they make wrong."""
    everyone = range(len(oracle.examples))
    wrong = [row for row in everyone if not oracle.answered_right[row]]
    sample = spread(everyone, plan.sample)
    single = {Team({name}) for name in oracle.labelled}
    teams = sorted({*along(oracle).teams, *free(oracle).teams, *single}, key=lambda team: (len(team), sorted(team)))
    found = _replaced(oracle, spread(wrong, plan.wrong), teams)
    clean = _replaced(oracle, [row for row in sample if row in set(wrong)], along(oracle).teams)
    pairs = [(step.name, name) for step in oracle.steps for name in faults.names()]
    injected = []
    for number, (step, name) in enumerate(pairs):
        progress("faults", number, len(pairs))
        one = _injected(oracle, (step, name), sample, plan.hidden)
        injected += [one] if one.rows else []
    progress("faults", len(pairs), len(pairs))
    return Outcomes(wrong=found, sample=tuple(sample), clean=clean, injected=tuple(injected), asked=oracle.asked)


def _replaced(oracle: Oracle, rows: Sequence[int], teams: Sequence[Team], fault: tuple[str, ...] = ()) -> Replaced:
    right = oracle.right([Question(row, team, fault) for team in teams for row in rows])
    table = np.reshape(right, (len(teams), len(rows))).tolist()
    return Replaced(
        rows=tuple(rows), teams=tuple(tuple(sorted(team)) for team in teams), right=tuple(map(tuple, table))
    )


def _injected(oracle: Oracle, fault: tuple[str, str], sample: Sequence[int], most: int) -> Injected:
    rows = [row for row in sample if oracle.happens(*fault, row)]
    right = oracle.right([Question(row, fault=fault) for row in rows])
    gone_wrong = [row for row, fine in zip(rows, right, strict=True) if not fine]
    noticed = [row for row in gone_wrong if oracle.answered_right[row]]
    return Injected(
        step=fault[0],
        fault=fault[1],
        rows=tuple(rows),
        right=tuple(map(bool, right)),
        replaced=_replaced(oracle, gone_wrong, along(oracle).teams, fault),
        hidden=_replaced(oracle, spread(noticed, most), along(oracle, fault[:1]).teams, fault),
    )
