from __future__ import annotations

import ast
import copy
import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proveout.families.symbolic.dmn import check_dmn, decide, from_json

SOURCE = Path(__file__).resolve().parents[4] / "src" / "proveout" / "families" / "symbolic" / "dmn"
TABLE = {
    "hit_policy": "UNIQUE",
    "inputs": [{"expression": "age", "type": "number"}, {"expression": "risk", "allowed": '"low", "high"'}],
    "outputs": [{"name": "rate", "values_in_priority_order": "1, 2, 3"}, {"name": "why", "default": '"none"'}],
    "rules": [
        {"if": ["<18", "-"], "then": ["1", '"young"']},
        {"if": ["[18..65]", '"low"'], "then": ["2", '"safe"']},
        {"if": [">65, 99", 'not("high")'], "then": ["3", "risk"]},
    ],
}
MODEL: dict[str, Any] = {
    "model": "rates",
    "inputs": [{"name": "age", "type": "number"}, {"name": "risk"}, {"name": "start", "type": "date"}],
    "decisions": [
        {"name": "rate table", "requires": ["age", "risk"], "logic": {"decision_table": TABLE}},
        {
            "name": "fee",
            "requires": ["rate table", "start"],
            "logic": {
                "context": [
                    {"name": "base", "value": {"feel": 'if start > date("2024-01-01") then 10 else 7.5'}},
                    {"name": "part", "value": {"feel": "rate table.rate / 3"}},
                    {"name": None, "value": {"invoke": {"feel": "total"}, "bindings": [
                        {"parameter": "a", "value": {"feel": "base"}},
                        {"parameter": "b", "value": {"feel": "part"}}]}},
                ]
            },
        },
    ],
    "business_knowledge": [{"name": "total", "logic": {"parameters": ["a", "b"], "body": {"feel": "a + max(b, 0)"}}}],
}  # fmt: skip
INPUTS = {"age": 30, "risk": "low", "start": "2024-02-29"}


def proof_of(inputs: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(decide(from_json(MODEL), "fee", inputs).proof))
    return found


def places(part: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    keys = list(part) if isinstance(part, dict) else list(range(len(part))) if isinstance(part, list) else []
    return [path] * bool(path) + [one for key in keys for one in places(part[key], (*path, key))]


def altered(value: Any, rng: random.Random) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return rng.choice([value + 1, -value - 1, str(value), value * 2 + 0.5, None])
    if isinstance(value, str):
        return rng.choice([value + "x", value[:-1] + "~", "", None, 0])
    if isinstance(value, list):
        return rng.choice([[*value, 1], value[1:] if value else [None], None])
    return rng.choice([{}, None, {"a": 1}, 0]) if value else 1


def mutated(proof: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """A copy with one part dropped, altered, swapped with its neighbour, or there twice."""
    found = copy.deepcopy(proof)
    path = rng.choice(places(found))
    holder: Any = found
    for key in path[:-1]:
        holder = holder[key]
    key = path[-1]
    how = rng.choice(["drop", "alter", "alter", "swap", "twice"])
    if how == "drop":
        del holder[key]
    elif how == "swap" and isinstance(holder, list):
        holder[key - 1], holder[key] = holder[key], holder[key - 1]
    elif how == "twice" and isinstance(holder, list):
        holder.insert(key, copy.deepcopy(holder[key]))
    elif how == "twice":
        holder[f"{key} "] = holder[key]
    else:
        holder[key] = altered(holder[key], rng)
    return found


@pytest.mark.parametrize("seed", range(4))
def test_a_mutated_proof_is_rejected(seed: int) -> None:
    rng, tried = random.Random(seed), 0
    accepted = []
    proofs = [(inputs, proof_of(inputs)) for inputs in (INPUTS, INPUTS | {"age": 99}, INPUTS | {"age": 17})]
    assert [check_dmn(proof, MODEL, inputs) for inputs, proof in proofs] == [[], [], []]
    while tried < 600:
        inputs, proof = rng.choice(proofs)
        other = mutated(proof, rng)
        if json.dumps(other, sort_keys=True) != json.dumps(proof, sort_keys=True):
            tried += 1
            if not check_dmn(other, MODEL, inputs):
                accepted.append(other)
    assert accepted == []


def test_a_proof_holds_for_its_own_inputs_and_model_only() -> None:
    proof = proof_of(INPUTS)
    assert check_dmn(proof, MODEL, INPUTS) == []
    assert check_dmn(proof, MODEL, INPUTS | {"age": 31})
    assert check_dmn(proof, MODEL, INPUTS | {"start": "2020-01-01"})
    other = json.loads(json.dumps(MODEL).replace("10 else 7.5", "11 else 7.5"))
    assert check_dmn(proof, other, INPUTS)
    assert check_dmn({}, MODEL, INPUTS)
    assert check_dmn(proof, {}, INPUTS)
    assert check_dmn(proof | {"decision": "none"}, MODEL, INPUTS)


@settings(max_examples=60)
@given(
    st.integers(0, 120),
    st.sampled_from(["low", "high", "other", None]),
    st.dates().map(str),
    st.sampled_from(["UNIQUE", "ANY", "FIRST", "PRIORITY", "OUTPUT ORDER", "RULE ORDER", "COLLECT"]),
)
def test_two_readings_of_a_model_agree(age: int, risk: str | None, start: str, policy: str) -> None:
    decision = {"name": "d", "requires": ["age", "risk"], "logic": {"decision_table": TABLE | {"hit_policy": policy}}}
    model = MODEL | {"decisions": [decision], "business_knowledge": []}
    inputs = {"age": age, "risk": risk, "start": start}
    assert check_dmn(decide(from_json(model), "d", inputs).proof, model, inputs) == []


@pytest.mark.parametrize("text", ["substring(risk, 1)", "for i in [1] return i", "2 ** 2 ** 2", "-age ** 2", "age."])
def test_what_is_not_read_is_said_to_be_unchecked(text: str) -> None:
    proof: dict[str, Any] = {"kind": "dmn", "model": "m", "decision": "d", "decisions": [], "value": None}
    model = {"model": "m", "inputs": MODEL["inputs"], "decisions": [
        {"name": "d", "requires": ["age", "risk"], "logic": {"feel": text}}]}  # fmt: skip
    assert "not checkable" in check_dmn(proof, model, INPUTS)[0]


def test_the_checker_shares_no_code_with_what_it_checks() -> None:
    for name in ("_check.py", "_check_feel.py"):
        text = (SOURCE / name).read_text(encoding="utf-8")
        assert text.count("\n") < 200
        imports = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)]
        own = {node.module for node in imports if (node.module or "").startswith("proveout")}
        assert own <= {"proveout.families.symbolic.dmn._check_feel"}


@pytest.mark.data
def test_proofs_of_the_conformance_kit_are_accepted_and_their_mutations_rejected(shared_data: Path) -> None:
    folder = shared_data / "dmn_rules"
    models = {}
    for line in (folder / "models.jsonl").read_text(encoding="utf-8").splitlines():
        source = json.loads(line)
        models[source["model"]] = (source, from_json(source))
    rng, wrong = random.Random(1), []
    for line in (folder / "cases.jsonl").read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        source, model = models[case["model"]]
        proof = json.loads(json.dumps(decide(model, case["decision"], case["inputs"]).proof))
        assert check_dmn(proof, source, case["inputs"]) == []
        for _ in range(5):
            other = mutated(proof, rng)
            same = json.dumps(other, sort_keys=True) == json.dumps(proof, sort_keys=True)
            if not same and not check_dmn(other, source, case["inputs"]):
                wrong.append((case["model"], other))
    assert wrong == []
