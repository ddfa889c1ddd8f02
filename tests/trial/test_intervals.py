from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import f1_score

from proveout.trial import macro_f1_interval, paired_test, quantile_interval, wilson
from proveout.trial._intervals import mean_interval, paired_means, ratio_interval

Codes = npt.NDArray[np.int64]
SIMULATIONS = 400
# Four standard errors of a coverage of 95 % estimated from this many simulations.
TOLERANCE = 4 * float(np.sqrt(0.95 * 0.05 / SIMULATIONS))

pairs = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60)


@given(st.integers(0, 500), st.integers(1, 500))
def test_wilson_holds_the_share_within_zero_and_one(right: int, n: int) -> None:
    right = min(right, n)
    found = wilson(right, n)
    assert found is not None
    assert 0.0 <= found.low <= found.value + 1e-12
    assert found.value - 1e-12 <= found.high <= 1.0


def test_wilson_agrees_with_the_closed_form() -> None:
    z, n, share = stats.norm.ppf(0.975), 40, 0.25
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    arm = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    assert wilson(10, 40) == pytest.approx((share, middle - arm, middle + arm))
    assert wilson(0, 0) is None


@pytest.mark.parametrize("share", [0.5, 0.9, 0.97])
def test_wilson_covers_the_truth(share: float) -> None:
    draws = np.random.default_rng(0).binomial(200, share, SIMULATIONS)
    found = [wilson(int(right), 200) for right in draws]
    covered = np.mean([one is not None and one.low <= share <= one.high for one in found])
    assert covered >= 0.95 - TOLERANCE


@given(pairs)
def test_a_paired_test_turns_round(rows: list[tuple[bool, bool]]) -> None:
    ours, theirs = (np.array(column) for column in zip(*rows, strict=True))
    there, back = paired_test(ours, theirs), paired_test(theirs, ours)
    assert there is not None
    assert back is not None
    assert there.difference == pytest.approx(-back.difference)
    assert there.p_value == pytest.approx(back.p_value)
    assert there.low == pytest.approx(-back.high)
    assert there.low - 1e-12 <= there.difference <= there.high + 1e-12


@pytest.mark.parametrize(
    ("table", "low", "high"), [((36, 12, 2, 0), 0.0569, 0.3404), ((20, 12, 2, 16), 0.0562, 0.3292)]
)
def test_newcombe_published_examples(table: tuple[int, int, int, int], low: float, high: float) -> None:
    # Newcombe (1998), table II, method 10: both right, only ours, only theirs, neither.
    ours, theirs = np.repeat([True, True, False, False], table), np.repeat([True, False, True, False], table)
    found = paired_test(ours, theirs)
    assert found is not None
    assert found.difference == pytest.approx(0.2)
    assert found[1:3] == pytest.approx((low, high), abs=1e-4)


def test_mcnemar_raises_few_false_alarms_and_the_difference_is_covered() -> None:
    rng = np.random.default_rng(1)
    alarms, covered = 0, 0
    for _ in range(SIMULATIONS):
        hard = rng.random(300)
        ours, theirs = rng.random(300) < 0.8 + 0.15 * hard, rng.random(300) < 0.8 + 0.15 * hard
        found = paired_test(ours, theirs)
        assert found is not None
        alarms += found.p_value <= 0.05
        covered += found.low <= 0.0 <= found.high
    assert alarms / SIMULATIONS <= 0.05 + TOLERANCE
    assert covered / SIMULATIONS >= 0.95 - TOLERANCE


def test_mcnemar_sees_a_real_difference() -> None:
    rng = np.random.default_rng(2)
    found = paired_test(rng.random(2000) < 0.95, rng.random(2000) < 0.85)
    assert found is not None
    assert found.p_value < 0.001
    assert found.low > 0.05


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=200), st.floats(0.05, 0.99))
def test_a_quantile_lies_in_its_interval(values: list[float], share: float) -> None:
    found = quantile_interval(np.array(values), share)
    assert found is not None
    assert found.low is None or found.low <= found.value
    assert found.high is None or found.value <= found.high


@pytest.mark.parametrize("share", [0.5, 0.95])
def test_quantile_intervals_cover_the_truth(share: float) -> None:
    rng = np.random.default_rng(3)
    truth = float(stats.lognorm.ppf(share, 0.5))
    covered = 0
    for _ in range(SIMULATIONS):
        found = quantile_interval(rng.lognormal(0, 0.5, 150), share)
        assert found is not None
        low, high = found.low or 0.0, np.inf if found.high is None else found.high
        covered += low <= truth <= high
    assert covered / SIMULATIONS >= 0.95 - TOLERANCE


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(-1, 4)), min_size=1, max_size=80))
def test_macro_f1_agrees_with_sklearn(rows: list[tuple[int, int]]) -> None:
    truth, guess = (np.array(column) for column in zip(*rows, strict=True))
    found = macro_f1_interval(truth, guess, seed=0, resamples=50)
    assert found is not None
    expected = f1_score(truth, guess, labels=np.unique(truth), average="macro", zero_division=0.0)
    assert found.value == pytest.approx(expected)
    assert 0.0 <= found.low <= found.value <= found.high <= 1.0
    assert macro_f1_interval(truth, guess, seed=0, resamples=50) == found


