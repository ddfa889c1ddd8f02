from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proveout.families.symbolic.dmn import check_model, decide, decision_table_rules, from_json


def model_of(tests: list[list[str]], policy: str = "UNIQUE", **rest: Any) -> Any:
    names = [f"x{at}" for at in range(len(tests[0]))]
    rules = [{"if": cells, "then": [str(at)]} for at, cells in enumerate(tests)]
    made = {"hit_policy": policy, "inputs": [{"expression": name, **rest} for name in names], "outputs": [{}]}
    logic = {"decision_table": {**made, "rules": rules}}
    inputs = [{"name": name} for name in names]
    return from_json({"inputs": inputs, "decisions": [{"name": "d", "requires": names, "logic": logic}]})


def kinds(model: Any) -> list[tuple[str, tuple[int, ...]]]:
    return [(one.kind, one.rules) for one in check_model(model)]


@pytest.mark.parametrize(
    ("tests", "policy", "found"),
    [
        ([["<18"], [">=18"]], "UNIQUE", []),
        ([["<18"], [">18"]], "UNIQUE", [("gap", ())]),
        ([["<=18"], [">=18"]], "UNIQUE", [("overlap", (1, 2))]),
        ([["<=18"], [">=18"]], "COLLECT", []),
        ([["<=18"], [">=19"]], "UNIQUE", [("gap", ())]),
        ([["true"], ["false"]], "UNIQUE", []),
        ([["true"]], "UNIQUE", [("gap", ())]),
        ([['"a"'], ['not("a")']], "UNIQUE", []),
        ([["-"], ["5"]], "FIRST", [("unreachable", (2,))]),
        ([["<5"], ["<10"], ["7"], ["-"]], "FIRST", [("unreachable", (3,))]),
        ([["-"], ["(5..5)"]], "COLLECT", [("unreachable", (2,))]),
        ([['< date("2024-01-01")'], ['>= date("2024-01-01")']], "UNIQUE", []),
        ([["<5", "-"], [">=5", "<1"], [">=5", ">=1"]], "UNIQUE", []),
        ([["<5", "-"], [">=5", "<1"], [">4", ">=1"]], "UNIQUE", [("overlap", (1, 3))]),
        ([["x0 + 1"]], "UNIQUE", [("not checked", ())]),
        ([["1"], ['"a"']], "UNIQUE", [("not checked", ())]),
        ([["-"]], "UNIQUE", []),
    ],
)
def test_findings(tests: list[list[str]], policy: str, found: list[Any]) -> None:
    assert kinds(model_of(tests, policy)) == found


def test_allowed_values_types_and_names() -> None:
    assert kinds(model_of([['"a"'], ['"b"']], allowed='"a", "b"')) == []
    assert kinds(model_of([['"a"'], ['"b"'], ['"c"']], allowed='"a", "b"')) == [("unreachable", (3,))]
    assert [one[0] for one in kinds(model_of([["5"], ["-"]], type="string", policy="FIRST"))] == ["type"]
    wrong = from_json({"decisions": [{"name": "d", "logic": {"feel": "nowhere + 1"}}]})
    (found,) = check_model(wrong)
    assert (found.kind, found.decision) == ("unknown name", "d")
    assert "nowhere" in found.what


cells = st.sampled_from(["-", "<1", ">=1", "[0..2]", "1", "2", "not(1)", "(0..1)", "1, 2", ">2"])


@settings(max_examples=60)
@given(st.lists(st.lists(cells, min_size=2, max_size=2), min_size=1, max_size=5))
def test_witnesses_show_what_they_are_witnesses_of(tests: list[list[str]]) -> None:
    model, all_of_them = model_of(tests), model_of(tests, "COLLECT")
    found = check_model(model)
    for one in found:
        if one.kind == "overlap":
            assert set(one.rules) <= {at + 1 for at in decide(all_of_them, "d", one.witness).value}
            assert decide(model, "d", one.witness).value is None
        if one.kind == "gap":
            assert decide(all_of_them, "d", one.witness).value == []
    grid = [-1, 0, 0.5, 1, 1.5, 2, 3]
    met = [decide(all_of_them, "d", {"x0": a, "x1": b}).value for a in grid for b in grid]
    assert any(len(rules) > 1 for rules in met) == any(one.kind == "overlap" for one in found)
    assert any(not rules for rules in met) == any(one.kind == "gap" for one in found)
    reached = {at + 1 for rules in met for at in rules}
    assert {one.rules[0] for one in found if one.kind == "unreachable"} == set(range(1, len(tests) + 1)) - reached


def test_a_table_too_large_to_look_at_says_so() -> None:
    tests = [["-"] * at + ["1", "2, 3, 4"] + ["-"] * (10 - at) for at in range(11)]
    assert "not checked" in [one.kind for one in check_model(model_of(tests))]


def test_rules_as_plain_data() -> None:
    logic = model_of([["<5", "-"], ['not("a")', "1, 2"], ["-", "-"]]).decisions[0].logic
    shown = decision_table_rules(logic)
    assert [one["condition"] for one in shown] == ["x0 in (<5)", 'not(x0 in ("a")) and x1 in (1, 2)', "true"]
    assert [one["rule"] for one in shown] == [1, 2, 3]
    assert shown[0]["outputs"] == {"output 1": "0"}
