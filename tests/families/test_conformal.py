from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta, betabinom

from proveout.families._conformal import Conformal, fit_conformal

LABELS = 8


def draw(rng: np.random.Generator, rows: int) -> tuple[Any, Any]:
    """Log-probabilities and right labels drawn from them, or, for every other row, from a wrong model's view."""
    p = rng.dirichlet(np.full(LABELS, 0.4), size=rows)
    truth = (p.cumsum(axis=1) < rng.random(rows)[:, None]).sum(axis=1)
    # A model that is too sure of itself: the guarantee may not depend on its being right.
    sharper = p**2 + 1e-9
    return np.log(sharper / sharper.sum(axis=1, keepdims=True)), np.minimum(truth, LABELS - 1)


def covered(conformal: Conformal, log_p: Any, truth: Any) -> int:
    return sum(code in found for code, found in zip(truth, conformal.sets(log_p), strict=True))


@pytest.mark.parametrize("miss", [0.05, 0.2])
@pytest.mark.parametrize("rows", [19, 60, 400])
def test_over_many_draws_coverage_has_the_beta_law_of_split_conformal(miss: float, rows: int) -> None:
    """Coverage given the calibration rows is Beta(n + 1 - l, l) with l = floor(miss (n + 1)) (Vovk 2012)."""
    rng, draws, tested = np.random.default_rng(7), 250, 400
    rank = int(np.floor(miss * (rows + 1)))
    shares = []
    for _ in range(draws):
        conformal = fit_conformal(*draw(rng, rows), miss=miss)
        shares.append(covered(conformal, *draw(rng, tested)) / tested)
    # The one label that is always in a set can only add to coverage, so below both bounds hold and above only loosely.
    law = beta(rows + 1 - rank, rank)
    spread = np.sqrt(betabinom(tested, rows + 1 - rank, rank).var()) / tested
    assert np.mean(shares) >= 1 - miss - 4 * spread / np.sqrt(draws)
    assert np.mean(shares) <= law.mean() + 0.01 + 4 * spread / np.sqrt(draws)
    lowest = betabinom(tested, rows + 1 - rank, rank).ppf(0.05) / tested
    assert np.mean(np.array(shares) < lowest) <= 0.05 + 4 * np.sqrt(0.05 * 0.95 / draws)


def test_coverage_would_break_without_the_correction() -> None:
    """The test above can fail: the plain quantile of few rows covers too little."""
    rng, shares = np.random.default_rng(7), []
    for _ in range(250):
        log_p, truth = draw(rng, 19)
        plain = float(np.quantile(log_p[np.arange(19), truth], 0.2))
        shares.append(covered(Conformal(plain, 0.2, 19), *draw(rng, 400)) / 400)
    assert np.mean(shares) < 0.8 - 4 * np.std(shares) / np.sqrt(250)


@given(st.integers(0, 18), st.integers(0, 2**32 - 1))
def test_too_few_rows_give_every_label(rows: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    conformal = fit_conformal(*draw(rng, rows), miss=0.05)
    assert conformal.rows == rows
    assert all(sorted(found) == list(range(LABELS)) for found in conformal.sets(draw(rng, 5)[0]))


@given(st.integers(19, 200), st.floats(0.05, 0.5), st.integers(0, 2**32 - 1))
def test_the_rows_it_stands_on_are_covered(rows: int, miss: float, seed: int) -> None:
    log_p, truth = draw(np.random.default_rng(seed), rows)
    conformal = fit_conformal(log_p, truth, miss)
    assert covered(conformal, log_p, truth) >= rows - np.floor(miss * (rows + 1)) + 1


@given(st.lists(st.integers(-3, 0), min_size=2, max_size=6), st.integers(19, 60))
def test_tied_labels_are_all_in_or_all_out(levels: list[int], rows: int) -> None:
    log_p = np.tile(np.array(levels, dtype=float), (rows, 1))
    truth = np.arange(rows) % len(levels)
    (found, *_) = fit_conformal(log_p, truth, 0.2).sets(log_p)
    outside = set(range(len(levels))) - set(found.tolist())
    assert all(levels[code] < min(levels[kept] for kept in found) for code in outside)


@given(st.integers(0, 2**32 - 1), st.floats(-8, 0))
def test_sets_are_likeliest_first_and_never_empty(seed: int, least: float) -> None:
    log_p, _ = draw(np.random.default_rng(seed), 20)
    for row, found in zip(log_p, Conformal(least, 0.05, 100).sets(log_p), strict=True):
        assert found[0] == row.argmax()
        assert (np.diff(row[found]) <= 0).all()
        assert (row[found[1:]] >= least).all()


def test_labels_the_model_does_not_know_widen_the_sets() -> None:
    log_p, truth = draw(np.random.default_rng(0), 400)
    strangers = truth.copy()
    strangers[:30] = -1
    known, with_strangers = (fit_conformal(log_p, one, 0.1) for one in (truth, strangers))
    assert with_strangers.least < known.least
    everything = fit_conformal(log_p, np.full(400, -1), 0.1)
    assert len(everything.sets(log_p)[0]) == LABELS


def test_no_inputs_give_no_sets() -> None:
    assert Conformal(-1.0, 0.05, 100).sets(np.zeros((0, 3))) == []