def test_the_bootstrap_of_macro_f1_covers_the_truth() -> None:
    rng = np.random.default_rng(4)
    shares = np.array([0.4, 0.3, 0.2, 0.1])

    def sample(n: int) -> tuple[Codes, Codes]:
        truth = rng.choice(4, n, p=shares)
        wrong = rng.random(n) < np.array([0.05, 0.1, 0.2, 0.3])[truth]
        return truth, np.where(wrong, (truth + 1) % 4, truth)

    truth, guess = sample(1_000_000)
    population = f1_score(truth, guess, average="macro")
    covered = 0
    for seed in range(SIMULATIONS):
        found = macro_f1_interval(*sample(400), seed=seed)
        assert found is not None
        covered += found.low <= population <= found.high
    assert covered / SIMULATIONS >= 0.95 - TOLERANCE


def test_a_ratio_of_dependent_values_is_covered() -> None:
    # Rows hold one to six values and are right in all of them or in none: far fewer free draws than values.
    rng = np.random.default_rng(2)
    covered = 0
    for seed in range(SIMULATIONS):
        wholes = rng.integers(1, 7, 150).astype(np.float64)
        found = ratio_interval(wholes * (rng.random(150) < 0.8), wholes, seed=seed, resamples=400)
        assert found is not None
        covered += found.low <= 0.8 <= found.high
    assert covered / SIMULATIONS >= 0.95 - 1.5 * TOLERANCE  # a bootstrap of 150 rows is a little short


def test_a_mean_is_covered() -> None:
    rng = np.random.default_rng(3)
    draws = rng.beta(4, 1, size=(SIMULATIONS, 150))
    found = [mean_interval(values, seed=seed, resamples=400) for seed, values in enumerate(draws)]
    covered = np.mean([one is not None and one.low <= 0.8 <= one.high for one in found])
    assert covered >= 0.95 - 1.5 * TOLERANCE


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=30), st.integers(0, 5))
def test_ratios_hold_their_interval_and_the_seed_decides(rows: list[tuple[int, int]], seed: int) -> None:
    parts = np.array([min(row) for row in rows], dtype=np.float64)
    wholes = np.array([max(row) for row in rows], dtype=np.float64)
    found = ratio_interval(parts, wholes, seed=seed, resamples=50)
    assert (found is None) == (wholes.sum() == 0)
    if found is not None:
        assert 0.0 <= found.low <= found.value + 1e-12
        assert found.value - 1e-12 <= found.high <= 1.0
        assert found == ratio_interval(parts, wholes, seed=seed, resamples=50)


def test_all_right_is_no_certainty() -> None:
    assert ratio_interval(np.full(20, 3.0), np.full(20, 3.0), seed=0) == wilson(20, 20)
    assert mean_interval(np.zeros(20), seed=0) == wilson(0, 20)
    assert mean_interval(np.zeros(0), seed=0) is None


def test_many_different_values_are_resampled_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).random(300)
    whole = mean_interval(values, seed=0)
    monkeypatch.setattr("proveout.trial._intervals.CELLS_AT_ONCE", 301)
    one_by_one = mean_interval(values, seed=0)
    assert one_by_one == pytest.approx(whole)


def test_the_permutation_test_raises_few_false_alarms_and_the_difference_is_covered() -> None:
    rng = np.random.default_rng(4)
    alarms, covered = 0, 0
    for seed in range(SIMULATIONS):
        hard = rng.random(120)
        ours, theirs = (np.clip(hard + rng.normal(0, 0.2, 120), 0, 1) for _ in range(2))
        found = paired_means(ours, theirs, seed=seed, resamples=1000)
        assert found is not None
        alarms += found.p_value <= 0.05
        covered += found.low <= 0.0 <= found.high
    assert alarms / SIMULATIONS <= 0.05 + TOLERANCE
    assert covered / SIMULATIONS >= 0.95 - 2 * TOLERANCE


def test_the_permutation_test_agrees_with_scipy() -> None:
    rng = np.random.default_rng(5)
    ours, theirs = rng.beta(3, 1, 40), rng.beta(2, 1, 40)
    exact = stats.permutation_test(
        (ours, theirs), lambda x, y: np.mean(x - y), permutation_type="samples", n_resamples=20_000, rng=0
    )
    found = paired_means(ours, theirs, seed=0, resamples=20_000)
    assert found is not None
    assert found.difference == pytest.approx(float(np.mean(ours - theirs)))
    assert found.p_value == pytest.approx(exact.pvalue, abs=0.01)


def test_equal_points_differ_in_nothing() -> None:
    same = np.linspace(0, 1, 30)
    found = paired_means(same, same, seed=0)
    assert found == (0.0, 0.0, 0.0, 1.0)
    assert paired_means(same[:0], same[:0], seed=0) is None
