"""cost and decide: the latest trial and a scenario, put together."""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING

import msgspec

from proveout import economics, trial
from proveout.certify import CertificateAlarmed, certificate_ids, load_certificate
from proveout.errors import EntryNotFound, ScenarioInvalid
from proveout.ledger import LedgerReader
from proveout.loop._open import opened
from proveout.loop._verify import check_certificate
from proveout.store import Workspace
from proveout.task import Incumbent, content_hash, fingerprint, load_task, prices_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from pathlib import Path

    from proveout.task import Task, Usage

__all__ = ["certified_in", "cost", "decide", "measured_joules", "measurements_of", "price_list", "scenario_of"]

RECORDED = "recorded"
UNKNOWN = "price unknown"


def cost(
    folder: Path,
    *,
    scenario: economics.Scenario | None = None,
    certificates: Sequence[economics.Certified] | None = None,
    joules_per_cpu_second: float | None = None,
) -> economics.CostReport:
    """What each architecture of the latest trial costs, and what moving to it saves; writes nothing.

    Args:
        folder: of the task.
        scenario: traffic, prices and terms; None reads ``scenario.toml`` in the folder.
        certificates: what is certified of candidates; None reads the certificates that the folder holds.
        joules_per_cpu_second: as `measured_joules` found; None gives energy as a range.

    Raises:
        TrialNotFound: no trial of this task has ended.
        EconomicsError: the scenario is not valid, or a price is not known.
    """
    task = load_task(folder)
    workspace = Workspace(folder)
    known = certified_in(workspace, task) if certificates is None else certificates
    inputs = _inputs(workspace, task, scenario or scenario_of(folder), known)
    return economics.cost(msgspec.structs.replace(inputs, joules_per_cpu_second=joules_per_cpu_second))


def measured_joules(meter: economics.EnergyMeter | None = None) -> float | None:
    """Joules that this machine takes for one processor second, under a second or so of load; None where it cannot tell.

    Args:
        meter: reads the energy counters; None takes those of this machine.
    """
    return economics.calibrated(meter or economics.EnergyMeter(), _load, time.process_time)


def _load() -> None:
    """Keeps one processor busy for about a second."""
    until, content = time.process_time() + 1.0, b"0" * 65_536
    while time.process_time() < until:
        hashlib.blake2b(content).digest()


def decide(
    folder: Path,
    *,
    scenario: economics.Scenario | None = None,
    certificates: Sequence[economics.Certified] | None = None,
) -> economics.Decision:
    """Whether to move away from the incumbent, and to what; the verdict is written to the ledger.

    Args:
        folder: of the task.
        scenario: traffic, prices and terms; None reads ``scenario.toml`` in the folder.
        certificates: what is certified of candidates; None reads the certificates that the folder holds.

    Raises:
        TrialNotFound: no trial of this task has ended.
        EconomicsError: the scenario is not valid, a price is not known, or a score names no evidence that is here.
    """
    given = scenario or scenario_of(folder)
    with opened(folder) as here:
        known = certified_in(here.workspace, here.task) if certificates is None else certificates
        inputs = _inputs(here.workspace, here.task, given, known)
        _check_evidence(here.workspace, inputs)
        found = economics.decide(inputs)
        chosen = next((one.candidate for one in found.options if one.architecture == found.to), "")
        here.ledger.append(
            economics.Decided(
                task=fingerprint(here.task),
                trial=inputs.measurements.trial,
                scenario=content_hash(msgspec.to_builtins(given)),
                certificates=tuple(one.certificate for one in inputs.measurements.certificates),
                verdict=found.verdict,
                to=found.to,
                candidate=chosen,
                reason=found.reason,
            )
        )
        return found


