"""The trial: every candidate on the same untouched rows, each figure traced to ledger entries."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from proveout.errors import CandidateInvalid
from proveout.store import write_atomic
from proveout.task import content_hash, fingerprint
from proveout.trial._comparison import Comparison, Curve, Machine, Rows, Skipped, TaskReference
from proveout.trial._efficiency import sample_efficiency
from proveout.trial._entries import TrialFinished, TrialStarted
from proveout.trial._incumbent import find_incumbent
from proveout.trial._json import encode_comparison
from proveout.trial._kinds import measure_of
from proveout.trial._modularity_run import ModularityPlan
from proveout.trial._passages import ReadText, passages_of, utf8
from proveout.trial._probing import AxesPlan, axes_of, axis_warnings, evidence_checker, make_probes
from proveout.trial._recording import Clock, LatencyPlan, Recorder, digest
from proveout.trial._result import Measuring, candidate_result, is_replayed, keeps_answers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from proveout.data import Snapshot, TestSplit
    from proveout.families import Built
    from proveout.ledger import Ledger
    from proveout.store import Workspace
    from proveout.task import Example, Task
    from proveout.trial._causal import Probes
    from proveout.trial._comparison import CandidateResult
    from proveout.trial._incumbent import Incumbent
    from proveout.trial._recording import Recording

__all__ = ["TrialOptions", "compare"]

Progress = Callable[[str, int, int], None]


class TrialOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How a trial is run.

    Attributes:
        seed: of resampling.
        chunk: rows per batch, and per ledger entry.
        latency: how latency at batch 1 is measured.
        usd_per_cpu_hour: price of processor time.
        incumbent: id of the candidate to compare against; None takes the one of family ``llm``, or the incumbent's
            answers recorded in the rows.
        skipped: families that do not fit, to be listed.
        curves: learning curves, to be shown.
        causal: whether edited test rows and contrast rows are answered too, as ``[causal]`` of the task says.
        interpret: whether answers are asked for with words left out, to see which they stand on.
        modularity: how composed candidates are taken apart, their steps replaced, broken and learned anew; None does
            none of it.
        next: the command that follows; None names ``proveout verify``.
        read_text: a document's text from its path and bytes, which citations count the characters of.
        clock: of elapsed and processor time.

    Example:
        >>> TrialOptions().usd_per_cpu_hour
        0.05
    """

    seed: int = 0
    chunk: int = 256
    latency: LatencyPlan = LatencyPlan()
    usd_per_cpu_hour: float = 0.05
    incumbent: str | None = None
    skipped: tuple[Skipped, ...] = ()
    curves: tuple[Curve, ...] = ()
    causal: bool = False
    interpret: bool = False
    modularity: ModularityPlan | None = None
    next: str | None = None
    read_text: ReadText = utf8
    clock: Clock = Clock()


def _quiet(stage: str, done: int, total: int) -> None:
    del stage, done, total


def compare(
    workspace: Workspace,
    task: Task,
    snapshot: Snapshot,
    built: Sequence[Built],
    *,
    ledger: Ledger,
    progress: Progress = _quiet,
    options: TrialOptions | None = None,
) -> Comparison:
    """Measure candidates on the TestSplit of one snapshot.

    The TestSplit is opened once, which the ledger records. Answers are recorded chunk by chunk: called again after
    it was cut off, the trial goes on at the first missing chunk; called again after it ended, it measures nothing anew.

    Raises:
        CandidateInvalid: a candidate was built for another task or snapshot, or breaks the protocol.
        DataError: the contrast rows of ``[causal]`` cannot be used.
        ArtifactCorrupt: recorded answers are not what the ledger says they are.

    Example:
        >>> compare.__name__  # docs/design/trials.md runs one
        'compare'
    """
    options = options or TrialOptions()
    _check(task, snapshot, built)
    purpose = f"compare {', '.join(one.id for one in built)}"
    test = snapshot.open_test(ledger, purpose=purpose)
    examples = tuple(example for example in test.examples if example.expected is not None)
    probes = make_probes(task, examples, snapshot, ledger, purpose) if options.causal else None
    trial = trial_id(task, snapshot, built, options.seed, _asked(task, probes, options))
    started = TrialStarted(
        trial=trial,
        task=fingerprint(task),
        snapshot=snapshot.id,
        candidates=tuple(one.id for one in built),
        rows=len(examples),
        seed=options.seed,
    )
    opened = ledger.append(started).index
    recorder = _recorder(workspace, ledger, snapshot, examples, options)
    recordings = [_record(recorder, one, progress) for one in built]
    incumbent = find_incumbent(task, examples, built, recordings, options.incumbent)
    passages = passages_of(snapshot, options.read_text)
    shared = Measuring(
        task=task,
        examples=examples,
        learned=snapshot.train().examples,
        passages=passages,
        incumbent=incumbent,
        seed=options.seed,
        usd_per_cpu_hour=options.usd_per_cpu_hour,
    )
    plan = AxesPlan(
        probes=probes,
        interpret=options.interpret,
        checker=evidence_checker(task, snapshot, passages),
        modularity=options.modularity,
    )
    results = tuple(_measured(shared, recorder, plan, pair, progress) for pair in zip(built, recordings, strict=True))
    comparison = _comparison(task, snapshot, test, results, options)
    comparison = msgspec.structs.replace(
        comparison,
        trial=trial,
        incumbent=incumbent.id if incumbent else None,
        incumbent_simulated=bool(incumbent and incumbent.simulated),
        sample_efficiency=sample_efficiency(options.curves, _incumbent_accuracy(results, incumbent)),
        warnings=(*_warnings(comparison, incumbent), *axis_warnings(plan, results)),
        ledger=(opened,),
    )
    return _finished(workspace, ledger, comparison)


