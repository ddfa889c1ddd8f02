"""What a comparison says, in plain words, and what it does not say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proveout.trial._format import interval, milliseconds, money, percent, points
from proveout.trial._kinds import measure_of

if TYPE_CHECKING:
    from proveout.trial._comparison import CandidateResult, Comparison, VsIncumbent

__all__ = ["best_candidate", "chosen", "has_scope", "labels_needed", "limits", "verdict"]


def best_candidate(comparison: Comparison) -> CandidateResult | None:
    """The candidate of the highest headline figure other than the incumbent; None without one."""
    found = [(one, one.quality.figure(comparison.headline)) for one in comparison.candidates]
    measured = [(one, figure.value) for one, figure in found if figure and one.id != comparison.incumbent]
    return max(measured, key=lambda pair: pair[1])[0] if measured else None


def verdict(comparison: Comparison) -> tuple[str, ...]:
    """The headline: sentences for the best candidate's quality, its difference from the incumbent, and its cost."""
    best = best_candidate(comparison)
    figure = best.quality.figure(comparison.headline) if best else None
    if best is None or figure is None:
        return ("No candidate can be compared: none besides the incumbent was measured on labelled rows in scope.",)
    scope = "requests in scope" if has_scope(comparison) else "requests"
    claim = measure_of(comparison.task.kind).claim.format(value=percent(figure.value), scope=scope)
    first = f"{best.family.capitalize()} {claim} ({interval(figure)} %, {figure.n:,} rows)."
    sentences = [first]
    if best.quality.vs_incumbent:
        sentences.append(_versus(best.quality.vs_incumbent, simulated=comparison.incumbent_simulated))
    return (*sentences, _price(comparison, best))


def has_scope(comparison: Comparison) -> bool:
    """Whether a request can be out of scope: the task has such a label, or rows without an answer."""
    return bool(comparison.task.out_of_scope or comparison.rows.test_out_of_scope)


def _versus(found: VsIncumbent, *, simulated: bool) -> str:
    who = "the simulated incumbent" if simulated else "the incumbent"
    span = f"({points(found.low)} to {points(found.high)})"
    size = points(abs(found.difference)).lstrip("+")
    if found.low > 0:
        return f"That is {size} points more than {who} {span}."
    if found.high < 0:
        return f"That is {size} points fewer than {who} {span}."
    return f"No difference from {who} is shown: {points(found.difference)} points {span}."


def _price(comparison: Comparison, best: CandidateResult) -> str:
    incumbent = next((one for one in comparison.candidates if one.id == comparison.incumbent), None)
    own = f"It costs {money(best.cost_per_1000)} per 1,000 requests"
    wait = milliseconds(best.latency_ms.p50)
    if incumbent is None:
        return f"{own} and takes {wait} ms at the median."
    price, theirs = money(incumbent.cost_per_1000), milliseconds(incumbent.latency_ms.p50)
    return f"{own} instead of {price}, and takes {wait} ms at the median instead of {theirs} ms."


def labels_needed(comparison: Comparison) -> tuple[str, ...]:
    """What the learning curves say: labels to the incumbent's accuracy, and who needs how many times more than whom."""
    found = comparison.sample_efficiency
    if found is None:
        return ()
    who = "the simulated incumbent" if comparison.incumbent_simulated else "the incumbent"
    reached = (
        f"{one.family} reaches {who}'s {percent(one.target)} % with about {one.examples:,.0f} labelled examples."
        if one.examples is not None
        else f"{one.family} does not reach {who}'s {percent(one.target)} % with the examples there are."
        for one in found.reaches
    )
    compared = (
        f"{one.than} needs {one.factor:.1f} times the examples of {one.family} to reach {percent(one.accuracy)} %."
        for one in found.multipliers
    )
    return (*reached, *compared)


def chosen(candidate: CandidateResult) -> list[tuple[str, str, str]]:
    """Parameters as (name, value, split it was chosen on); the split is "" for one that was set and not chosen."""
    return [(name, *_parameter(value)) for name, value in sorted(candidate.parameters.items())]


def _parameter(value: Any) -> tuple[str, str]:
    if isinstance(value, dict) and "value" in value:
        return _plain(value["value"]), str(value.get("chosen_on", ""))
    return _plain(value), ""


def _plain(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def limits(comparison: Comparison) -> tuple[str, ...]:
    """What the figures do not say."""
    machine = comparison.machine
    always = [
        "These rows speak for the traffic they were drawn from. When the traffic changes, measure again.",
        "Intervals are at 95 % for each figure by itself, not for all of them at once.",
        "Naming the best of several candidates on the rows it was measured on flatters it a little.",
        "The promise to rely on is a certificate, made on the CertifySplit, which this comparison did not read.",
        f"Timings hold for this machine: {machine.cpu_count} processors, Python {machine.python}, one process.",
    ]
    replayed = [one.id for one in comparison.candidates if one.replayed]
    if replayed:
        always.append(f"Latency of {', '.join(replayed)} is as recorded with the answers; it was not measured here.")
    return tuple(always)