def certified_in(workspace: Workspace, task: Task) -> tuple[economics.Certified, ...]:
    """What the certificates of a folder promise for this task, the oldest first.

    Those that certify nothing promise nothing, nor do those that an alarm called broken. Each of the others is
    verified, its bounds recomputed from its evidence, before it counts.

    Raises:
        CertificateCorrupt: one cannot be read or does not verify.
        CertificateForeign: one is signed with the key of another ledger.
    """
    paths = [workspace.certificates / f"{name}.json" for name in certificate_ids(workspace)]
    found = [(path, load_certificate(path)) for path in paths]
    ours = [(path, one) for path, one in found if one.certified and one.plan.task == fingerprint(task)]
    for path, _ in ours:
        check_certificate(workspace, path)
    alarmed = _alarmed(workspace) if ours else set()
    mine = [one for _, one in ours if one.id not in alarmed]
    return tuple(
        economics.Certified(
            certificate=one.id,
            candidate=one.plan.candidate,
            claim=one.claim,
            alpha=one.alpha,
            delta=one.delta,
            coverage=one.coverage,
            incumbent=one.plan.incumbent.source,
        )
        for one in sorted(mine, key=lambda one: (one.issued, one.id))
    )


def _alarmed(workspace: Workspace) -> set[str]:
    """Ids of the certificates that an alarm called broken."""
    with LedgerReader.open(workspace) as reader:
        bodies = [found.body() for found in reader.entries(kind=CertificateAlarmed.kind)]
    return {body.certificate for body in bodies if isinstance(body, CertificateAlarmed)}


def scenario_of(folder: Path) -> economics.Scenario:
    """The scenario in a task's folder.

    Raises:
        ScenarioNotFound: the folder has none.
        ScenarioInvalid: it is not valid.
    """
    return economics.load_scenario(folder / economics.SCENARIO_FILE)


def _inputs(
    workspace: Workspace, task: Task, scenario: economics.Scenario, certificates: Sequence[economics.Certified]
) -> economics.Inputs:
    comparison = trial.latest_trial(workspace, task=fingerprint(task))
    usage = trial.mean_usage(workspace, comparison)
    measured = measurements_of(task, comparison, usage, certificates)
    return economics.resolve(economics.check_scenario(scenario), measured, price_list(task))


def price_list(task: Task) -> economics.PriceList:
    """What ``task.toml`` states of its own model, and what the list of the package genai-prices says of others.

    A model that neither knows has no price.
    """

    def listed(model: str, base_url: str, on: date | None) -> economics.ListedPrice:
        own = task.incumbent if model == task.incumbent.model else Incumbent(model=model, base_url=base_url)
        found = prices_of(own, on=on)
        return economics.ListedPrice(
            usd_per_million_in=found.usd_per_million_in,
            usd_per_million_out=found.usd_per_million_out,
            source=found.source,
            unknown=found.unknown,
        )

    return listed


def measurements_of(
    task: Task,
    comparison: trial.Comparison,
    usage: dict[str, Usage],
    certificates: Sequence[economics.Certified] = (),
) -> economics.Measurements:
    """A comparison as plain figures; certificates of other candidates or against another incumbent are left out."""
    found = [_measured(task, comparison, one, usage.get(one.id)) for one in comparison.candidates]
    incumbent = next((one.family for one in comparison.candidates if one.id == comparison.incumbent), "")
    if comparison.incumbent == RECORDED:
        incumbent = RECORDED
        found.append(_recorded(comparison))
    ids = {one.candidate for one in found}
    return economics.Measurements(
        task=comparison.task.name,
        trial=comparison.trial,
        headline=comparison.headline.replace("_", " "),
        incumbent=incumbent,
        model=task.incumbent.model,
        base_url=task.incumbent.base_url,
        candidates=tuple(found),
        certificates=tuple(one for one in certificates if one.candidate in ids and _of_incumbent(one, comparison)),
        budget_usd_per_1000=task.budgets.usd_per_1000,
        budget_latency_p95_ms=task.budgets.latency_p95_ms,
    )


