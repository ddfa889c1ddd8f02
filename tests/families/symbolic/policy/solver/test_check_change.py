from __future__ import annotations

import copy
import json
from pathlib import Path
from random import Random
from typing import Any

import pytest

from proveout.families.symbolic.policy import (
    Policy,
    _check_change,
    _check_domain,
    _check_language,
    _check_logic,
    _check_units,
)
from proveout.families.symbolic.policy._check_change import check_counterfactual
from proveout.families.symbolic.policy._counterfactual import Change, NoChange, smallest_change
from proveout.families.symbolic.policy._dump import policy_to_json
from proveout.families.symbolic.policy._reasoner import Reasoner

LATE = {"reason": "changed_mind", "category": "clothing", "days_since_delivery": 40}


@pytest.fixture(scope="module")
def reasoner(desk: Policy) -> Reasoner:
    return Reasoner(desk)


@pytest.fixture(scope="module")
def plain(desk: Policy) -> dict[str, Any]:
    return policy_to_json(desk)


def proof_of(reasoner: Reasoner, facts: dict[str, Any]) -> dict[str, Any]:
    found = smallest_change(reasoner, facts, "approve")
    assert isinstance(found, Change | NoChange)
    proof: dict[str, Any] = json.loads(json.dumps(found.proof))
    assert proof == found.proof
    return proof


def altered(proof: dict[str, Any], **parts: Any) -> dict[str, Any]:
    return {**copy.deepcopy(proof), **parts}


def test_every_altered_part_is_found(reasoner: Reasoner, plain: dict[str, Any]) -> None:
    proof = proof_of(reasoner, LATE)
    assert check_counterfactual(proof, plain) == []
    wrong = [
        altered(proof, kind="other"),
        altered(proof, policy={"name": "refund-desk", "version": 2}),
        altered(proof, wanted="perhaps"),
        altered(proof, wanted="refuse"),
        altered(proof, change=None),
        altered(proof, change={}),
        altered(proof, change={"member": ["none", "silver"]}),
        altered(proof, change={"member": ["silver", "gold"]}),
        altered(proof, change={"member": ["none", "platinum"]}),
        altered(proof, change={"days_since_delivery": [40, 30]}, cost="1"),
        altered(proof, change={**proof["change"], "photo": [False, True]}, cost="2"),
        altered(proof, change={**proof["change"], "photo": [False, False]}),
        altered(proof, change={**proof["change"], "photo": [0, 1]}, cost="2"),
        altered(proof, given={}),
        altered(proof, given={"opened": True}),
        altered(proof, given={"opened": False, "price": 20}),
        altered(proof, given={"opened": False, "member": "gold"}),
        altered(proof, cost="0.5"),
        altered(proof, cost=1),
        altered(proof, weights={}),
        altered(proof, weights={**proof["weights"], "member": "-1"}),
        altered(proof, facts={**proof["facts"], "days_since_delivery": 400}),
        altered(proof, facts={**proof["facts"], "days_since_delivery": 61}),
        altered(proof, facts={**proof["facts"], "colour": "red"}),
        altered(proof, facts={**proof["facts"], "reason": 3}),
        altered(proof, more="parts"),
        {key: value for key, value in proof.items() if key != "cost"},
        {},
    ]
    for mutant in wrong:
        assert check_counterfactual(mutant, plain) != [], mutant


def test_a_claim_that_nothing_helps_is_checked(reasoner: Reasoner, plain: dict[str, Any]) -> None:
    proof = proof_of(reasoner, {**LATE, "opened": True})
    assert proof["change"] is None
    assert check_counterfactual(proof, plain) == []
    for facts in ({"opened": False}, {"days_since_delivery": 3, "opened": False}, {"reason": "wrong_item"}):
        assert check_counterfactual(altered(proof, facts={**proof["facts"], **facts}), plain) != []
    assert check_counterfactual(altered(proof, wanted="escalate"), plain) != []


def test_random_alterations_that_are_accepted_are_true(reasoner: Reasoner, plain: dict[str, Any]) -> None:
    """A mutant is rejected, or it is a proof of another true claim: then the prover's own answer is as good."""
    rng, rejected, proofs = Random(8), 0, [proof_of(reasoner, LATE), proof_of(reasoner, {**LATE, "opened": False})]
    for _ in range(60):
        mutant = copy.deepcopy(rng.choice(proofs))
        before = json.dumps(mutant)
        _mutate(rng, mutant, reasoner)
        if json.dumps(mutant) == before:
            continue
        if check_counterfactual(mutant, plain):
            rejected += 1
            continue
        found = smallest_change(
            reasoner, mutant["facts"] | dict.fromkeys(set(closed_facts(plain)) - set(mutant["facts"])), mutant["wanted"]
        )
        assert isinstance(found, Change)
        assert found.proof["cost"] == mutant["cost"]
    assert rejected >= 25


def closed_facts(plain: dict[str, Any]) -> list[str]:
    return [fact["name"] for fact in plain["facts"] if fact.get("world") == "closed"]


def _mutate(rng: Random, proof: dict[str, Any], reasoner: Reasoner) -> None:
    part = rng.choice(["facts", "facts", "given", "change", "wanted", "cost", "weights"])
    if part in {"wanted", "cost"}:
        proof[part] = rng.choice({"wanted": ["refuse", "ask", "escalate"], "cost": ["0", "2", "0.5"]}[part])
        return
    name = rng.choice(list(proof[part]) or ["photo"])
    values = [cell.sample for cell in reasoner.cells[name].cells if isinstance(cell.sample, bool | int | str)]
    if rng.random() < 0.3:
        proof[part].pop(name, None)
    elif part == "change":
        proof[part][name] = [proof["facts"][name], rng.choice(values)]
    elif part == "weights":
        proof[part][name] = rng.choice(["2", "0", "x"])
    else:
        proof[part][name] = rng.choice(values)


def test_whatever_is_no_proof_is_reported_and_never_raises(reasoner: Reasoner, plain: dict[str, Any]) -> None:
    proof = proof_of(reasoner, LATE)
    junk: Any
    for junk in (None, [], "x", 3.5, {"a": {}}, float("nan")):
        for key in proof:
            assert check_counterfactual(altered(proof, **{key: junk}), plain) != []


def test_the_checker_shares_nothing_with_the_prover() -> None:
    own = {f"proveout.families.symbolic.policy._check_{name}" for name in ("domain", "language", "logic", "units")}
    for module in (_check_change, _check_domain, _check_language, _check_logic, _check_units):
        source = Path(str(module.__file__)).read_text(encoding="utf-8")
        imported = {line.split()[1] for line in source.splitlines() if line.strip().startswith("from proveout")}
        assert imported <= own
        assert source.count("\n") < 200
