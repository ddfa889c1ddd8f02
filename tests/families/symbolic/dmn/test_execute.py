from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from proveout.errors import DecisionModelInvalid
from proveout.families.symbolic.dmn import decide, feel, from_json


def model_of(*decisions: dict[str, Any], inputs: tuple[str, ...] = (), **rest: Any) -> Any:
    return from_json(
        {"model": "m", "inputs": [{"name": name} for name in inputs], "decisions": list(decisions), **rest}
    )


def near(found: Any, expected: Any) -> bool:
    if isinstance(found, float) or isinstance(expected, float):
        return bool(abs(found - expected) <= 1e-8)
    return bool(found == expected and type(found) is type(expected))


@pytest.mark.data
def test_every_case_of_the_conformance_kit_passes(shared_data: Path) -> None:
    folder = shared_data / "dmn_rules"
    lines = (folder / "models.jsonl").read_text(encoding="utf-8").splitlines()
    models = {model.name: model for model in map(from_json, map(json.loads, lines))}
    cases = [json.loads(line) for line in (folder / "cases.jsonl").read_text(encoding="utf-8").splitlines()]
    missed = [
        case
        for case in cases
        if not near(decide(models[case["model"]], case["decision"], case["inputs"]).value, case["expected"])
    ]
    assert len(cases) == 98
    assert missed == []


def test_a_decision_sees_what_it_requires_and_nothing_else() -> None:
    model = model_of(
        {"name": "first", "requires": ["a"], "logic": {"feel": "a + 1"}},
        {"name": "second one", "requires": ["first"], "logic": {"feel": "first * 2"}},
        {"name": "blind", "logic": {"feel": "a"}},
        inputs=("a",),
    )
    assert decide(model, "second one", {"a": 2}).value == 6
    blind = decide(model, "blind", {"a": 2})
    assert (blind.value, blind.errors) == (None, ("no 'a' is in scope",))


def test_the_proof_has_each_decision_once_after_what_it_needs() -> None:
    diamond = [
        {"name": "top", "requires": ["left", "right"], "logic": {"feel": "left + right"}},
        {"name": "left", "requires": ["base"], "logic": {"feel": "base + 1"}},
        {"name": "right", "requires": ["base"], "logic": {"feel": "base + 2"}},
        {"name": "base", "logic": {"feel": "10"}},
        {"name": "other", "logic": {"feel": "1"}},
    ]
    proof = decide(model_of(*diamond), "top", {}).proof
    assert [one["name"] for one in proof["decisions"]] == ["base", "left", "right", "top"]
    assert proof["value"] == 23
    assert json.loads(json.dumps(proof)) == proof


@pytest.mark.parametrize("size", [1, 2, 50])
def test_a_circle_of_requirements_is_refused_by_name(size: int) -> None:
    circle = [{"name": f"d{at}", "requires": [f"d{(at + 1) % size}"], "logic": {"feel": "1"}} for at in range(size)]
    with pytest.raises(DecisionModelInvalid) as refused:
        model_of(*circle)
    assert "circle" in refused.value.what
    assert refused.value.about.startswith("d")


def test_a_long_chain_of_requirements_is_fine() -> None:
    chain = [{"name": "d0", "logic": {"feel": "0"}}]
    chain += [
        {"name": f"d{at}", "requires": [f"d{at - 1}"], "logic": {"feel": f"d{at - 1} + 1"}} for at in range(1, 1500)
    ]
    assert decide(model_of(*reversed(chain)), "d1499", {}).value == 1499


def test_missing_and_misspelt_inputs() -> None:
    model = model_of({"name": "d", "requires": ["age"], "logic": {"feel": "age > 1"}}, inputs=("age",))
    found = decide(model, "d", {"aeg": 5})
    assert found.value is None
    assert found.errors == ("'aeg' is no input of the model; did you mean 'age'?",)
    with pytest.raises(DecisionModelInvalid, match="did you mean 'd'"):
        decide(model, "dd", {})


def test_an_input_of_another_type_is_null_with_a_reason() -> None:
    data = {"model": "m", "inputs": [{"name": "n", "type": "number"}, {"name": "d", "type": "date"}]}
    made = [{"name": "r", "requires": ["n", "d"], "logic": {"feel": "[n, d]"}}]
    model = from_json({**data, "decisions": made})
    assert decide(model, "r", {"n": 1, "d": "2024-02-29"}).value == [1, "2024-02-29"]
    found = decide(model, "r", {"n": "1", "d": "2023-02-29"})
    assert found.value == [None, None]
    assert len(found.errors) == 2
    assert decide(model, "r", {"n": [4], "d": None}).value == [4, None]


