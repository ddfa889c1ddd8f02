from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from proveout.errors import ArtifactCorrupt, FactInvalid
from proveout.families.symbolic.effects import (
    Case,
    ConsequenceModel,
    fit_consequences,
    load_consequences,
    plan,
    predict,
    read_consequences,
)
from proveout.testing._cases import RefundDesk

SEEN = {"history": "new", "amount": "small", "evidence": "unasked", "offered": "no"}


def test_a_saved_model_is_the_same_model(desk_model: ConsequenceModel, desk: RefundDesk, tmp_path: Path) -> None:
    desk_model.save(tmp_path / "one")
    loaded = load_consequences(tmp_path / "one")
    loaded.save(tmp_path / "two")
    one, two = ((tmp_path / name / "consequences.json").read_bytes() for name in ("one", "two"))
    assert one == two
    assert predict(loaded, SEEN, "approve") == predict(desk_model, SEEN, "approve")
    assert plan(loaded, SEEN, desk.rules) == plan(desk_model, SEEN, desk.rules)


def test_equal_cases_and_seed_give_equal_bytes(tmp_path: Path) -> None:
    spec = read_consequences(RefundDesk(0).declaration())
    for name, seed in [("one", 3), ("two", 3), ("three", 4)]:
        fit_consequences(spec, RefundDesk(1).cases(120), seed=seed, replicas=2).save(tmp_path / name)
    one, two, three = ((tmp_path / name / "consequences.json").read_bytes() for name in ("one", "two", "three"))
    assert one == two != three


@pytest.mark.parametrize("change", ["missing", "cut", "altered", "not json", "no hash"])
def test_a_damaged_model_is_refused(
    desk_body: dict[str, Any], desk_model: ConsequenceModel, tmp_path: Path, change: str
) -> None:
    desk_model.save(tmp_path)
    path = tmp_path / "consequences.json"
    content = path.read_bytes()
    whole = json.loads(content)
    changed = {
        "cut": content[:-20],
        "altered": content.replace(b'"cases":800', b'"cases":801'),
        "not json": b"\xff\x00",
        "no hash": json.dumps({"model": whole["model"]}).encode(),
    }
    if change == "missing":
        path.unlink()
    else:
        path.write_bytes(changed[change])
    with pytest.raises(ArtifactCorrupt):
        load_consequences(tmp_path)


def test_beliefs_are_those_of_first_events(desk_model: ConsequenceModel, desk_cases: list[Case]) -> None:
    assert desk_model.belief({**SEEN, "flag": "clean"}) == [({}, 1.0)]
    found = {of["flag"]: p for of, p in desk_model.belief(SEEN)}
    first = [case.events[0].state for case in desk_cases]
    alike = [state["flag"] for state in first if all(state[name] == value for name, value in SEEN.items())]
    assert found["clean"] == pytest.approx(alike.count("clean") / len(alike))
    unheard = {of["flag"]: p for of, p in desk_model.belief({**SEEN, "evidence": "strong"})}
    assert unheard["clean"] == pytest.approx(sum(state["flag"] == "clean" for state in first) / len(first))


def test_support_counts_the_log(desk_model: ConsequenceModel, desk_cases: list[Case]) -> None:
    events = [event for case in desk_cases for event in case.events]
    wanted = sum(e.action == "approve" and all(e.state[name] == value for name, value in SEEN.items()) for e in events)
    assert desk_model.supported(SEEN, "approve") == wanted > 0


@pytest.mark.parametrize("state", [{"colour": "red"}, {**SEEN, "history": "odd"}])
def test_an_unknown_fact_is_refused(desk_model: ConsequenceModel, state: dict[str, str]) -> None:
    with pytest.raises(FactInvalid):
        desk_model.known(state)
