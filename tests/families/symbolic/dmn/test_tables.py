from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.errors import DecisionModelInvalid
from proveout.families.symbolic.dmn import decide, feel, from_json
from proveout.families.symbolic.dmn._tables import bits

RULES = [("<10", '"low"'), ("[5..20]", '"mid"'), (">15", '"high"'), ("100", '"high"')]


def table(rules: list[Any], outputs: list[Any] | None = None, **rest: Any) -> Any:
    made = {"inputs": [{"expression": "x"}], "outputs": outputs or [{}], "rules": rules, **rest}
    return from_json(
        {
            "model": "m",
            "inputs": [{"name": "x"}],
            "decisions": [{"name": "d", "requires": ["x"], "logic": {"decision_table": made}}],
        }
    )


def rows(*pairs: tuple[str, str]) -> list[dict[str, list[str]]]:
    return [{"if": [test], "then": [output]} for test, output in pairs]


@pytest.mark.parametrize(
    ("policy", "x", "value", "why"),
    [
        ("UNIQUE", 2, "low", ""),
        ("UNIQUE", 7, None, "rules 1 and 2 match and the hit policy is UNIQUE"),
        ("U", 12, "mid", ""),
        ("ANY", 7, None, "rules with different outputs"),
        ("ANY", 100, "high", ""),
        ("FIRST", 7, "low", ""),
        ("PRIORITY", 7, "mid", ""),
        ("PRIORITY", 17, "high", ""),
        ("OUTPUT ORDER", 7, ["mid", "low"], ""),
        ("RULE ORDER", 7, ["low", "mid"], ""),
        ("COLLECT", 17, ["mid", "high"], ""),
        ("COLLECT", None, [], ""),
        ("RULE ORDER", None, [], ""),
        ("FIRST", None, None, ""),
    ],
)
def test_hit_policies(policy: str, x: Any, value: Any, why: str) -> None:
    model = table(rows(*RULES), [{"values_in_priority_order": '"high", "mid", "low"'}], hit_policy=policy)
    found = decide(model, "d", {"x": x})
    assert found.value == value
    assert any(why in one for one in found.errors) if why else found.errors == ()


@pytest.mark.parametrize(
    ("aggregation", "x", "value"),
    [("SUM", 5, 6), ("MIN", 5, 1), ("MAX", 5, 3), ("COUNT", 5, 3), ("+", 5, 6), ("#", -1, 0), ("SUM", -1, None)],
)
def test_aggregations(aggregation: str, x: int, value: Any) -> None:
    model = table(rows((">0", "1"), (">1", "2"), (">2", "3")), hit_policy="COLLECT", aggregation=aggregation)
    assert decide(model, "d", {"x": x}).value == value


def test_an_aggregation_of_what_is_no_number_is_null() -> None:
    model = table(rows((">0", '"a"'), (">1", "2")), hit_policy="COLLECT", aggregation="SUM")
    found = decide(model, "d", {"x": 5})
    assert found.value is None
    assert found.errors


def test_defaults_and_several_outputs() -> None:
    outputs = [{"name": "rate", "default": "0"}, {"name": "why"}]
    rules = [{"if": [">5"], "then": ["x / 2", '"above"']}]
    model = table(rules, outputs)
    assert decide(model, "d", {"x": 8}).value == {"rate": 4, "why": "above"}
    assert decide(model, "d", {"x": 1}).value == {"rate": 0, "why": None}


def test_values_that_are_not_allowed_are_null_with_a_reason() -> None:
    made = {
        "inputs": [{"expression": "x", "allowed": "[0..10]"}],
        "outputs": [{"name": "y", "values_in_priority_order": '"a", "b"'}],
        "rules": rows(("<5", '"a"'), (">=5", '"c"')),
    }
    decision = {"name": "d", "requires": ["x"], "logic": {"decision_table": made}}
    model = from_json({"model": "m", "inputs": [{"name": "x"}], "decisions": [decision]})
    assert decide(model, "d", {"x": 1}).value == "a"
    for x in (11, None, 6):
        found = decide(model, "d", {"x": x})
        assert found.value is None
        assert "not allowed" in found.errors[0]


def test_empty_cells_mean_anything_and_nothing() -> None:
    model = table([{"if": [""], "then": [None]}, {"if": [None], "then": [" "]}], hit_policy="COLLECT")
    assert decide(model, "d", {"x": 1}).value == [None, None]


@pytest.mark.parametrize(
    "change",
    [
        {"hit_policy": "BEST"},
        {"aggregation": "SUM"},
        {"hit_policy": "COLLECT", "aggregation": "MEAN"},
        {"outputs": []},
        {"rules": [{"if": ["1", "2"], "then": ["1"]}]},
        {"rules": [{"if": ["1"], "then": []}]},
        {"rules": [{"if": ["1 +"], "then": ["1"]}]},
        {"rules": [{"if": [1], "then": ["1"]}]},
        {"inputs": [{}]},
        {"rules": "none"},
    ],
)
def test_a_table_that_is_none_is_refused(change: dict[str, Any]) -> None:
    made = {"inputs": [{"expression": "x"}], "outputs": [{}], "rules": rows(("1", "1"))} | change
    with pytest.raises(DecisionModelInvalid) as refused:
        from_json({"decisions": [{"name": "the decision", "logic": {"decision_table": made}}]})
    assert refused.value.about.startswith("the decision")


ends = st.integers(-5, 5)
tests = st.one_of(
    st.builds("{}{}".format, st.sampled_from(["<", "<=", ">", ">=", ""]), ends),
    st.builds("{}{}..{}{}".format, st.sampled_from("[("), ends, ends, st.sampled_from("])")),
    st.builds("not({})".format, ends),
    st.builds("{}, {}".format, ends, ends),
    st.just("-"),
    st.just("? * 2 > 3"),
    st.just("null"),
    st.just('"a", 1'),
)


@given(st.lists(tests, min_size=1, max_size=8), st.one_of(ends, st.none(), st.just("a"), st.booleans()))
def test_rows_match_as_each_test_alone_does(cells: list[str], x: Any) -> None:
    """Bits, bounds and literals by key are a short way to what `in` says of each cell."""
    model = table(rows(*((cell, str(at)) for at, cell in enumerate(cells))), hit_policy="COLLECT")
    alone = [at for at, cell in enumerate(cells) if cell == "-" or passes(cell, x)]
    assert decide(model, "d", {"x": x}).value == alone


def passes(cell: str, x: Any) -> bool:
    if cell.startswith("not"):
        return feel(f"not(x in {cell[3:]})", {"x": x}) is True
    return feel(f"x in ({cell})", {"x": x}) is True


def test_ten_thousand_rules_are_met_quickly() -> None:
    model = table([{"if": [f"[{at}..{at + 1})"], "then": [f'"r{at}"']} for at in range(10_000)])
    before = time.process_time()
    assert decide(model, "d", {"x": 7777.5}).value == "r7777"
    assert time.process_time() - before < 0.5


@given(st.integers(0, 2**70))
def test_bits(mask: int) -> None:
    assert sum(1 << at for at in bits(mask)) == mask
    assert list(bits(mask)) == sorted(bits(mask))
