"""A refund desk, its model, and a small declaration."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from proveout.families.symbolic.effects import (
    Case,
    ConsequenceModel,
    Event,
    fit_consequences,
    read_consequences,
)
from proveout.testing._cases import RefundDesk


@pytest.fixture(scope="session")
def desk() -> RefundDesk:
    return RefundDesk(7)


@pytest.fixture(scope="session")
def desk_cases(desk: RefundDesk) -> list[Case]:
    return desk.cases(800)


@pytest.fixture(scope="session")
def desk_model(desk: RefundDesk, desk_cases: list[Case]) -> ConsequenceModel:
    return fit_consequences(read_consequences(desk.declaration()), desk_cases, replicas=3)


@pytest.fixture(scope="session")
def desk_body(desk_model: ConsequenceModel, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The saved model, as a checker reads it."""
    folder: Path = tmp_path_factory.mktemp("desk")
    desk_model.save(folder)
    body: dict[str, Any] = json.loads((folder / "consequences.json").read_text(encoding="utf-8"))["model"]
    return body


@pytest.fixture
def table() -> dict[str, Any]:
    """A declaration with an unmeasured cause of state and outcome, and a number that moves."""
    return {
        "actions": ["wait", "act"],
        "safe": "wait",
        "seen": ["sign"],
        "hidden": {"cause": []},
        "state": {"sign": {"values": ["bad", "good"], "parents": ["cause"]}, "level": {}},
        "after": {
            "end": {"values": ["lost", "open", "won"], "parents": ["cause", "action"], "monotone": True},
            "level": {"parents": ["level", "action"]},
        },
        "reward": {"end": {"won": 10, "lost": -10}, "level": 0.5},
        "ends": {"end": ["lost", "won"]},
    }


@pytest.fixture(scope="session")
def confounded() -> Callable[[int, int], list[Case]]:
    return _confounded


def _confounded(seed: int, number: int) -> list[Case]:
    """Acting does nothing; whoever acted did so where the sign was good, which is where things end well anyway."""
    rng = np.random.default_rng(seed)
    cases = []
    for at in range(number):
        sign = "good" if rng.random() < 0.5 else "bad"
        action = "act" if rng.random() < {"good": 0.85, "bad": 0.15}[sign] else "wait"
        end = rng.choice(["lost", "open", "won"], p=[0.1, 0.1, 0.8] if sign == "good" else [0.8, 0.1, 0.1])
        level = float(rng.normal())
        after: dict[str, Any] = {"end": str(end), "level": level + (action == "act") + float(rng.normal(scale=0.5))}
        cases.append(Case(str(at), (Event({"sign": sign, "level": level}, action, after),)))
    return cases