def test_values_that_cannot_be_held() -> None:
    model = model_of({"name": "d", "requires": ["x"], "logic": {"feel": "x"}}, inputs=("x",))
    deep: Any = []
    for _ in range(300):
        deep = [deep]
    assert decide(model, "d", {"x": deep}).value is None
    assert decide(model, "d", {"x": float("inf")}).errors
    assert decide(model, "d", {"x": float("nan")}).value is None
    assert decide(model, "d", {"x": 1.0}).value == 1
    grown = "for i in 1..60 return if i = 1 then [1, 1] else [partial[-1], partial[-1]]"
    found = decide(model_of({"name": "d", "logic": {"feel": grown}}), "d", {})
    assert found.value is None
    with pytest.raises(DecisionModelInvalid, match="cannot be used"):
        feel(grown)


def test_same_inputs_give_the_same_bytes() -> None:
    model = model_of({"name": "d", "requires": ["x"], "logic": {"feel": "{a: x / 3, b: [x]}"}}, inputs=("x",))
    first, second = (json.dumps(decide(model, "d", {"x": 1}).proof) for _ in range(2))
    assert first == second
    assert "0.3333333333333333333333333333333333" in first


def test_knowledge_models_call_each_other_and_themselves() -> None:
    even = {"parameters": ["n"], "body": {"feel": "if n = 0 then true else is odd(n - 1)"}}
    odd = {"parameters": ["n"], "body": {"feel": "if n = 0 then false else is even(n - 1)"}}
    knowledge = [{"name": "is even", "logic": even}, {"name": "is odd", "logic": odd}]
    decision = {"name": "d", "requires": ["x"], "logic": {"feel": "is even(x)"}}
    model = model_of(decision, inputs=("x",), business_knowledge=knowledge)
    assert decide(model, "d", {"x": 10}).value is True
    endless = decide(model, "d", {"x": -1})
    assert endless.value is None
    assert any("deep" in why for why in endless.errors)


def test_boxed_expressions() -> None:
    logic = {
        "context": [
            {"name": "rows", "value": {"relation": {"columns": ["k", "v"], "rows": [[{"feel": "1"}, {"feel": "2"}]]}}},
            {"name": "twice", "value": {"parameters": ["n"], "body": {"feel": "n * 2"}}},
            {"name": "list", "value": {"list": [{"feel": "1"}, {"invoke": {"feel": "twice"}, "bindings": [
                {"parameter": "n", "value": {"feel": "rows[1].v"}}]}]}},
            {"name": "if", "value": {"if": {"feel": "true"}, "then": {"feel": "1"}, "else": {"feel": "2"}}},
            {"name": "for", "value": {"for": "i", "in": {"feel": "list"}, "body": {"feel": "i + 1"}}},
            {"name": "some", "value": {"some": "i", "in": {"feel": "list"}, "body": {"feel": "i > 3"}}},
            {"name": "every", "value": {"every": "i", "in": {"feel": "list"}, "body": {"feel": "i > 3"}}},
            {"name": "kept", "value": {"filter": "item", "in": {"feel": "rows"}, "body": {"feel": "v = 2"}}},
        ]
    }  # fmt: skip
    found = decide(model_of({"name": "d", "logic": logic}), "d", {})
    assert found.errors == ()
    assert found.value == {
        "rows": [{"k": 1, "v": 2}],
        "twice": "function(n)",
        "list": [1, 4],
        "if": 1,
        "for": [2, 5],
        "some": True,
        "every": False,
        "kept": [{"k": 1, "v": 2}],
    }


@pytest.mark.parametrize(
    ("bindings", "why"),
    [([{"parameter": "z", "value": {"feel": "1"}}], "its parameters are n"), ([], None)],
)
def test_an_invocation_with_other_parameters_is_null(bindings: list[Any], why: str | None) -> None:
    knowledge = [{"name": "k", "logic": {"parameters": ["n"], "body": {"feel": "n = null"}}}]
    decision = {"name": "d", "logic": {"invoke": {"feel": "k"}, "bindings": bindings}}
    found = decide(model_of(decision, business_knowledge=knowledge), "d", {})
    assert found.value is (None if why else True)
    assert (why is None) or why in found.errors[0]
    assert decide(model_of({"name": "d", "logic": {"invoke": {"feel": "1"}}}), "d", {}).value is None
