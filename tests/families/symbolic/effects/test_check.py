from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proveout.families.symbolic.effects import (
    Case,
    ConsequenceModel,
    Verdict,
    check_plan,
    fit_consequences,
    plan,
    read_consequences,
)
from proveout.testing._cases import AMOUNT, EVIDENCE, FLAG, HISTORY, OFFERED, RefundDesk

states = st.fixed_dictionaries(
    {
        name: st.sampled_from(of)
        for name, of in [("history", HISTORY), ("amount", AMOUNT), ("evidence", EVIDENCE), ("offered", OFFERED)]
    },
    optional={"flag": st.sampled_from(FLAG)},
)

SEEN = {"history": "bad", "amount": "small", "evidence": "unasked", "offered": "no"}


def proofs(state: Mapping[str, Any], action: str) -> dict[str, Any] | None:
    verdict = RefundDesk(0).rules(state, action)
    return verdict.proof if verdict.status == "allowed" else None


def plain(proof: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(proof))
    return found


@settings(max_examples=8)
@given(states, st.integers(1, 2), st.integers(0, 20))
def test_every_plan_is_accepted(
    desk_model: ConsequenceModel, desk_body: dict[str, Any], state: dict[str, str], depth: int, least: int
) -> None:
    found = plan(desk_model, state, RefundDesk(0).rules, depth=depth, least=least)
    assert check_plan(plain(found.proof()), desk_body, proofs) == []


def test_plans_over_numbers_are_accepted(
    table: dict[str, Any], confounded: Callable[[int, int], list[Case]], tmp_path: Path
) -> None:
    model = fit_consequences(read_consequences(table), confounded(0, 200), replicas=0)
    model.save(tmp_path)
    body = json.loads((tmp_path / "consequences.json").read_text())["model"]
    found = plan(model, {"level": 1.5}, lambda *_: Verdict("allowed", {"kind": "test"}), depth=2)
    assert check_plan(plain(found.proof()), body, lambda *_: {"kind": "test"}) == []


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [(*path, key) for key, _ in inner] + [place for key, one in inner for place in places(one, (*path, key))]


def another(value: Any, rng: random.Random) -> Any:
    """A value of the same type that is another."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + rng.choice([-1, 0.5, 1, 1e-6 * max(1.0, abs(value))])
    if isinstance(value, str):
        return rng.choice(
            [one for one in ["approve", "refuse", "escalate", "kept", "strong", "allowed", value + "x"] if one != value]
        )
    if isinstance(value, list):
        return value[1:] if rng.random() < 0.5 and value else [*value, value[0] if value else {}]
    if isinstance(value, dict):
        return {**value, "more": 1} if not value or rng.random() < 0.5 else dict(list(value.items())[1:])
    return {"kind": "rule"}


def mutated(proof: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """One part dropped, altered, repeated, or swapped with another."""
    found = copy.deepcopy(proof)
    everywhere = [
        place
        for place in places(found)
        if place != ("least",)
        and not ("pruned" in place and place[-1] in {"reason", "status", "proof", "kind", "rule"})
    ]
    *path, last = rng.choice(everywhere)
    inner: Any = found
    for key in path:
        inner = inner[key]
    if rng.random() < 0.25 and isinstance(inner, dict):
        del inner[last]
    elif rng.random() < 0.25 and isinstance(inner, list):
        inner.append(inner[last])
    else:
        inner[last] = another(inner[last], rng)
    return found


@pytest.mark.parametrize("amount", ["small", "large"])
def test_no_altered_plan_is_accepted(desk_model: ConsequenceModel, desk_body: dict[str, Any], amount: str) -> None:
    """Left as they are: what a pruned action's verdict says, since that none allows it is found again; and ``least``.

    With another least support the same plan may be best again, which is then a true claim.
    """
    state = {**SEEN, "amount": amount}
    depth_one = plain(plan(desk_model, state, RefundDesk(0).rules, depth=1).proof())
    two = plain(plan(desk_model, state, RefundDesk(0).rules, depth=2).proof())
    rng = random.Random(0)
    for proof, times in [(depth_one, 120), (two, 15)]:
        for _ in range(times):
            changed = mutated(proof, rng)
            assert changed != proof
            assert check_plan(changed, desk_body, proofs) != []


def test_other_rules_or_another_model_are_noticed(desk_model: ConsequenceModel, desk_body: dict[str, Any]) -> None:
    proof = plain(plan(desk_model, SEEN, RefundDesk(0).rules, depth=1).proof())
    assert check_plan(proof, desk_body, lambda *_: None) != []
    other = copy.deepcopy(desk_body)
    other["spec"]["reward"]["result"]["kept"] = 61
    assert check_plan(proof, other, proofs) != []


NAMES = st.sampled_from(["kind", "step", "depth", "least", "state", "action", "follows"])
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["kind", "step", "depth", "least"]), json_values | st.just("plan")))
def test_any_object_is_answered(desk_body: dict[str, Any], proof: dict[str, Any]) -> None:
    assert check_plan(proof, desk_body, proofs)