def _of_incumbent(one: economics.Certified, comparison: trial.Comparison) -> bool:
    """Whether it compares with the trial's incumbent; what agrees with the labels loses as little to any."""
    theirs = comparison.incumbent
    if not theirs or one.incumbent in ("", "expected labels", theirs):
        return True
    # What the rows hold as the incumbent's answers is what the llm family gives back.
    return one.incumbent == RECORDED and theirs.startswith("llm@")


def _measured(
    task: Task, comparison: trial.Comparison, one: trial.CandidateResult, usage: Usage | None
) -> economics.Measured:
    quality, axes = one.quality.figure(comparison.headline), one.axes
    consistency = axes.causal.consistency if axes.causal else None
    checked = axes.interpretability.checked
    unknown = _unpriced(one)
    # Only of right answers is it plain which are wrong among those given.
    is_share = comparison.headline == "accuracy"
    is_call = one.family == "llm" and task.incumbent.mode in {"endpoint", "recorded"}
    return economics.Measured(
        architecture=one.family,
        candidate=one.id,
        ledger=(*one.ledger.answers, *(() if one.ledger.latency is None else (one.ledger.latency,))),
        provider_usd_per_1000=None if unknown else round(one.cost.provider_per_1000, 9),
        price_unknown=unknown,
        cpu_seconds_per_1000=round(one.cpu_seconds_per_1000, 6),
        tokens_in=float(usage.tokens_in) if usage else 0.0,
        tokens_out=float(usage.tokens_out) if usage else 0.0,
        quality=quality.value if quality else None,
        answered=_value(one.quality.coverage) if is_share else None,
        quality_answered=_value(one.quality.accuracy_answered) if is_share else None,
        difference=_difference(one.quality.vs_incumbent),
        latency_p95_ms=one.latency_ms.p95,
        artifact_gb=one.artifact_bytes / 1e9,
        simulated=one.simulated,
        remote=is_call or one.cost.provider_per_1000 > 0 or bool(unknown),
        interpretability=checked.value if checked else None,
        causal=consistency.value if consistency else None,
    )


def _value(estimate: trial.Estimate | None) -> float | None:
    return None if estimate is None else estimate.value


def _unpriced(one: trial.CandidateResult) -> str:
    """Why its money counts as 0 though tokens were paid for; "" where it does not."""
    for value in one.parameters.values():
        if isinstance(value, dict) and str(value.get("value", "")).startswith(UNKNOWN):
            return str(value.get("warning", UNKNOWN))
    return ""


def _difference(found: trial.VsIncumbent | None) -> economics.Difference | None:
    if found is None:
        return None
    return economics.Difference(value=found.difference, low=found.low, high=found.high, rows=found.n)


def _recorded(comparison: trial.Comparison) -> economics.Measured:
    """The incumbent whose answers stand in the rows: its quality follows from a candidate's difference to it."""
    pairs = ((one.quality.figure(comparison.headline), one.quality.vs_incumbent) for one in comparison.candidates)
    quality = next((own.value - paired.difference for own, paired in pairs if own and paired), None)
    return economics.Measured(architecture=RECORDED, candidate=RECORDED, quality=quality, remote=True)


def _check_evidence(workspace: Workspace, inputs: economics.Inputs) -> None:
    """What the scenario's scores stand on must be here."""
    known = {*trial.trial_ids(workspace), *certificate_ids(workspace)}
    for evidence in economics.evidence_named(inputs):
        kind, _, index = evidence.partition(":")
        missing = kind == "ledger" and index.isdigit() and not _has_entry(workspace, int(index))
        if missing or (kind.startswith(("trial@", "certificate@")) and evidence not in known):
            fix = "name a trial or a certificate of this folder, or an index that `proveout ledger show` lists"
            why = f"{evidence!r} is not in this folder"
            raise ScenarioInvalid("a score without evidence", why=why, fix=fix, about="criteria")


def _has_entry(workspace: Workspace, index: int) -> bool:
    with LedgerReader.open(workspace) as reader:
        try:
            reader.entry(index)
        except EntryNotFound:
            return False
    return True
