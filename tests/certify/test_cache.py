from __future__ import annotations

import math

import numpy as np
import pytest

from proveout.certify import CacheLookup, Part, certify_cache


def lookups(count: int, seed: int, risk: dict[str, float], sessions: int = 0) -> list[CacheLookup]:
    """A cached answer is contradicted with a probability that falls from ``risk`` to nothing as similarity rises."""
    rng = np.random.default_rng(seed)
    found = []
    for at in range(count):
        name = list(risk)[at % len(risk)]
        score = float(rng.random())
        wrong = rng.random() < risk[name] * (1 - score)
        session = f"s{at % sessions}" if sessions else ""
        found.append(CacheLookup(score=score, agree=not wrong, namespace=name, session=session))
    return found


def test_each_namespace_gets_its_own_similarity_or_none() -> None:
    risk = {"faq": 0.01, "prices": 1.0}
    faq, prices = certify_cache(lookups(2000, 0, risk), lookups(4000, 1, risk), alpha=0.005, delta=0.05)
    assert (faq.segment, prices.segment) == ("faq", "prices")
    assert faq.threshold is not None
    assert faq.coverage > 0.3
    assert prices.coverage < 0.1


def test_it_is_wrong_anywhere_in_five_percent_of_draws_at_most() -> None:
    risk, alpha, draws = {"a": 0.1, "b": 0.2, "c": 0.4}, 0.02, 100
    chosen_on = lookups(900, 0, risk)
    wrong = 0
    for seed in range(draws):
        parts = certify_cache(chosen_on, lookups(900, seed + 1, risk), alpha=alpha, delta=0.05)
        wrong += any(true_risk(part, risk[part.segment]) > alpha for part in parts)
    assert wrong / draws <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / draws)


def true_risk(part: Part, risk: float) -> float:
    return 0.0 if part.threshold is None else risk * (1 - part.threshold) ** 2 / 2


def test_lookups_of_one_session_count_once() -> None:
    risk = {"faq": 0.0}
    (part,) = certify_cache(lookups(300, 0, risk), lookups(600, 1, risk, sessions=20), alpha=0.01, delta=0.05)
    assert (part.rows, part.units, part.threshold) == (600, 20, None)


def test_a_namespace_not_chosen_on_stays_off() -> None:
    parts = certify_cache(lookups(100, 0, {"old": 0.0}), lookups(900, 1, {"new": 0.0}), alpha=0.01, delta=0.05)
    assert [(part.segment, part.threshold) for part in parts] == [("old", None)]


def test_an_empty_cache_certifies_nothing() -> None:
    assert certify_cache([], [], alpha=0.01, delta=0.05)[0].threshold is None
    with pytest.raises(ValueError, match="between 0 and 1"):
        certify_cache([], [], alpha=0.0, delta=0.05)
