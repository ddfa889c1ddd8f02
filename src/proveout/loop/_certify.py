"""certify: freeze a plan on the SelectSplit, open the CertifySplit once, and sign what comes of it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import msgspec

from proveout import certify as certifying
from proveout import families, trial
from proveout.certify import Claim, Plan, Row, Spending
from proveout.errors import EvidenceUnusable
from proveout.loop._incumbent import incumbent_of
from proveout.loop._open import opened, quiet
from proveout.loop._stages import build_families, frozen_snapshot
from proveout.loop._verify import check_certificate
from proveout.store import write_atomic
from proveout.task import Answer, CertificateTerms, Example, content_hash, fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from proveout import data
    from proveout.certify import Expected, Grid
    from proveout.loop._incumbent import Standing
    from proveout.loop._open import OpenTask, Progress

__all__ = ["CertifyOptions", "CertifyResult", "Look", "certify", "look"]


class CertifyOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What to certify, and how; what is left out is as ``[certificate]`` of the task says.

    Attributes:
        names: families to choose among; all that fit but ``llm`` when None.
        claim: ``agreement`` or ``non-inferiority``.
        alpha: the loss allowed.
        delta: the probability that the certificate is wrong.
        budget: of error that all looks at these rows may spend together; None takes the task's delta.
        incumbent: a column of the examples that holds its answers, or ``llm`` for the candidate of that family.
        segments: whether each segment gets its own threshold.
        repeats: what becomes of rows with the same text: ``refuse``, or count them ``once``.
        seed: the only source of randomness.
        embedder: name, folder or hub id.
        per_day: requests a day, to say whether they can bring the rows.
        days: that one is ready to wait for them.
    """

    names: tuple[str, ...] | None = None
    claim: Claim | None = None
    alpha: float | None = None
    delta: float | None = None
    budget: float | None = None
    incumbent: str | None = None
    segments: bool = False
    repeats: certifying.Repeats = "refuse"
    seed: int = 0
    embedder: str = "auto"
    per_day: float | None = None
    days: float = 90.0


