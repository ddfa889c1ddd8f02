from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.data import SelectSplit, TrainSplit
from proveout.errors import BuildFailed
from proveout.families._spans import Span
from proveout.families.modular.micro import MicroRow, MicroRows, micro_rows
from proveout.families.modular.micro._rows import rows_hash
from proveout.task import Example, Task

TEXT = {"type": "object", "properties": {"text": {"type": "string"}}}
OUTPUT = {"type": "object", "properties": {"intent": {"type": "string"}, "city": {"type": "string"}}}
TASK = Task(name="t", kind="extract", input=TEXT, output=OUTPUT, out_of_scope="none")


def rows(*examples: Example) -> MicroRows:
    splits = TrainSplit(snapshot="s", examples=examples), SelectSplit(snapshot="s", examples=())
    return micro_rows(TASK, *splits, intent="intent", domain="area", slots=["city"], facts="facts")


def test_a_row_of_a_task_is_what_each_kind_reads() -> None:
    example = Example(
        id="1",
        inputs={"text": "rain in Bonn"},
        expected={"intent": "weather", "city": "Bonn"},
        meta={"area": "sky", "facts": '{"wet": true}'},
    )
    assert rows(example).train == (
        MicroRow(
            text="rain in Bonn",
            intent="weather",
            domain="sky",
            spans=(Span(8, 12, "city"),),
            facts={"wet": True},
            labelled=True,
        ),
    )


def test_out_of_scope_and_unlabelled_rows() -> None:
    outside = Example(id="1", inputs={"text": "hm"}, expected={"intent": "none"})
    bare = Example(id="2", inputs={"text": "hm"})
    assert rows(outside, bare).train == (
        MicroRow(text="hm", inside=False, spans=(), labelled=True),
        MicroRow(text="hm"),
    )


@pytest.mark.parametrize("said", ["{", "[1]", "3"])
def test_facts_that_are_no_object_name_the_row(said: str) -> None:
    with pytest.raises(BuildFailed, match="column facts"):
        rows(Example(id="row-7", inputs={"text": "hm"}, meta={"facts": said}))


@given(st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), max_size=4), st.integers(0, 3))
def test_the_hash_is_over_the_fields_that_are_read(values: list[tuple[str, str]], cut: int) -> None:
    made = MicroRows(train=tuple(MicroRow(text=text, intent=intent) for text, intent in values))
    other = MicroRows(train=tuple(MicroRow(text=text, intent=f"{intent}!") for text, intent in values))
    assert rows_hash(made, ["text"]) == rows_hash(other, ["text"])
    assert (rows_hash(made, ["text", "intent"]) == rows_hash(other, ["text", "intent"])) == (not values)
    moved = MicroRows(train=made.train[:cut], select=made.train[cut:])
    assert (rows_hash(moved, ["text"]) == rows_hash(made, ["text"])) == (not made.train[cut:])
