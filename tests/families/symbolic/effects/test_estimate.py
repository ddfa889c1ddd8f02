from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from proveout.errors import FactInvalid
from proveout.families.symbolic.effects import Question, estimate_effect
from proveout.families.symbolic.effects._design import columns_of

NHEFS = ("sex", "race", "age", "education", "smokeintensity", "smokeyrs", "exercise", "active", "wt71")


def confounded(rows: int = 600, *, strength: float = 1.0) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=rows), rng.integers(0, 2, rows)
    t = (rng.random(rows) < 1 / (1 + np.exp(-strength * x))).astype(int)
    return {"x": x, "t": t, "w": w, "y": t + x + rng.normal(size=rows)}


ASKED = Question(treatment="t", outcome="y", causes=("x",))


def test_an_effect_says_all_that_it_stands_on() -> None:
    found = estimate_effect(confounded(), ASKED, resamples=50, runs=10)
    assert found.low < 1 < found.high
    assert (found.n, found.adjusted, found.target, found.method) == (600, ("x",), "ate", "regression")
    assert [one.name for one in found.refutations][:2] == ["placebo treatment", "random common cause"]
    assert found.overlap is not None
    assert found.warnings == ()
    assert "E_z" in found.estimand


def test_equal_input_gives_equal_bytes() -> None:
    one, other = (msgspec.json.encode(estimate_effect(confounded(), ASKED, resamples=20, runs=5)) for _ in range(2))
    assert one == other


def test_poor_overlap_is_said() -> None:
    found = estimate_effect(confounded(strength=9.0), ASKED, "weighting", resamples=20, runs=0)
    assert any(one.startswith("poor overlap") for one in found.warnings)


def test_a_weak_instrument_is_said() -> None:
    found = estimate_effect(
        confounded(), Question(treatment="t", outcome="y", instruments=("w",)), "instrument", runs=0
    )
    assert found.warnings[0].startswith("weak instrument")


@pytest.mark.parametrize(
    ("method", "question"),
    [
        ("instrument", ASKED),
        ("instrument", Question(treatment="t", outcome="y", instruments=("w",), target="att")),
        ("double machine learning", Question(treatment="t", outcome="y", causes=("x",), target="att")),
        ("magic", ASKED),
    ],
)
def test_a_method_that_cannot_is_refused(method: str, question: Question) -> None:
    with pytest.raises(FactInvalid):
        estimate_effect(confounded(), question, method)


def numbers(path: Path, names: tuple[str, ...]) -> dict[str, list[float]]:
    return {name: [float(value) for value in column] for name, column in columns_of(path).items() if name in names}


@pytest.fixture
def nhefs(shared_data: Path) -> dict[str, list[float]]:
    table = numbers(shared_data / "causal_tables" / "nhefs_complete.csv", ("qsmk", "wt82_71", *NHEFS))
    squares = ("age", "smokeintensity", "smokeyrs", "wt71")
    return {**table, **{f"{name} squared": [value**2 for value in table[name]] for name in squares}}


@pytest.mark.data
def test_weight_gain_after_smoking(nhefs: dict[str, list[float]]) -> None:
    """2.5 kg as observed; Hernan and Robins (2020, chapters 12 and 13) adjust to 3.4 and 3.5."""
    naive = estimate_effect(nhefs, Question(treatment="qsmk", outcome="wt82_71"), "difference", runs=0)
    assert naive.value == pytest.approx(2.54, abs=0.01)
    causes = tuple(name for name in nhefs if name not in ("qsmk", "wt82_71"))
    asked = Question(treatment="qsmk", outcome="wt82_71", causes=causes, categories=("education", "exercise", "active"))
    for method in ("regression", "weighting"):
        found = estimate_effect(nhefs, asked, method, runs=0, resamples=100)
        assert found.value == pytest.approx(3.45, abs=0.1)
        assert found.low > naive.value - 0.5


@pytest.mark.data
def test_the_experiment_on_job_training(shared_data: Path) -> None:
    found = estimate_effect(
        shared_data / "causal_tables" / "nsw_mixtape.csv",
        Question(treatment="treat", outcome="re78"),
        "difference",
        runs=0,
    )
    assert found.value == pytest.approx(1794.34, abs=0.01)
    assert found.low < 500
    assert found.high > 3000