def _asked(task: Task, probes: Probes | None, options: TrialOptions) -> list[Any]:
    """What a result depends on besides the candidates' answers to the test rows; empty when they are all."""
    causal = [] if probes is None else ["causal", task.causal, [row.example.inputs for row in probes.contrast]]
    return [*causal, *(["interpret"] if options.interpret else []), *_taken_apart(options.modularity)]


def _taken_apart(plan: ModularityPlan | None) -> list[Any]:
    if plan is None:
        return []
    return ["modularity", plan.wrong, plan.sample, plan.hidden, plan.swapped, plan.rebuild is not None]


def _recorder(
    workspace: Workspace, ledger: Ledger, snapshot: Snapshot, examples: tuple[Example, ...], options: TrialOptions
) -> Recorder:
    return Recorder(
        workspace=workspace,
        ledger=ledger,
        snapshot=snapshot.id,
        examples=examples,
        chunk=options.chunk,
        clock=options.clock,
        latency=options.latency,
    )


def trial_id(task: Task, snapshot: Snapshot, built: Sequence[Built], seed: int, asked: Sequence[Any] = ()) -> str:
    """``trial@`` and a hash of all that the result depends on."""
    parts = [fingerprint(task), snapshot.id, [one.id for one in built], seed, *asked]
    return f"trial@{content_hash(parts)[:16]}"


def _check(task: Task, snapshot: Snapshot, built: Sequence[Built]) -> None:
    for one in built:
        card = one.candidate.card
        wrong = {"task": (card.task, fingerprint(task)), "snapshot": (card.snapshot, snapshot.id)}
        for what, (found, wanted) in wrong.items():
            if found != wanted:
                why = f"it was built for {what} {found[:12]} and this is {what} {wanted[:12]}"
                fix = "build it again for this snapshot"
                raise CandidateInvalid("the candidate does not belong here", why=why, fix=fix, about=one.id)


def _record(recorder: Recorder, one: Built, progress: Progress) -> Recording:
    stage = f"measure {one.candidate.card.family}"
    return recorder.record(one.id, one.candidate, lambda done, total: progress(stage, done, total))


def _measured(
    shared: Measuring, recorder: Recorder, plan: AxesPlan, measured: tuple[Built, Recording], progress: Progress
) -> CandidateResult:
    one, recording = measured
    card = one.candidate.card
    timed_before = is_replayed(card) or keeps_answers(card)
    latency = None if timed_before else recorder.record_latency(one.id, one.candidate)
    axes = axes_of(shared, recorder, plan, measured, progress)
    return candidate_result(shared, one, recording, latency, axes)


def _comparison(
    task: Task, snapshot: Snapshot, test: TestSplit, results: tuple[CandidateResult, ...], options: TrialOptions
) -> Comparison:
    labelled = [example.expected for example in test.examples if example.expected is not None]
    keys = [measure_of(task.kind).key(task, expected) for expected in labelled]
    rows = Rows(
        train=len(snapshot.train()),
        select=len(snapshot.select()),
        certify=len(snapshot.certify()),
        test=len(test),
        test_labelled=len(labelled),
        test_out_of_scope=sum(key is None or key == (task.out_of_scope or None) for key in keys),
    )
    return Comparison(
        trial="",
        task=TaskReference(task.name, task.kind, fingerprint(task), task.out_of_scope),
        snapshot=snapshot.id,
        rows=rows,
        seed=options.seed,
        incumbent=None,
        incumbent_simulated=False,
        headline=measure_of(task.kind).headline,
        candidates=results,
        skipped=tuple(options.skipped),
        curves=tuple(options.curves),
        sample_efficiency=None,
        warnings=(),
        machine=Machine(cpu_count=os.cpu_count() or 1, python=platform.python_version()),
        ledger=(),
        next=options.next or f"proveout verify {task.root}",
    )


def _warnings(comparison: Comparison, incumbent: Incumbent | None) -> tuple[str, ...]:
    rows = comparison.rows
    in_scope = rows.test_labelled - rows.test_out_of_scope
    unlabelled = rows.test - rows.test_labelled
    simulated = ", ".join(one.id for one in comparison.candidates if one.simulated)
    found = {
        f"{unlabelled:,} of {rows.test:,} test rows have no expected output and count in no figure": unlabelled,
        "no test row is labelled in scope: accuracy is not defined": in_scope == 0,
        f"only {in_scope} in-scope test rows: the intervals are wide": 0 < in_scope < FEW_ROWS,
        "the task has an out-of-scope label and no test row carries it": (
            comparison.task.out_of_scope and not rows.test_out_of_scope
        ),
        f"{simulated}: simulated answers, which show how Proveout works and not how a model does": simulated,
        "the task has no incumbent answers on these rows, so no candidate is compared with one": incumbent is None,
    }
    return tuple(text for text, holds in found.items() if holds)


FEW_ROWS = 100


def _incumbent_accuracy(results: Sequence[CandidateResult], incumbent: Incumbent | None) -> float | None:
    """Of the candidate that stands for it, or, where the rows hold its answers, from a candidate's difference to it."""
    own = next((one.quality.accuracy for one in results if incumbent and one.id == incumbent.id), None)
    if own:
        return own.value
    pairs = ((one.quality.accuracy, one.quality.vs_incumbent) for one in results)
    return next((accuracy.value - paired.difference for accuracy, paired in pairs if accuracy and paired), None)


def _finished(workspace: Workspace, ledger: Ledger, comparison: Comparison) -> Comparison:
    content = encode_comparison(comparison)
    write_atomic(workspace.trials / f"{comparison.trial}.json", content)
    ledger.append(TrialFinished(trial=comparison.trial, hash=digest(content)))
    return comparison
