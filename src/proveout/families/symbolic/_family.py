"""The symbolic family: of its approaches, the first that fits the task."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from proveout.families._labels import fits_labels
from proveout.families._protocol import BuildRun, Candidate, Fit, Loads, family
from proveout.families.symbolic._decisions import DecisionCandidate, build_decisions, fits_decisions
from proveout.families.symbolic._language import LanguageCandidate, build_language, fits_language
from proveout.families.symbolic._tables import TableCandidate, build_tables, fits_tables
from proveout.families.symbolic.induced import RuleCandidate, build_rules
from proveout.families.symbolic.patterns import PatternCandidate, build_patterns, fits_patterns

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from proveout.data import SelectSplit, TrainSplit
    from proveout.task import Task

__all__ = ["SymbolicFamily"]


class Approach(NamedTuple):
    """One way to be symbolic."""

    fits: Callable[[Task], Fit]
    build: Callable[[Task, TrainSplit, SelectSplit, BuildRun], Candidate]


def _fits_rules(task: Task) -> Fit:
    """A task of kind ``classify`` or ``decide`` with rows to induce rules from."""
    fit = fits_labels(task)
    if fit.ok and not task.data.examples:
        return Fit(ok=False, reason="it has no rows to induce rules from")
    return fit


APPROACHES = (
    Approach(fits_decisions, build_decisions),
    Approach(fits_tables, build_tables),
    Approach(fits_language, build_language),
    Approach(fits_patterns, build_patterns),
    Approach(_fits_rules, build_rules),
)
CANDIDATES: tuple[
    type[DecisionCandidate | TableCandidate | LanguageCandidate | PatternCandidate | RuleCandidate], ...
] = (
    DecisionCandidate,
    TableCandidate,
    LanguageCandidate,
    PatternCandidate,
    RuleCandidate,
)


class AnyProver:
    """Loads whichever was saved."""

    @classmethod
    def load(cls, folder: Path, cache: Path) -> Candidate:
        """Read the candidate of one approach."""
        kind: type[Loads] = next(one for one in CANDIDATES if one.is_in(folder))
        return kind.load(folder, cache)


@family("symbolic")
class SymbolicFamily:
    """Rules with proofs: a policy, a decision model, questions over controlled English, induced rules and patterns."""

    name = "symbolic"
    candidate = AnyProver

    def fits(self, task: Task) -> Fit:
        """What has a policy, a question for a reader, fields to find, or rows to induce rules from."""
        found = [approach.fits(task) for approach in APPROACHES]
        return next((fit for fit in found if fit.ok), Fit(ok=False, reason="; ".join(fit.reason for fit in found)))

    def build(self, task: Task, train: TrainSplit, select: SelectSplit, run: BuildRun) -> Candidate:
        """Build by the first approach that fits."""
        chosen = next(approach for approach in APPROACHES if approach.fits(task).ok)
        return chosen.build(task, train, select, run)
