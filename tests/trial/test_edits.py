from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.task import Causal, CausalFactor, Example, Task
from proveout.trial._edits import edits_of, number_in


def task_of(*factors: CausalFactor, properties: dict[str, Any] | None = None, **fields: Any) -> Task:
    schema = {"type": "object", "properties": properties or {"text": {"type": "string"}}}
    return Task(name="t", kind="decide", input=schema, output={}, causal=Causal(factors=factors, **fields))


def texts(*given: str) -> list[Example]:
    return [Example(id=str(at), inputs={"text": text}) for at, text in enumerate(given)]


DAYS = CausalFactor(name="days", role="causal", find="([0-9]{1,3}) days", range=(0, 40), threshold=(30,))


def test_only_the_group_of_the_first_match_is_replaced() -> None:
    found = edits_of(task_of(DAYS, edits=20), texts("5 days, then 7 days", "no number"))
    assert {edit.base for edit in found} == {0}
    assert all(edit.inputs["text"].endswith(" days, then 7 days") for edit in found)
    assert {"4 days", "6 days", "29 days", "31 days"} <= {edit.inputs["text"].split(",")[0] for edit in found}


def test_what_is_known_of_an_edit() -> None:
    found = {
        number_in(task_of(DAYS), DAYS, edit.inputs): edit for edit in edits_of(task_of(DAYS, edits=20), texts("5 days"))
    }
    assert (found[29].near, found[29].known) == (True, True)
    assert (found[31].near, found[31].known) == (True, False)
    assert (found[6].near, found[6].known) == (False, True)


def test_fields_that_are_no_text() -> None:
    price = CausalFactor(name="price", role="causal", field="price", range=(0, 10), step=0.5)
    tier = CausalFactor(name="tier", role="non-causal", field="tier", values=("gold", "basic"))
    task = task_of(price, tier, properties={"price": {"type": "number"}, "tier": {}}, edits=20)
    found = edits_of(task, [Example(id="1", inputs={"price": 4.5, "tier": "gold"})])
    assert {edit.inputs["tier"] for edit in found if edit.factor == "tier"} == {"basic"}
    prices = {edit.inputs["price"] for edit in found if edit.factor == "price"}
    assert {4, 5} <= prices
    assert all(isinstance(edit.inputs["price"], int | float) for edit in found)
    assert edits_of(task, [Example(id="1", inputs={})]) == ()


def test_values_in_a_text_and_a_template() -> None:
    colour = CausalFactor(name="colour", role="non-causal", find="(red|blue) shirt", values=("red", "blue", "green"))
    words = {edit.inputs["text"] for edit in edits_of(task_of(colour, edits=9), texts("the Red shirt"))}
    assert words == {"the blue shirt", "the green shirt"}
    since = CausalFactor(name="since", role="causal", find="today|yesterday", values=("3", "4"), template="{} days ago")
    assert {edit.inputs["text"] for edit in edits_of(task_of(since), texts("it came today"))} == {
        "it came 3 days ago",
        "it came 4 days ago",
    }


def test_each_group_of_a_protected_factor_has_one_edit() -> None:
    name = CausalFactor(name="name", role="protected", find="I am (Emma|Omar)", groups={"a": ("Emma",), "b": ("Omar",)})
    found = edits_of(task_of(name), texts("I am Emma", "nobody"))
    assert [(edit.group, edit.inputs["text"]) for edit in found] == [("a", "I am Emma"), ("b", "I am Omar")]


def test_rows_are_bounded_and_drawn_the_same_each_time() -> None:
    task = task_of(CausalFactor(name="hi", role="non-causal", insert=("Hi.",), at="start"), rows=3, seed=1)
    rows = texts(*(f"text {number}" for number in range(20)))
    first, second = edits_of(task, rows), edits_of(task, rows)
    assert first == second
    assert len(first) == 3
    assert [edit.base for edit in first] == sorted(edit.base for edit in first)
    assert first[0].inputs["text"].startswith("Hi. text")


@given(st.lists(st.text(max_size=40), max_size=5))
@pytest.mark.parametrize(
    "factor",
    [
        DAYS,
        CausalFactor(name="x", role="non-causal", insert=("One.", "Two.")),
        CausalFactor(name="y", role="non-causal", find="[a-z]", values=("q", "r")),
    ],
    ids=["number", "insert", "find"],
)
def test_any_text_is_edited_and_nothing_but_the_text(factor: CausalFactor, given_texts: list[str]) -> None:
    for edit in edits_of(task_of(factor), texts(*given_texts)):
        assert set(edit.inputs) == {"text"}
        assert edit.inputs["text"] != given_texts[edit.base]
