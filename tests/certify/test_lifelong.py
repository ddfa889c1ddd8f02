from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout import certify
from proveout.certify import LifelongState, TrafficAudited, lifelong_terms

LIVES, AUDITS = 1000, 10_000


def test_a_promise_that_holds_is_called_broken_in_five_percent_of_lives_at_most() -> None:
    terms = lifelong_terms(0.02)
    losses = (np.random.default_rng(0).random((LIVES, AUDITS), dtype=np.float32) < terms.alpha).astype(np.int64)
    assert np.mean(certify.alarms(losses, terms) > 0) <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / LIVES)


def test_six_percent_instead_of_two_is_caught() -> None:
    terms = lifelong_terms(0.02)
    rng = np.random.default_rng(1)
    medians = {}
    for change in (0, 100, 1000):
        rates = np.where(np.arange(change + 1500) < change, 0.02, 0.06)
        alarmed = certify.alarms((rng.random((500, len(rates))) < rates).astype(np.int64), terms)
        late = np.where(alarmed == 0, np.inf, alarmed - change)[(alarmed == 0) | (alarmed > change)]
        medians[change] = float(np.median(late))
    assert medians[0] <= 150
    assert medians[100] <= 200
    assert medians[1000] <= 300


@given(st.lists(st.sampled_from([0, 0, 0, 1]), max_size=60), st.floats(0.005, 0.2))
def test_folding_one_by_one_is_folding_at_once(losses: list[int], alpha: float) -> None:
    terms = lifelong_terms(alpha)
    state = LifelongState()
    for loss in losses:
        state = state.after(loss, terms)
    assert state == LifelongState().after_all(losses, terms)
    assert (state.audits, state.losses) == (len(losses), sum(losses))
    at_once = int(certify.alarms(np.array([losses], dtype=np.int64).reshape(1, -1), terms)[0])
    assert (state.alarmed_at or 0) == at_once
    assert state.alarmed == (state.evidence >= 20)


@given(alpha=st.floats(0.001, 0.4), claim=st.sampled_from(["agreement", "non-inferiority"]))
def test_capital_never_turns_negative_and_is_fair_at_the_boundary(alpha: float, claim: str) -> None:
    terms = lifelong_terms(alpha, claim=claim)
    lowest = 0 if claim == "agreement" else -1
    for bet in terms.bets:
        assert bet > 0
        assert 1 + bet * (lowest - alpha) > 0
        assert alpha * (1 + bet * (1 - alpha)) + (1 - alpha) * (1 - bet * alpha) == pytest.approx(1)


def test_it_folds_over_entries_of_the_ledger_and_goes_on_after_a_restart() -> None:
    terms = lifelong_terms(0.05)
    entries = [TrafficAudited(certificate="c", served=True, loss=at % 6 == 0) for at in range(60)]
    whole = LifelongState().after_all((one.loss for one in entries), terms)
    half = LifelongState().after_all((one.loss for one in entries[:30]), terms)
    assert half.after_all((one.loss for one in entries[30:]), terms) == whole
    assert whole.alarmed
    assert "roll" in terms.action


def test_an_alarm_stays() -> None:
    terms = lifelong_terms(0.02)
    state = LifelongState().after_all([1] * 10, terms)
    assert state.after_all([0] * 1000, terms).alarmed_at == state.alarmed_at


def test_a_loss_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="-1, 0 or 1"):
        LifelongState().after(2, lifelong_terms(0.02))


def test_what_holds_is_never_caught() -> None:
    terms = lifelong_terms(0.02)
    assert certify.audits_to_catch(terms, 0.02) == math.inf
    assert certify.audits_to_catch(terms, 0.06) > certify.audits_to_catch(terms, 0.1)
