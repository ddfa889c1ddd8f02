"""Hard gates: what no saving can buy. Each holds, fails, or is not known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from proveout.economics._unit import Values, request_cost
from proveout.economics._words import percent, signed_points, usd_words

if TYPE_CHECKING:
    from collections.abc import Callable
    from fractions import Fraction

    from proveout.economics._inputs import Architecture, Inputs

__all__ = ["Gate", "check_gates"]

# Whoever agrees with the labels loses no more to any incumbent.
LABELS = "expected labels"


class Gate(msgspec.Struct, frozen=True, kw_only=True):
    """One gate of one architecture.

    Attributes:
        name: ``quality``, ``latency``, ``budget``, ``residency`` or ``certificate``.
        holds: True, False, or None where nothing shows it either way.
        detail: what was found, in plain words.
        evidence: what it stands on: a trial, ledger entries, a certificate or the scenario.
    """

    name: str
    holds: bool | None
    detail: str
    evidence: str


def check_gates(inputs: Inputs, exact: Values[Fraction], name: str) -> tuple[Gate, ...]:
    """All gates of one architecture other than the incumbent."""
    one = inputs.architecture(name)
    checks: tuple[Callable[[Inputs, Architecture], Gate | None], ...] = (
        _quality,
        _latency,
        lambda inputs, one: _budget(inputs, exact, one),
        _residency,
        _certificate,
    )
    return tuple(gate for check in checks if (gate := check(inputs, one)) is not None)


def _of_trial(inputs: Inputs, one: Architecture) -> str:
    entries = one.measured.ledger if one.measured else ()
    shown = f", ledger {', '.join(map(str, entries[:4]))}{'…' if len(entries) > 4 else ''}" if entries else ""  # noqa: PLR2004
    return f"{inputs.measurements.trial}{shown}"


def _compared_with_another(inputs: Inputs) -> bool:
    """Whether the scenario's incumbent was measured, and the trial compared candidates with another one."""
    return inputs.incumbent != inputs.measurements.incumbent and inputs.measurements.of(inputs.incumbent) is not None


def _quality(inputs: Inputs, one: Architecture) -> Gate:
    margin = inputs.scenario.gates.most_quality_loss
    certified, other = one.certified, _compared_with_another(inputs)
    about_it = certified and (not other or certified.incumbent == LABELS)
    if certified and about_it and certified.coverage > 0 and certified.alpha <= margin:
        detail = f"certified ({certified.claim}): loss of at most {percent(certified.alpha)} % of requests"
        return Gate(name="quality", holds=True, detail=detail, evidence=certified.certificate)
    found = one.measured.difference if one.measured else None
    if found is None:
        detail = "it was not compared with the incumbent on the same rows"
        return Gate(name="quality", holds=None, detail=detail, evidence=inputs.measurements.trial)
    span = f"{signed_points(found.low)} to {signed_points(found.high)} points of {inputs.measurements.headline}"
    if other:
        detail = f"it was compared with {inputs.measurements.incumbent}, and not with {inputs.incumbent}"
        return Gate(name="quality", holds=None, detail=detail, evidence=_of_trial(inputs, one))
    allowed = f"a loss of {percent(margin)} points is allowed"
    if found.low >= -margin:
        holds, words = True, f"{span} against the incumbent; {allowed}"
    elif found.high < -margin:
        holds, words = False, f"{span} against the incumbent, and only {allowed}"
    else:
        holds, words = None, f"{span} against the incumbent does not settle it ({found.rows:,} rows); {allowed}"
    return Gate(name="quality", holds=holds, detail=words, evidence=_of_trial(inputs, one))


def _latency(inputs: Inputs, one: Architecture) -> Gate | None:
    limit = inputs.scenario.gates.latency_p95_ms or inputs.measurements.budget_latency_p95_ms
    if limit is None:
        return None
    found = one.measured.latency_p95_ms if one.measured else None
    detail = f"p95 is not known, {limit:,.0f} ms is allowed"
    if found is not None:
        detail = f"p95 is {found:,.3g} ms of {limit:,.0f} ms allowed, requests passed on left aside"
    holds = None if found is None else found <= limit
    return Gate(name="latency", holds=holds, detail=detail, evidence=_of_trial(inputs, one))


def _budget(inputs: Inputs, exact: Values[Fraction], one: Architecture) -> Gate | None:
    own = inputs.scenario.gates.usd_per_1000
    limit = inputs.measurements.budget_usd_per_1000 if own is None else own
    if limit is None:
        return None
    found = float(request_cost(inputs, exact, one.name).billed * 1000)
    detail = f"{usd_words(found)} for 1,000 requests of {usd_words(limit)} allowed"
    return Gate(name="budget", holds=found <= limit, detail=detail, evidence=_of_trial(inputs, one))


def _residency(inputs: Inputs, one: Architecture) -> Gate | None:
    if inputs.scenario.gates.residency == "any":
        return None
    if one.remote:
        return Gate(name="residency", holds=False, detail="requests leave for a provider", evidence="scenario")
    passed_on = inputs.parameters[f"{one.name}.escalation_rate"].typical
    audited = inputs.parameters["audit_share"].typical
    if inputs.architecture(inputs.incumbent).remote and (passed_on or audited):
        detail = "requests passed on or audited leave for the incumbent's provider"
        return Gate(name="residency", holds=False, detail=detail, evidence="scenario")
    return Gate(name="residency", holds=True, detail="no request leaves", evidence="scenario")


def _certificate(inputs: Inputs, one: Architecture) -> Gate | None:
    certified = one.certified
    if certified and certified.coverage > 0:
        detail = (
            f"{certified.claim} at loss {percent(certified.alpha)} %, delta {percent(certified.delta)} %: "
            f"may serve {percent(certified.coverage)} % of requests"
        )
        return Gate(name="certificate", holds=True, detail=detail, evidence=certified.certificate)
    if inputs.scenario.gates.certificate == "optional":
        return None
    detail = "the certificate lets it serve nothing" if certified else "there is none, and one is required"
    evidence = certified.certificate if certified else inputs.measurements.trial
    return Gate(name="certificate", holds=False if certified else None, detail=detail, evidence=evidence)
