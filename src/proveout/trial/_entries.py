"""What a trial writes to the ledger."""

from __future__ import annotations

from proveout.ledger import EntryBody, entry

__all__ = [
    "AnswersRecorded",
    "ContrastOpened",
    "CurveMeasured",
    "LatencyRecorded",
    "ModularityMeasured",
    "ProbesMade",
    "TrialFinished",
    "TrialStarted",
]


@entry("trial.started", version=1)
class TrialStarted(EntryBody, frozen=True, kw_only=True):
    """A trial began, or went on after it was cut off.

    Attributes:
        trial: its id, a hash of what follows.
        task: fingerprint.
        snapshot: id.
        candidates: ids, in the order of the table.
        rows: labelled test rows.
        seed: of resampling.

    Example:
        >>> TrialStarted(trial="t", task="f", snapshot="s", candidates=("llm@1",), rows=9, seed=0).kind
        'trial.started'
    """

    trial: str
    task: str
    snapshot: str
    candidates: tuple[str, ...]
    rows: int
    seed: int


@entry("trial.answers_recorded", version=1)
class AnswersRecorded(EntryBody, frozen=True, kw_only=True):
    """One chunk of answers was written.

    Attributes:
        candidate: id.
        snapshot: id.
        start: index of the chunk's first row among the labelled test rows.
        rows: number of rows.
        hash: BLAKE2b-256 of the recorded file, which is named by it.
        wall_seconds: the batch took.
        cpu_seconds: of this process, all threads.
        probes: hash of the edited inputs that were answered; "" for the test rows themselves.

    Example:
        >>> AnswersRecorded(
        ...     candidate="llm@1", snapshot="s", start=0, rows=9, hash="ab", wall_seconds=0.1, cpu_seconds=0.1
        ... ).kind
        'trial.answers_recorded'
    """

    candidate: str
    snapshot: str
    start: int
    rows: int
    hash: str
    wall_seconds: float
    cpu_seconds: float
    probes: str = ""


@entry("trial.contrast_opened", version=1)
class ContrastOpened(EntryBody, frozen=True, kw_only=True):
    """Contrast rows were handed out, and what for.

    Attributes:
        snapshot: id.
        purpose: what for.
        files: BLAKE2b-256 of each file, by its path.

    Example:
        >>> ContrastOpened(snapshot="s", purpose="compare", files={"data/contrast.csv": "ab"}).kind
        'trial.contrast_opened'
    """

    snapshot: str
    purpose: str
    files: dict[str, str]


@entry("trial.probes_made", version=1)
class ProbesMade(EntryBody, frozen=True, kw_only=True):
    """Inputs were made to ask candidates besides the test rows.

    Attributes:
        snapshot: id.
        purpose: what they measure: ``causal``, or a part of ``interpret``.
        hash: BLAKE2b-256 of the file that holds them, which is named by it.
        rows: number of inputs.

    Example:
        >>> ProbesMade(snapshot="s", purpose="causal", hash="ab", rows=9).kind
        'trial.probes_made'
    """

    snapshot: str
    purpose: str
    hash: str
    rows: int


@entry("trial.modularity_measured", version=1)
class ModularityMeasured(EntryBody, frozen=True, kw_only=True):
    """A composed candidate answered test rows with outputs of its steps replaced, and steps of it were learned anew.

    Attributes:
        candidate: id.
        snapshot: id.
        plan: hash of what was asked: limits, seed, names of the faults, rows.
        answers: number of answers asked for.
        hash: BLAKE2b-256 of the file that holds what came out, which is named by it.

    Example:
        >>> ModularityMeasured(candidate="modular@1", snapshot="s", plan="cd", answers=9, hash="ab").kind
        'trial.modularity_measured'
    """

    candidate: str
    snapshot: str
    plan: str
    answers: int
    hash: str


@entry("trial.latency_recorded", version=1)
class LatencyRecorded(EntryBody, frozen=True, kw_only=True):
    """Latency of single requests.

    Attributes:
        candidate: id.
        snapshot: id.
        seconds: one per request, in the order made.
        warm_up: requests made before and not counted.

    Example:
        >>> LatencyRecorded(candidate="llm@1", snapshot="s", seconds=(0.1,), warm_up=1).kind
        'trial.latency_recorded'
    """

    candidate: str
    snapshot: str
    seconds: tuple[float, ...]
    warm_up: int


@entry("trial.curve_measured", version=1)
class CurveMeasured(EntryBody, frozen=True, kw_only=True):
    """One point of a learning curve: a family re-built from fewer examples.

    Attributes:
        family: name.
        snapshot: id.
        code: version of the code that built it.
        per_class: examples of each label.
        seed: of the subset and the build.
        examples: number of examples it was built from.
        right: in-scope test rows right with nothing rejected.
        rows: in-scope test rows.

    Example:
        >>> CurveMeasured(family="llm", snapshot="s", code="1", per_class=1, seed=0, examples=2, right=3, rows=4).kind
        'trial.curve_measured'
    """

    family: str
    snapshot: str
    code: str
    per_class: int
    seed: int
    examples: int
    right: int
    rows: int


@entry("trial.finished", version=1)
class TrialFinished(EntryBody, frozen=True, kw_only=True):
    """A trial ended; ``hash`` is the BLAKE2b-256 of its result file.

    Example:
        >>> TrialFinished(trial="t", hash="ab").kind
        'trial.finished'
    """

    trial: str
    hash: str
