"""Why a move is worth it or not, in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from proveout.economics._words import days_words, signed_usd, usd_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from proveout.economics._breakeven import BreakEven
    from proveout.economics._drivers import Driver, FlipPoint
    from proveout.economics._gates import Gate
    from proveout.economics._scenario import DecisionTerms

__all__ = ["Outcome", "judged"]

Verdict = Literal["migrate", "do not migrate", "not enough evidence"]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one option.

    Attributes:
        verdict: of moving to it.
        passed: whether it passed all gates.
        code: ``gate-failed``, ``gate-open``, ``never``, ``too-slow``, ``loss``, ``uncertain`` or ``pays``.
        reason: in plain words.
    """

    verdict: Verdict
    passed: bool
    code: str
    reason: str


def judged(
    gates: Sequence[Gate],
    move: BreakEven,
    drivers: Sequence[Driver],
    flips: Sequence[FlipPoint],
    terms: DecisionTerms,
) -> Outcome:
    """Gates before money: a move that loses money, however, is not worth the evidence that a gate lacks."""
    failed = [gate for gate in gates if gate.holds is False]
    if failed:
        reason = "; ".join(f"the {gate.name} gate fails: {gate.detail}" for gate in failed)
        return Outcome(verdict="do not migrate", passed=False, code="gate-failed", reason=reason)
    undecided = [gate for gate in gates if gate.holds is None]
    verdict, code, reason = _by_money(move, drivers, flips, terms)
    if undecided and verdict != "do not migrate":
        lacking = "; ".join(f"the {gate.name} gate is open: {gate.detail}" for gate in undecided)
        return Outcome(verdict="not enough evidence", passed=False, code="gate-open", reason=lacking)
    return Outcome(verdict=verdict, passed=not undecided, code=code, reason=reason)


def _by_money(
    move: BreakEven, drivers: Sequence[Driver], flips: Sequence[FlipPoint], terms: DecisionTerms
) -> tuple[Verdict, str, str]:
    enough, hopeless = terms.confidence, 1 - terms.confidence
    saving, in_time = move.probability_of_saving, move.probability_in_time
    if saving >= enough and in_time >= enough:
        return "migrate", "pays", _pays(move)
    if saving > hopeless and in_time > hopeless:
        return "not enough evidence", "uncertain", _uncertain(move, drivers, flips, terms)
    if saving <= hopeless:
        code, reason = _loses(move)
        return "do not migrate", code, reason
    slow = f"it pays back {_after(move)}, and {days_words(terms.payback_days)} are allowed"
    return "do not migrate", "too-slow", f"too slow: {slow} (in time in {in_time:.0%} of draws)"


def _after(move: BreakEven) -> str:
    return "never" if move.days is None else f"after {days_words(move.days)}"


def _pays(move: BreakEven) -> str:
    if move.days == 0:
        back = "nothing has to be paid back"
    else:
        back = f"it pays back {_after(move)} ({move.requests:,} requests)"
    worth = (
        f"it is worth {usd_words(move.npv_usd)} today (P10 {usd_words(move.npv.p10)}, P90 {usd_words(move.npv.p90)})"
    )
    return f"{back} and {worth}"


def _loses(move: BreakEven) -> tuple[str, str]:
    daily = move.saving_usd_per_day
    if move.days is None and daily <= 0:
        lost = f"it costs {usd_words(-daily)} a day more than it saves"
        return "never", f"never breaks even: {lost} at this traffic, besides {usd_words(move.one_off_usd)} to build"
    if move.days is None:
        saved = f"{usd_words(daily)} a day against {usd_words(move.one_off_usd)} to build"
        return "never", f"never breaks even: it saves {saved}, and the savings do not last"
    if daily <= 0:
        lost = f"it costs {usd_words(-daily)} a day more than it saves at this traffic"
        return "loss", f"not worth it: {lost}, and its net present value is {signed_usd(move.npv_usd)}"
    worth = f"a net present value of {signed_usd(move.npv_usd)} until the horizon"
    draws = f"above 0 in {move.probability_of_saving:.0%} of draws"
    return "loss", f"not worth it: it pays back {_after(move)}, which makes {worth}, {draws}"


def _uncertain(move: BreakEven, drivers: Sequence[Driver], flips: Sequence[FlipPoint], terms: DecisionTerms) -> str:
    shares = f"worth it in {move.probability_of_saving:.0%} and paid back in time in {move.probability_in_time:.0%}"
    found = f"{shares} of draws; {terms.confidence:.0%} of both are asked for"
    unsure = next((driver for driver in drivers if driver.uncertain), None)
    if unsure is None:
        return found
    turn = next((flip for flip in flips if flip.name == unsure.name), None)
    at = f", which turns the answer at {turn.value:,.4g} {turn.unit}" if turn else ""
    return f"{found}. It hangs most on {unsure.name} ({unsure.low:,.4g} to {unsure.high:,.4g} {unsure.unit}{at})"
