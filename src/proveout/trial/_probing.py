"""Measuring the axes of one candidate: what it is asked besides the test rows, and what follows from its answers."""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING, Any

import msgspec

from proveout.families import Composed, document_versions
from proveout.task import Answer, Example, content_hash
from proveout.trial._axes import Axes
from proveout.trial._causal import Probes, Seen, causal_axis
from proveout.trial._contrast import open_contrast
from proveout.trial._edits import edits_of
from proveout.trial._evidence import EvidenceChecker, learned_rows
from proveout.trial._interpret import faithfulness, interpretability
from proveout.trial._modularity import ModularityAxis, modularity_axis, one_piece
from proveout.trial._modularity_ask import Oracle, spread
from proveout.trial._modularity_record import recorded_outcomes
from proveout.trial._modularity_run import ModularityPlan, Outcomes, experiments
from proveout.trial._modularity_swap import swap_tests
from proveout.trial._recording import Recorder, probing
from proveout.trial._result import Measuring, is_replayed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from proveout.data import Snapshot
    from proveout.families import Built
    from proveout.ledger import Ledger
    from proveout.task import Task
    from proveout.trial._comparison import CandidateResult
    from proveout.trial._recording import Recording
    from proveout.trial._scored import Ints
    from proveout.trial._texts import Passages

__all__ = ["AxesPlan", "axes_of", "axis_warnings", "evidence_checker", "make_probes"]

LEAKED = 3


class AxesPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What is measured besides the test rows.

    Attributes:
        probes: edits and contrast rows; None without ``--causal``.
        interpret: whether answers are asked for with words left out.
        checker: of evidence.
        modularity: how composed candidates are taken apart; None without ``--modularity``.
    """

    probes: Probes | None
    interpret: bool
    checker: EvidenceChecker
    modularity: ModularityPlan | None = None


def make_probes(task: Task, rows: tuple[Example, ...], snapshot: Snapshot, ledger: Ledger, purpose: str) -> Probes:
    """Edit the test rows and open the contrast rows of a task."""
    return Probes(edits=edits_of(task, rows), contrast=open_contrast(task, ledger, snapshot.id, purpose))


def evidence_checker(task: Task, snapshot: Snapshot, passages: Passages | None) -> EvidenceChecker:
    """A checker of evidence that reads this snapshot."""
    documents = {document.path: document for document in snapshot.documents}

    @cache
    def versions(path: str) -> frozenset[str]:
        if path not in documents:
            return frozenset()
        return document_versions(path, snapshot.read_document(documents[path]))

    learned = learned_rows(snapshot.train().examples)
    return EvidenceChecker(task=task, versions=versions, passages=passages, learned=learned)


def axes_of(
    shared: Measuring,
    recorder: Recorder,
    plan: AxesPlan,
    measured: tuple[Built, Recording],
    progress: Callable[[str, int, int], None],
) -> Axes:
    """All axes of one candidate; a replay is asked nothing, since it knows the recorded inputs alone."""
    one, recording = measured
    card = one.candidate.card
    replayed = is_replayed(card)

    def ask(purpose: str, inputs: Sequence[dict[str, Any]]) -> tuple[Sequence[Answer], tuple[int, ...]]:
        rows = [Example(id=str(number), inputs=given) for number, given in enumerate(inputs)]
        stage = f"{purpose}: {card.family}"
        said = probing(recorder, purpose, rows).record(
            one.id, one.candidate, lambda done, total: progress(stage, done, total)
        )
        return said.answers, said.entries

    def key(output: dict[str, Any] | None) -> str | None:
        return shared.measure.key(shared.task, output)

    answered = ~shared.score(recording.answers).rejected
    found = interpretability(plan.checker, shared.examples, recording.answers, answered, (card, one.folder))
    if plan.interpret and not replayed:
        faithful = faithfulness(shared.task, shared.examples, recording.answers, answered, (ask, key), shared.seed)
        found = msgspec.structs.replace(found, faithfulness=faithful)
    modular = _modularity(shared, recorder, plan.modularity, measured, progress)
    if plan.probes is None or replayed:
        return Axes(causal=None, interpretability=found, modularity=modular)
    probed, entries = ask("causal", [row.inputs for row in plan.probes.examples(shared.examples)])
    seen = Seen(
        task=shared.task,
        rows=shared.examples,
        answers=recording.answers,
        probed=tuple(probed),
        key=key,
        score=lambda rows, answers: shared.measure.score(shared.task, rows, answers, shared.seed, None),
    )
    return Axes(causal=causal_axis(plan.probes, seen, entries), interpretability=found, modularity=modular)


def _modularity(
    shared: Measuring,
    recorder: Recorder,
    plan: ModularityPlan | None,
    measured: tuple[Built, Recording],
    progress: Callable[[str, int, int], None],
) -> ModularityAxis | None:
    """The modularity axis; without figures for a candidate that is no graph of steps, or that is a replay."""
    one, recording = measured
    candidate = one.candidate
    if plan is None:
        return None
    if is_replayed(candidate.card):
        return one_piece("a replay cannot be asked with outputs replaced")
    if not isinstance(candidate, Composed):
        return one_piece()

    def right(rows: Sequence[Example], answers: Sequence[Answer]) -> Ints:
        return shared.measure.score(shared.task, rows, answers, shared.seed, None).served_right

    def told(what: str, done: int, total: int) -> None:
        progress(f"{what}: {candidate.card.family}", done, total)

    oracle = Oracle(candidate, shared.examples, recording.answers, right, seed=shared.seed, chunk=recorder.chunk)

    def measure() -> Outcomes:
        found = experiments(oracle, plan, told)
        if plan.rebuild is None:
            return found
        rows = [shared.examples[row] for row in spread(range(len(shared.examples)), plan.swapped)]
        key = partial(shared.measure.key, shared.task)
        swaps = swap_tests(candidate, plan.rebuild, rows, key, recorder.clock, told)
        return msgspec.structs.replace(found, swaps=swaps)

    outcomes, entry = recorded_outcomes(recorder, one.id, plan, shared.seed, measure)
    return modularity_axis(oracle, outcomes, (entry,))


def axis_warnings(plan: AxesPlan, results: Sequence[CandidateResult]) -> tuple[str, ...]:
    """Why causal figures are not defined, once for each reason, and which contrast rows were learned from."""
    modular = _modular_warnings(results)
    if plan.probes is None:
        return modular
    measured = [(one.family, one.axes.causal) for one in results]
    asked = [(family, axis) for family, axis in measured if axis is not None]
    replays = ", ".join(family for family, axis in measured if axis is None)
    found = [f"{replays}: a replay cannot be asked about edited rows: no causal figures"] if replays else []
    reasons = dict.fromkeys(item for _, axis in asked for item in axis.undefined.items())
    for name, why in reasons:
        missing = [family for family, axis in asked if name in axis.undefined]
        who = "" if len(missing) == len(asked) else f"{', '.join(missing)}: "
        found.append(f"{who}causal figure {name.replace('_', ' ')} is not defined: {why}")
    learned = {content_hash(example.inputs) for _, example in plan.checker.learned.values()}
    leaked = [row.id for row in plan.probes.contrast if content_hash(row.example.inputs) in learned]
    if leaked:
        named = ", ".join(leaked[:LEAKED])
        found.append(f"{len(leaked)} contrast rows are rows of the TrainSplit too ({named}): candidates learned them")
    return (*found, *modular)


def _modular_warnings(results: Sequence[CandidateResult]) -> tuple[str, ...]:
    """Which steps have no gold, and which steps changed that had no cause to."""
    found = []
    for one in results:
        axis = one.axes.modularity
        if axis is None:
            continue
        if axis.without_gold:
            named = ", ".join(axis.without_gold)
            found.append(f"{one.family}: no row has gold for {named}: a fault there is blamed on another step, or none")
        found += [
            f"{one.family}: learning {step.name} anew changed {', '.join(step.swap.leaked_to)}, which does not need it"
            for step in axis.steps
            if step.swap and step.swap.leaked_to
        ]
    return tuple(found)
