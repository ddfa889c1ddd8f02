"""What was measured elsewhere, as plain figures: economics counts with them and does not know how they came about."""

from __future__ import annotations

import msgspec

__all__ = ["Certified", "Difference", "Measured", "Measurements"]


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """The headline figure less the incumbent's on the same rows, with its 95 % interval."""

    value: float
    low: float
    high: float
    rows: int


class Certified(msgspec.Struct, frozen=True, kw_only=True):
    """What a certificate promises of one candidate.

    Attributes:
        certificate: id.
        candidate: id of the candidate that serves under it.
        claim: ``agreement`` or ``non-inferiority``.
        alpha: the loss allowed, a share of requests.
        delta: the probability that the promise is broken.
        coverage: share of requests that the candidate may serve; the rest goes to the incumbent.
        incumbent: whose answers stood for the incumbent, as the certificate names them; "" where that is left open.
    """

    certificate: str
    candidate: str
    claim: str
    alpha: float
    delta: float
    coverage: float
    incumbent: str = ""


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What the latest trial measured of one candidate; None where it measured nothing.

    Attributes:
        architecture: its family, the name by which a scenario speaks of it.
        candidate: id.
        ledger: entries that the figures come from.
        provider_usd_per_1000: money to a provider for 1,000 requests.
        price_unknown: why the money is not known, though tokens were paid for; "" when it is known.
        cpu_seconds_per_1000: processor seconds for 1,000 requests.
        tokens_in: mean prompt tokens a request; 0 when no model was asked.
        tokens_out: mean completion tokens a request.
        quality: the headline figure.
        answered: share of the requests that it answers itself, and does not pass on; None counts as all.
        quality_answered: the headline figure over those; None takes ``quality``.
        difference: to the incumbent.
        latency_p95_ms: at batch 1.
        artifact_gb: its size, in 10^9 bytes.
        simulated: whether its answers were simulated.
        remote: whether its requests leave for a provider's machines.
        interpretability: share of its answers that an independent checker accepts.
        causal: counterfactual consistency.
    """

    architecture: str
    candidate: str
    ledger: tuple[int, ...] = ()
    provider_usd_per_1000: float | None = None
    price_unknown: str = ""
    cpu_seconds_per_1000: float = 0.0
    tokens_in: float = 0.0
    tokens_out: float = 0.0
    quality: float | None = None
    answered: float | None = None
    quality_answered: float | None = None
    difference: Difference | None = None
    latency_p95_ms: float | None = None
    artifact_gb: float = 0.0
    simulated: bool = False
    remote: bool = False
    interpretability: float | None = None
    causal: float | None = None


class Measurements(msgspec.Struct, frozen=True, kw_only=True):
    """The latest trial as economics sees it, and the task's budgets.

    Attributes:
        task: its name.
        trial: id.
        headline: name of the figure that quality is judged by; an error is counted as 1 less this figure.
        incumbent: architecture that stands for the incumbent; "" without one.
        model: of the incumbent, as the task names it.
        base_url: of the incumbent's endpoint.
        candidates: all that were measured.
        certificates: of the candidates, if there are any.
        budget_usd_per_1000: the task's; None without one.
        budget_latency_p95_ms: the task's; None without one.

    Example:
        >>> Measurements(task="desk", trial="trial@1", headline="accuracy").candidates
        ()
    """

    task: str
    trial: str
    headline: str
    incumbent: str = ""
    model: str = ""
    base_url: str = ""
    candidates: tuple[Measured, ...] = ()
    certificates: tuple[Certified, ...] = ()
    budget_usd_per_1000: float | None = None
    budget_latency_p95_ms: float | None = None

    def of(self, architecture: str) -> Measured | None:
        """What was measured of one architecture."""
        return next((one for one in self.candidates if one.architecture == architecture), None)

    def certified(self, candidate: str) -> Certified | None:
        """The certificate of a candidate of that id; the last one counts."""
        return next((one for one in reversed(self.certificates) if one.candidate == candidate), None)
