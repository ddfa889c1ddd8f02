from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proveout.errors import ExtraMissing, FactInvalid
from proveout.families.symbolic.effects._design import Design, Question, design_of
from proveout.families.symbolic.effects._methods import bootstrap, effect_methods

OURS = ["difference", "regression", "weighting", "instrument"]
LIBRARY = ["doubly robust", "double machine learning"]
EFFECT = 2.0


def draw(rng: np.random.Generator, rows: int) -> dict[str, Any]:
    """Causes that confound, an instrument, an effect of 2 for all: and one of 1 + x, of mean 1, in ``varied``."""
    x, z = rng.normal(size=rows), rng.integers(0, 2, rows)
    drawn = rng.integers(0, 2, rows)
    treated = (rng.random(rows) < 1 / (1 + np.exp(-(0.8 * x + 0.6 * z - 0.9 + 0.9 * drawn)))).astype(int)
    base = x + z + rng.normal(size=rows)
    return {
        "x": x,
        "z": z,
        "drawn": drawn,
        "t": treated,
        "y": EFFECT * treated + base,
        "varied": (1 + x) * treated + base,
        "lot": EFFECT * drawn + base,
    }


def question(method: str, **changed: Any) -> Question:
    needs: dict[str, Any] = {"treatment": "t", "outcome": "y", "causes": ("x", "z")}
    if method == "instrument":
        needs |= {"causes": (), "instruments": ("drawn",)}
    if method == "difference":
        needs |= {"treatment": "drawn", "outcome": "lot", "causes": ()}
    return Question(**{**needs, **changed})


@pytest.mark.parametrize("method", OURS)
def test_a_known_effect_is_found(method: str) -> None:
    design = design_of(draw(np.random.default_rng(0), 6000), question(method))
    value, low, high = effect_methods.create(method).estimate(design, 0, 60)
    assert low < value < high
    assert high - low < 1.2
    assert low - 0.1 < EFFECT < high + 0.1


@pytest.mark.parametrize("method", LIBRARY)
def test_the_library_finds_it_too(method: str) -> None:
    pytest.importorskip("econml", reason="the extra causal is not installed")
    design = design_of(draw(np.random.default_rng(0), 4000), question(method))
    value, low, high = effect_methods.create(method).estimate(design, 0, 0)
    assert low < EFFECT < high
    assert effect_methods.create(method).value(design, 0) == value


def test_without_the_extra_the_way_out_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        raise ImportError(name=name)

    monkeypatch.setattr("proveout.families.symbolic.effects._extra.import_module", missing)
    design = design_of(draw(np.random.default_rng(0), 100), question("doubly robust"))
    for method in LIBRARY:
        with pytest.raises(ExtraMissing, match="extra is missing") as raised:
            effect_methods.create(method).estimate(design, 0, 0)
        assert raised.value.fix == 'pip install "proveout[causal]"'


def test_the_naive_difference_is_wrong_and_adjustment_repairs_it() -> None:
    table = draw(np.random.default_rng(1), 6000)
    naive = effect_methods.create("difference").value(design_of(table, question("regression")), 0)
    assert naive > EFFECT + 0.5
    for method in ("regression", "weighting"):
        assert abs(effect_methods.create(method).value(design_of(table, question(method)), 0) - EFFECT) < 0.15


@pytest.mark.parametrize("method", ["regression", "weighting"])
def test_the_treated_have_another_effect_than_all(method: str) -> None:
    table = draw(np.random.default_rng(2), 20000)
    truth = {"ate": 1.0, "att": float(1 + table["x"][table["t"] == 1].mean())}
    assert truth["att"] > 1.2
    for target, effect in truth.items():
        design = design_of(table, question(method, outcome="varied", target=target))
        assert abs(effect_methods.create(method).value(design, 0) - effect) < 0.12


@settings(max_examples=25)
@given(st.integers(0, 2**31), st.floats(-50, 50), st.floats(0.1, 10))
def test_shifting_and_scaling_the_outcome_does_the_same_to_the_effect(seed: int, shift: float, scale: float) -> None:
    table = draw(np.random.default_rng(seed), 200)
    for method in OURS:
        asked = question(method)
        changed = {**table, asked.outcome: shift + scale * table[asked.outcome]}
        one, other = (effect_methods.create(method).value(design_of(of, asked), 0) for of in (table, changed))
        assert other == pytest.approx(scale * one, rel=1e-4, abs=1e-6)


def test_an_interval_is_the_same_every_time_and_changes_with_the_seed() -> None:
    design = design_of(draw(np.random.default_rng(3), 300), question("regression"))
    method = effect_methods.create("regression")
    assert bootstrap(method, design, 5, 30) == bootstrap(method, design, 5, 30)
    assert bootstrap(method, design, 5, 30)[1:] != bootstrap(method, design, 6, 30)[1:]


def test_an_unknown_method_is_answered_with_the_nearest() -> None:
    with pytest.raises(FactInvalid) as raised:
        effect_methods.create("weightin")
    assert raised.value.fix.startswith("did you mean 'weighting'")


def covers(method: str, tables: int, rows: int) -> float:
    chosen, rng = effect_methods.create(method), np.random.default_rng(11)
    hits = 0
    for _ in range(tables):
        design: Design = design_of(draw(rng, rows), question(method))
        _, low, high = chosen.estimate(design, 0, 200)
        hits += low <= EFFECT <= high
    return hits / tables


@pytest.mark.slow
@pytest.mark.parametrize("method", OURS)
def test_the_interval_covers_the_truth_as_often_as_it_says(method: str) -> None:
    """Of 300 tables 95 % are 285; under 91 % or over 98.5 % are 3 standard deviations away."""
    assert 0.91 <= covers(method, 300, 300) <= 0.985


@pytest.mark.slow
@pytest.mark.parametrize("method", LIBRARY)
def test_the_library_covers_it_too(method: str) -> None:
    pytest.importorskip("econml", reason="the extra causal is not installed")
    assert 0.89 <= covers(method, 200, 300) <= 0.99
