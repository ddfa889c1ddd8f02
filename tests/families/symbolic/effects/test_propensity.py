from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from proveout.families.symbolic.effects._design import Design
from proveout.families.symbolic.effects._propensity import RIDGE, overlap, propensity, weights


def design(seed: int, rows: int = 400, strength: float = 1.0) -> Design:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 3))
    treated = (rng.random(rows) < 1 / (1 + np.exp(-np.clip(strength * x[:, 0], -500, 500)))).astype(float)
    return Design(x[:, 0], treated, x, np.zeros((rows, 0)), ("a", "b", "c"), "ate")


@settings(max_examples=20)
@given(st.integers(0, 2**31), st.floats(0, 6))
def test_it_is_the_fit_of_scikit_learn(seed: int, strength: float) -> None:
    one = design(seed, strength=strength)
    model = LogisticRegression(C=1 / RIDGE, max_iter=5000, tol=1e-10).fit(one.causes, one.treated)
    assert np.allclose(propensity(one), model.predict_proba(one.causes)[:, 1], atol=2e-4)


def test_it_converges_where_the_arms_are_separated() -> None:
    one = design(0, strength=500.0)
    p = propensity(one)
    assert p[one.treated == 1].min() > p[one.treated == 0].max() - 0.5
    assert np.isfinite(p).all()


@given(st.integers(0, 2**31), st.sampled_from(["ate", "att"]))
def test_weights_of_each_arm_add_up_to_one(seed: int, target: str) -> None:
    one = msgspec.structs.replace(design(seed, 60), target=target)
    found = weights(one, propensity(one))
    assert found[one.treated == 1].sum() == pytest.approx(1)
    assert found[one.treated == 0].sum() == pytest.approx(1)
    assert (found >= 0).all()


def test_good_overlap_warns_of_nothing_and_poor_overlap_does() -> None:
    good, poor = overlap(design(1, 2000, 0.5)), overlap(design(1, 2000, 8.0))
    assert good.warnings((1000, 1000), "ate") == []
    assert good.imbalance > good.imbalance_weighted
    assert any(one.startswith("poor overlap") for one in poor.warnings((1000, 1000), "ate"))


def test_without_causes_the_arms_are_as_they_are() -> None:
    one = msgspec.structs.replace(design(2), causes=np.zeros((400, 0)), names=())
    assert overlap(one).imbalance == 0.0
    assert np.allclose(propensity(one), one.treated.mean())
