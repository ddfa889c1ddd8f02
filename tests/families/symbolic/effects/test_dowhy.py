from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from proveout.errors import ExtraMissing, FactInvalid
from proveout.families.symbolic.effects import Question, estimate_effect, second_opinion


def table(rows: int = 1500) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    x, z, w = rng.normal(size=rows), rng.integers(0, 2, rows), rng.integers(0, 2, rows)
    t = (rng.random(rows) < 1 / (1 + np.exp(-x - z + w))).astype(int)
    return {"x": x, "z": z, "w": w, "t": t, "y": (2 + x) * t + x + z + rng.normal(size=rows)}


@pytest.mark.parametrize(
    ("method", "target", "more"),
    [
        ("regression", "ate", {"causes": ("x", "z")}),
        ("regression", "att", {"causes": ("x", "z")}),
        ("weighting", "ate", {"causes": ("x", "z")}),
        ("weighting", "att", {"causes": ("x", "z")}),
        ("instrument", "ate", {"instruments": ("w",)}),
    ],
)
def test_it_agrees(method: str, target: Any, more: dict[str, Any]) -> None:
    pytest.importorskip("dowhy", reason="the extra causal is not installed")
    asked = Question(treatment="t", outcome="y", target=target, **more)
    ours = estimate_effect(table(), asked, method, runs=0, resamples=5)
    other = second_opinion(table(), asked, method)
    assert other.value == pytest.approx(ours.value, rel=2e-3)


def test_the_graph_gives_the_same_adjustment_and_its_refuters_run() -> None:
    pytest.importorskip("dowhy", reason="the extra causal is not installed")
    edges = (("x", "t"), ("x", "y"), ("z", "t"), ("z", "y"), ("t", "y"), ("w", "t"))
    asked = Question(treatment="t", outcome="y", edges=edges)
    other = second_opinion(table(), asked, "weighting", runs=3)
    assert other.adjusted == estimate_effect(table(), asked, runs=0, resamples=5).adjusted == ("x", "z")
    assert set(other.refutations) == {"placebo treatment", "random common cause", "data subset"}
    assert other.refutations["random common cause"] == pytest.approx(other.value, rel=0.02)
    assert other == second_opinion(table(), asked, "weighting", runs=3)


def test_it_is_asked_only_for_what_it_has() -> None:
    with pytest.raises(FactInvalid, match="no second opinion"):
        second_opinion(table(), Question(treatment="t", outcome="y"), "doubly robust")


def test_without_the_extra_the_way_out_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        raise ImportError(name=name)

    monkeypatch.setattr("proveout.families.symbolic.effects._extra.import_module", missing)
    with pytest.raises(ExtraMissing):
        second_opinion(table(200), Question(treatment="t", outcome="y", causes=("x",)), "regression")
