"""The result of a trial: what `compare` returns, the table and the report show, and ``--json`` prints."""

from __future__ import annotations

from typing import Any

import msgspec

from proveout.task import Citation, Neighbour
from proveout.trial._axes import Axes
from proveout.trial._calibration import Calibration
from proveout.trial._efficiency import SampleEfficiency
from proveout.trial._estimates import Estimate
from proveout.trial._facts_read import FactsRead
from proveout.trial._fields import FieldErrors, FieldQuality
from proveout.trial._metrics import ClassQuality, Confusion

__all__ = [
    "SCHEMA",
    "BuildCost",
    "CandidateResult",
    "Comparison",
    "Cost",
    "Curve",
    "CurvePoint",
    "Latency",
    "LatencyInterval",
    "Ledgered",
    "Machine",
    "Quality",
    "Ranking",
    "Rows",
    "Segment",
    "Skipped",
    "TaskReference",
    "VsIncumbent",
    "WrongAnswer",
]

SCHEMA = "urn:proveout:schema:compare:1"


class TaskReference(msgspec.Struct, frozen=True):
    """Which task was compared on."""

    name: str
    kind: str
    fingerprint: str
    out_of_scope: str = ""


class Rows(msgspec.Struct, frozen=True):
    """Rows in each split; ``test_labelled`` counts those that quality was measured on."""

    train: int
    select: int
    certify: int
    test: int
    test_labelled: int
    test_out_of_scope: int


class Segment(msgspec.Struct, frozen=True):
    """Quality within one segment; None where the segment has no such rows."""

    name: str
    n: int
    accuracy: Estimate | None
    accuracy_all_rows: Estimate | None
    headline: Estimate | None


class VsIncumbent(msgspec.Struct, frozen=True):
    """The headline figure less the incumbent's on the same rows, and how often both gave the same guess."""

    difference: float
    low: float
    high: float
    p_value: float
    test: str
    agreement: float
    n: int


class LatencyInterval(msgspec.Struct, frozen=True):
    """Ends of a quantile's 95 % interval; None where the sample is too small to bound it."""

    low: float | None
    high: float | None


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """Milliseconds per request at batch 1; ``measured`` is False when a replay or simulation reported them."""

    p50: float | None
    p95: float | None
    p99: float | None
    intervals: dict[str, LatencyInterval]
    n: int
    measured: bool


class Ranking(msgspec.Struct, frozen=True, kw_only=True):
    """How well the evidence is ranked; ``of`` says whether documents or labelled neighbours are.

    ``retrieval_ms`` is what the answers' own traces report for their step ``retrieve``; None where they report none.
    """

    of: str
    recall_at_1: Estimate | None
    recall_at_5: Estimate | None
    recall_at_10: Estimate | None
    ndcg_at_10: Estimate | None
    mrr: Estimate | None
    retrieval_ms: Latency | None


class Quality(msgspec.Struct, frozen=True, kw_only=True):
    """How right the answers are; None where a figure is not defined. See docs/reference/compare-json.md."""

    accuracy: Estimate | None = None
    accuracy_at_threshold: Estimate | None = None
    out_of_scope_recall: Estimate | None = None
    out_of_scope_precision: Estimate | None = None
    accuracy_all_rows: Estimate | None = None
    accuracy_answered: Estimate | None = None
    coverage: Estimate | None = None
    macro_f1: Estimate | None = None
    other: dict[str, Estimate | None] = {}
    segments: tuple[Segment, ...] = ()
    classes: tuple[ClassQuality, ...] = ()
    confusion: Confusion = Confusion()
    fields: tuple[FieldQuality, ...] = ()
    field_errors: tuple[FieldErrors, ...] = ()
    ranking: Ranking | None = None
    facts: FactsRead | None = None
    vs_incumbent: VsIncumbent | None = None

    def figure(self, name: str) -> Estimate | None:
        """A metric's estimate by name, wherever it stands; None where it is not defined.

        Example:
            >>> Quality(other={"token_f1": Estimate(0.5, 0.4, 0.6, 90)}).figure("token_f1").value
            0.5
        """
        found: Estimate | None = self.other[name] if name in self.other else getattr(self, name, None)
        return found


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """US dollars per 1,000 requests: money to a provider, and processor time at a stated price."""

    provider_per_1000: float
    cpu_per_1000: float
    usd_per_cpu_hour: float


class BuildCost(msgspec.Struct, frozen=True):
    """What the build took; ``reused`` when the candidate was there already."""

    wall_seconds: float
    cpu_seconds: float
    reused: bool


class Ledgered(msgspec.Struct, frozen=True):
    """Indexes of the ledger entries that a candidate's figures come from; a replay has no latency of its own."""

    answers: tuple[int, ...]
    latency: int | None


class WrongAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A row answered wrongly, with what the answer leaned on; shown in the report, never in JSON."""

    id: str
    text: str
    expected: str
    answered: str
    confidence: float
    neighbours: tuple[Neighbour, ...] = ()
    citations: tuple[Citation, ...] = ()
    note: str = ""


class CandidateResult(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the comparison."""

    family: str
    id: str
    simulated: bool
    replayed: bool
    seed: int
    code: str
    parameters: dict[str, Any]
    quality: Quality
    calibration: Calibration
    latency_ms: Latency
    throughput_per_second: float | None
    cpu_seconds_per_1000: float
    cost_per_1000: float
    cost: Cost
    artifact_bytes: int
    build: BuildCost
    ledger: Ledgered
    axes: Axes
    wrong: tuple[WrongAnswer, ...] = ()


class Skipped(msgspec.Struct, frozen=True):
    """A family that does not fit the task, and why not."""

    family: str
    reason: str


class CurvePoint(msgspec.Struct, frozen=True, kw_only=True):
    """Accuracy after learning from ``per_class`` examples a label: mean over seeds with its 95 % interval.

    ``low`` and ``high`` are None with one seed alone.
    """

    per_class: int
    examples: float
    accuracy: float
    low: float | None
    high: float | None
    seeds: tuple[float, ...]
    ledger: tuple[int, ...]


class Curve(msgspec.Struct, frozen=True):
    """A family's learning curve and the mean height of it over log2 of examples per label."""

    family: str
    points: tuple[CurvePoint, ...]
    area: float | None


class Machine(msgspec.Struct, frozen=True):
    """What it was measured on."""

    cpu_count: int
    python: str


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Candidates measured on the same untouched rows.

    Attributes:
        trial: id; a hash of task, snapshot, candidates and seed.
        incumbent: id of the candidate that stands for the incumbent, ``"recorded"`` when the rows themselves hold
            its answers, None without one.
        headline: the figure of ``quality`` that candidates are ranked and compared with the incumbent by.
        candidates: in the order given.
        skipped: families that do not fit.
        curves: learning curves, when asked for.
        sample_efficiency: what they say of labels; None without them.
        warnings: what a reader must know before using the figures.
        next: the command that follows.

    Example:
        >>> msgspec.structs.fields(Comparison)[0].name
        'trial'
    """

    trial: str
    task: TaskReference
    snapshot: str
    rows: Rows
    seed: int
    incumbent: str | None
    incumbent_simulated: bool
    headline: str
    candidates: tuple[CandidateResult, ...]
    skipped: tuple[Skipped, ...]
    curves: tuple[Curve, ...]
    sample_efficiency: SampleEfficiency | None
    warnings: tuple[str, ...]
    machine: Machine
    ledger: tuple[int, ...]
    next: str
    schema: str = SCHEMA
