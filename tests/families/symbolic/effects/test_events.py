from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.errors import FactInvalid, GraphInvalid, ProveoutError
from proveout.families.symbolic.effects import read_consequences
from proveout.families.symbolic.effects._events import ACTION, check_value
from proveout.testing._cases import RefundDesk


def test_a_hidden_cause_is_made_up_for_by_what_tells_of_it(table: dict[str, Any]) -> None:
    spec = read_consequences(table)
    assert spec.inputs("end") == ("sign", ACTION)
    assert spec.inputs("level") == ("level", ACTION)
    assert spec.order() == ["end", "level"]


def test_without_a_hidden_cause_the_inputs_are_the_parents(table: dict[str, Any]) -> None:
    table["state"]["sign"]["parents"], table["hidden"] = [], {}
    table["after"]["end"]["parents"] = ["level", "action"]
    assert read_consequences(table).inputs("end") == ("level", ACTION)


def test_the_desk_declares_what_its_flag_hides() -> None:
    adjusted, naive = (read_consequences(RefundDesk(0).declaration(adjusted=one)) for one in (True, False))
    assert "flag" in adjusted.inputs("result")
    assert "flag" not in naive.inputs("result")
    assert adjusted.inputs("spent") == ("amount", ACTION, "next.result")


def test_an_effect_that_is_not_identified_is_refused(table: dict[str, Any]) -> None:
    table["seen"] = ["sign", "cause"]
    with pytest.raises(GraphInvalid, match="not identified") as raised:
        read_consequences(table)
    assert raised.value.about == "end"


CHANGES: list[tuple[list[str], Any]] = [
    (["safe"], "nothing"),
    (["seen"], ["stranger"]),
    (["actions"], ["wait", "wait"]),
    (["after"], {}),
    (["extra"], 1),
    (["state", "sign", "values"], ["bad"]),
    (["state", "sign", "values"], ["bad", "bad"]),
    (["state", "sign", "parents"], ["action"]),
    (["state", "sign", "parents"], ["sign"]),
    (["state", "action"], {}),
    (["state", "next.end"], {}),
    (["after", "end", "parents"], ["next.level", "action"]),
    (["after", "level", "values"], ["low", "high"]),
    (["reward"], {"sign": {"good": 1}}),
    (["reward"], {"end": {"fine": 1}}),
    (["reward"], {"end": 1}),
    (["reward"], {"level": {"won": 1}}),
    (["ends"], {"end": ["fine"]}),
    (["ends"], {"other": ["won"]}),
    (["hidden"], {"cause": ["action"]}),
]


@pytest.mark.parametrize(("path", "value"), CHANGES, ids=str)
def test_what_contradicts_itself_is_refused(table: dict[str, Any], path: list[str], value: Any) -> None:
    inner = table
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    with pytest.raises(GraphInvalid) as raised:
        read_consequences(table)
    assert raised.value.why
    assert raised.value.fix


json = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False),
        st.sampled_from(["sign", "end", "action", "next.end", "x"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["values", "parents", "end", "sign", "won"]), inner, max_size=3),
    ),
    max_leaves=6,
)


@given(
    st.dictionaries(st.sampled_from(["actions", "safe", "seen", "state", "after", "reward", "hidden", "ends"]), json)
)
def test_any_declaration_is_read_or_refused(changed: dict[str, Any]) -> None:
    base = RefundDesk(0).declaration()
    try:
        spec = read_consequences({**deepcopy(base), **changed})
    except ProveoutError as error:
        assert error.why
    else:
        assert set(spec.order()) == set(spec.after)


def test_worth_and_end(table: dict[str, Any]) -> None:
    spec = read_consequences(table)
    assert spec.worth({"end": "won", "level": 4.0}) == 12.0
    assert spec.worth({"end": "open", "level": 0.0}) == 0.0
    assert spec.over({"end": "won", "level": 0.0})
    assert not spec.over({"end": "open", "level": 0.0})


@pytest.mark.parametrize("value", ["fine", 3, None, True])
def test_a_value_must_be_the_variables(table: dict[str, Any], value: Any) -> None:
    spec = read_consequences(table)
    with pytest.raises(FactInvalid):
        check_value("end", spec.after["end"], value)


@pytest.mark.parametrize("value", ["3", None, True, float("nan"), float("inf")])
def test_a_number_must_be_one(table: dict[str, Any], value: Any) -> None:
    with pytest.raises(FactInvalid):
        check_value("level", read_consequences(table).state["level"], value)
