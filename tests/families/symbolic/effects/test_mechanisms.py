from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from proveout.families.symbolic.effects._mechanisms import Rows, fit_discrete, fit_numeric

VALUES = ("low", "middle", "high")


def rows(seed: int, number: int = 400, *, numeric: bool = False) -> Rows:
    rng = np.random.default_rng(seed)
    action = rng.choice(["a", "b"], number)
    cause: Any = rng.normal(size=number) if numeric else rng.choice(["x", "y", "z"], number)
    push = cause if numeric else (cause == "y") * 1.5
    score = push + (action == "b") + rng.normal(size=number)
    code = np.digitize(score, [0, 1.5])
    columns = {
        "action": action.astype(object),
        "cause": cause if numeric else cause.astype(object),
        "next.v": np.array(VALUES, dtype=object)[code],
        "next.n": score,
    }
    return Rows(columns, np.ones(number))


@settings(max_examples=20)
@given(st.integers(0, 2**31), st.sampled_from(["0.5", "8.0", "logistic"]), st.booleans())
def test_probabilities_are_some_and_positive(seed: int, kind: str, numeric: bool) -> None:  # noqa: FBT001  drawn
    if numeric and kind != "logistic":
        return
    learner = fit_discrete(rows(seed, 60, numeric=numeric), "next.v", ("cause", "action"), VALUES, kind)
    for action in ("a", "b", "never"):
        shares = learner.distribution({"cause": 0.3 if numeric else "x", "action": action})
        assert sum(shares) == pytest.approx(1)
        assert min(shares) > 0


def test_a_table_is_the_frequencies_drawn_to_the_actions() -> None:
    given_ = rows(0)
    learner = fit_discrete(given_, "next.v", ("cause", "action"), VALUES, "2.0")
    mask = (given_.columns["cause"] == "y") & (given_.columns["action"] == "b")
    counts = np.array([(given_.columns["next.v"][mask] == value).sum() for value in VALUES])
    of = given_.columns["next.v"][given_.columns["action"] == "b"]
    prior = np.array([(of == value).sum() + 1 / 3 for value in VALUES])
    wanted = (counts + 2 * prior / prior.sum()) / (counts.sum() + 2)
    assert np.allclose(learner.distribution({"cause": "y", "action": "b"}), wanted)


@pytest.mark.parametrize("numeric", [True, False])
def test_a_regression_is_scikit_learns_by_action(numeric: bool) -> None:  # noqa: FBT001  a case
    given_ = rows(1, numeric=numeric)
    learner = fit_discrete(given_, "next.v", ("cause", "action"), VALUES, "logistic")
    mask = given_.columns["action"] == "a"
    cause = given_.columns["cause"]
    x = ((cause - cause.mean()) / cause.std())[:, None] if numeric else np.column_stack([cause == "y", cause == "z"])
    model = LogisticRegression(C=1.0, max_iter=1000).fit(x[mask].astype(float), given_.columns["next.v"][mask])
    at = int(np.flatnonzero(mask)[0])
    wanted = dict(zip(model.classes_, model.predict_proba(x[[at]].astype(float))[0], strict=True))
    shares = learner.distribution({"cause": cause[at], "action": "a"})
    assert np.allclose(shares, [wanted[value] for value in VALUES], atol=0.01)


def test_a_value_or_an_action_that_never_came_has_its_prior_only() -> None:
    given_ = rows(2)
    kept = given_.some(~((given_.columns["action"] == "a") & (given_.columns["next.v"] == "high")))
    learner = fit_discrete(kept, "next.v", ("cause", "action"), VALUES, "logistic")
    assert learner.distribution({"cause": "x", "action": "a"})[2] < 0.001
    one = kept.some(kept.columns["next.v"] == "low")
    assert fit_discrete(one, "next.v", ("cause",), VALUES, "logistic").distribution({"cause": "x"})[0] > 0.98


@pytest.mark.parametrize("kind", ["ridge", "0.5"])
def test_means_are_found(kind: str) -> None:
    learner = fit_numeric(rows(3, 4000), "next.n", ("cause", "action"), kind)
    assert learner.mean({"cause": "x", "action": "a"}) == pytest.approx(0, abs=0.1)
    assert learner.mean({"cause": "y", "action": "b"}) == pytest.approx(2.5, abs=0.1)
    assert learner.mean({"cause": "x", "action": "never"}) == pytest.approx(
        learner.mean({"cause": "x", "action": "never"})
    )


def test_a_ridge_follows_a_number() -> None:
    learner = fit_numeric(rows(4, 4000, numeric=True), "next.n", ("cause", "action"), "ridge")
    assert learner.mean({"cause": 2.0, "action": "a"}) == pytest.approx(2.0, abs=0.15)


@settings(max_examples=15)
@given(st.integers(0, 2**31), st.sampled_from(["0.5", "logistic"]))
def test_a_weight_of_two_is_a_row_twice(seed: int, kind: str) -> None:
    given_ = rows(seed, 50)
    weights = np.random.default_rng(seed).integers(0, 3, 50)
    twice = given_.some(np.repeat(np.arange(50), weights))
    inputs = ("cause", "action")
    one = fit_discrete(given_.weighted(weights.astype(float)), "next.v", inputs, VALUES, kind)
    other = fit_discrete(twice, "next.v", inputs, VALUES, kind)
    for cause in set(twice.columns["cause"].tolist()):
        asked = {"cause": cause, "action": "a"}
        assert np.allclose(one.distribution(asked), other.distribution(asked), atol=5e-3)
