from __future__ import annotations

from typing import Any

from proveout.families.modular.graph import Graph, StepSpec
from proveout.families.modular.graph._wires import END, Wire, condition_text, wires_of


def take(**parts: Any) -> Any:
    return parts


def wires(*specs: StepSpec, gives: str) -> list[Wire]:
    return wires_of(Graph("g", takes={"x": Any, "y": Any}, steps=specs, gives=gives))


def test_the_input_leads_only_where_nothing_else_does() -> None:
    first = StepSpec(name="a", run=take, takes={"p": "input.x", "q": "input.y"})
    second = StepSpec(name="b", run=take, takes={"p": "a.part", "q": "input.x"})
    alone = StepSpec(name="c", run=take)
    found = wires(first, second, alone, gives="b | c")
    assert set(found) == {
        Wire("input", "a"),
        Wire("a", "b"),
        Wire("input", "c"),
        Wire("b", END, first_of=True),
        Wire("c", END, first_of=True),
    }


def test_conditions_stand_on_their_wire() -> None:
    first = StepSpec(name="a", run=take, takes={"p": "input.x"})
    second = StepSpec(
        name="b", run=take, takes={"p": "a"}, when={"a.ok": (True,), "a.kind": ("x", "y"), "input.y": (1,)}
    )
    found = wires(first, second, gives="b.part")
    assert Wire("a", "b", ("a.ok is true", "a.kind is x or y")) in found
    assert Wire("input", "b", ("input.y is 1",)) in found
    assert Wire("b", END) in found


def test_a_condition_in_words() -> None:
    assert condition_text("a", (None, 1.5, "no")) == "a is null or 1.5 or no"