class CertifyResult(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it; the keys of ``--json``.

    Attributes:
        certified: whether any traffic is.
        claim: tested.
        alpha: the loss allowed.
        delta: the probability of being wrong.
        coverage: share of traffic certified.
        rows: of the CertifySplit.
        labels_used: rows whose label the outcome depends on.
        labels_missing: rows that `adjudicate` asks about.
        certificate: its file; None where the rows were not opened, because they could certify nothing.
        report: the page for people.
        candidate: id.
        statement: in words.
        needed: what it would take.
        traffic: whether traffic can bring that; None where its volume was not given.
    """

    certified: bool
    claim: str
    alpha: float
    delta: float
    coverage: float = 0.0
    rows: int
    labels_used: int = 0
    labels_missing: int = 0
    certificate: str | None = None
    report: str | None = None
    candidate: str | None = None
    statement: str
    needed: certifying.Needed | None = None
    traffic: certifying.Traffic | None = None


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """One look at the CertifySplit, under a plan that the ledger holds.

    Attributes:
        plan: frozen before.
        spending: of the budget of error.
        rows: evidence.
        examples: what the rows are of, in their order.
        answers: the candidate's.
        incumbents: the incumbent's outputs.
    """

    plan: Plan
    spending: Spending
    rows: tuple[Row, ...]
    examples: tuple[Example, ...]
    answers: tuple[Answer, ...]
    incumbents: tuple[dict[str, Any] | None, ...]


def certify(
    folder: Path,
    options: CertifyOptions | None = None,
    *,
    progress: Progress = quiet,
    clock: Callable[[], float] = time.time,
) -> CertifyResult:
    """State how much traffic the cheap path may serve at how little loss, or that none may.

    The candidate, the grid and everything else are chosen on the SelectSplit, and the plan's hash is in the ledger
    before a row of the CertifySplit is answered. The same plan on the same rows gives the same certificate and spends
    nothing more. Where there are too few rows for any certificate, they are not opened.

    Raises:
        EvidenceUnusable: rows of the CertifySplit were learned from, or stand twice.
        DeltaSpent: earlier looks at the same rows spent the error allowed.
        ColumnMissing: the examples have no column of that name.
        CertificateCorrupt: the same look was certified before, and that certificate does not verify.
    """
    options = options or CertifyOptions()
    with opened(folder) as here:
        frozen = frozen_snapshot(here, progress)
        terms, rows = _terms(here, options), frozen.report.rows["certify"]
        early = _too_little(terms, rows, options)
        if early is not None:
            return early
        result = _issued(here, _look(here, frozen, options, progress), clock)
        if options.per_day is None or result.needed is None:
            return result
        traffic = certifying.enough_traffic(
            options.per_day, options.days, alpha=terms.alpha, delta=terms.delta, rows=result.needed.rows
        )
        return msgspec.structs.replace(result, traffic=traffic)


def _terms(here: OpenTask, options: CertifyOptions) -> CertificateTerms:
    given = {name: getattr(options, name) for name in ("claim", "alpha", "delta")}
    said = {name: value for name, value in given.items() if value is not None}
    return msgspec.convert(msgspec.to_builtins(here.task.certificate) | said, CertificateTerms)


def _too_little(terms: CertificateTerms, rows: int, options: CertifyOptions) -> CertifyResult | None:
    """What can be said without opening a row: that traffic is too small, or that the rows are too few."""
    traffic = None
    if options.per_day is not None:
        traffic = certifying.enough_traffic(options.per_day, options.days, alpha=terms.alpha, delta=terms.delta)
    least = certifying.fewest_rows(terms.alpha, terms.delta, terms.claim)
    if rows >= least:
        return None
    why = f"{rows:,} rows are here, and fewer than {least:,} can certify nothing, whatever they say"
    statement = f"Cannot certify: {why}. The rows were not opened, and no error was spent."
    if traffic is not None and not traffic.enough:
        statement = f"{statement} {traffic.advice[0].upper()}{traffic.advice[1:]}."
    needed = certifying.Needed(rows=least, more=least - rows, labels=0, least=least, why=why)
    return CertifyResult(
        certified=False,
        claim=terms.claim,
        alpha=terms.alpha,
        delta=terms.delta,
        rows=rows,
        statement=statement,
        needed=needed,
        traffic=traffic,
    )


def look(here: OpenTask, options: CertifyOptions, progress: Progress = quiet) -> Look:
    """Plan, and open the CertifySplit under the plan; see `certify` for what it raises."""
    return _look(here, frozen_snapshot(here, progress), options, progress)


def _look(here: OpenTask, frozen: data.Snapshot, options: CertifyOptions, progress: Progress) -> Look:
    names = list(options.names) if options.names else [one for one in families.default_families() if one != "llm"]
    built = build_families(here, frozen, names, (options.seed, options.embedder), progress).built
    standing = incumbent_of(here, frozen, options, progress)
    text = here.task.text
    plan, chosen = _plan(here, frozen, options, built, standing)
    split = frozen.certify()
    certifying.check_rows(split, frozen.select(), frozen.train(), text, repeats=options.repeats)
    inputs = {content_hash(example.inputs)[:32] for example in split.examples}
    budget = options.budget if options.budget is not None else max(here.task.certificate.delta, plan.grid.delta)
    spending = certifying.open_look(here.workspace, here.ledger, plan, inputs, budget=budget)
    answers = chosen.candidate.answer([example.inputs for example in split.examples])
    incumbents = standing.outputs(split.examples)
    rows = certifying.rows_of(
        split.examples,
        answers,
        incumbents,
        _key(here),
        units=certifying.units_of(split.examples, text, options.repeats),
        verdicts=certifying.verdicts_of(here.workspace),
    )
    certifying.check_repeat(here.workspace, plan, rows)
    return Look(
        plan=plan,
        spending=spending,
        rows=tuple(rows),
        examples=split.examples,
        answers=tuple(answers),
        incumbents=tuple(incumbents),
    )


def _key(here: OpenTask) -> Callable[[dict[str, Any] | None], str | None]:
    measure = trial.measure_of(here.task.kind)
    return lambda output: measure.key(here.task, output)


def _plan(
    here: OpenTask,
    frozen: data.Snapshot,
    options: CertifyOptions,
    built: Sequence[families.Built],
    standing: Standing,
) -> tuple[Plan, families.Built]:
    """The plan of the candidate from which the SelectSplit lets one expect the largest certificate."""
    terms, select = _terms(here, options), frozen.select().examples
    segments = sorted({one.segment for one in select if one.segment is not None}) if options.segments else []
    if options.segments and not segments:
        fix = "name their column as data.segment in task.toml, or leave --segments out"
        why = "no row of the SelectSplit names one"
        raise EvidenceUnusable("no segments", why=why, fix=fix, about=str(here.task.root))
    units = certifying.units_of(select, here.task.text, options.repeats)
    share = len(set(units)) / max(len(units), 1)
    plans: list[tuple[Plan, families.Built]] = []
    for one in built:
        certifying.check_candidate(one.id, one.candidate.card, task=fingerprint(here.task), snapshot=frozen.id)
        answers = one.candidate.answer([example.inputs for example in select])
        rows = certifying.rows_of(select, answers, standing.outputs(select), _key(here), units=units)
        grid = certifying.choose_grid(rows, claim=terms.claim, alpha=terms.alpha, delta=terms.delta, segments=segments)
        expected = certifying.expect(rows, grid, round(frozen.report.rows["certify"] * share))
        plan = _frozen_plan(here, frozen, one.id, standing, (grid, expected), _unit(select, options))
        plans.append((plan, one))
    return max(plans, key=lambda pair: (pair[0].expected.coverage, -pair[0].expected.worse, pair[0].candidate))


def _frozen_plan(
    here: OpenTask,
    frozen: data.Snapshot,
    candidate: str,
    standing: Standing,
    chosen: tuple[Grid, Expected],
    unit: str,
) -> Plan:
    return certifying.Plan(
        task=fingerprint(here.task),
        task_name=here.task.name,
        snapshot=frozen.id,
        candidate=candidate,
        incumbent=standing.who,
        grid=chosen[0],
        expected=chosen[1],
        unit=unit,
        select_rows=frozen.report.rows["select"],
    )


def _unit(select: Sequence[Example], options: CertifyOptions) -> str:
    if any(example.session is not None for example in select):
        return "session"
    return "distinct input" if options.repeats == "once" else "row"


def _issued(here: OpenTask, found: Look, clock: Callable[[], float]) -> CertifyResult:
    now = datetime.fromtimestamp(int(clock()), UTC)
    certificate, evidence = certifying.issue(
        found.plan, found.rows, found.spending, now=now, key=here.ledger.public_key, sign=here.ledger.sign
    )
    path = here.workspace.certificates / certificate.path_name
    if path.is_file():
        check_certificate(here.workspace, path)
        certificate = certifying.load_certificate(path, plan=found.plan)
    else:
        certifying.store_certificate(here.workspace, here.ledger, certificate, evidence)
    report = path.with_suffix(".html")
    files = families.candidate_files(here.workspace, certificate.plan.candidate)
    bom = certifying.ml_bom(certificate, files, version=version("proveout"))
    write_atomic(report, certifying.render_certificate(certificate).encode())
    write_atomic(path.with_suffix(".bom.json"), msgspec.json.format(msgspec.json.encode(bom), indent=1))
    write_atomic(path.with_suffix(".md"), certifying.model_card(certificate).encode())
    return CertifyResult(
        certified=certificate.certified,
        claim=certificate.claim,
        alpha=certificate.alpha,
        delta=certificate.delta,
        coverage=certificate.coverage,
        rows=certificate.rows,
        labels_used=certificate.labels_used,
        labels_missing=certificate.labels_missing,
        certificate=str(path),
        report=str(report),
        candidate=certificate.plan.candidate,
        statement=certificate.statement,
        needed=certificate.needed,
    )
