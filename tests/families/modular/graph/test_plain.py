from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proveout.errors import WorkflowInvalid
from proveout.families.modular.graph import (
    Graph,
    Retry,
    StepSpec,
    graph_from_plain,
    graph_from_toml,
    graph_to_plain,
    graph_to_toml,
    load_graph,
)


def take(x: Any = None, **rest: Any) -> Any:
    return x


def back(**rest: Any) -> None: ...


def day_of(day: date) -> date:
    return day


STEPS: dict[str, Any] = {"take": take, "back": back}
INNER = Graph("inner", takes={"x": Any}, steps=[StepSpec(name="s", run=take, takes={"x": "input.x"})], gives="s")


@st.composite
def specs(draw: st.DrawFn, name: str) -> StepSpec:
    each = draw(st.booleans())
    isolated = draw(st.booleans())
    runs: list[Any] = [take, INNER]
    run = draw(st.sampled_from(runs))
    takes = {"x": "input.xs" if each else "input.x"}
    when = draw(st.dictionaries(st.just("input.n"), st.lists(st.integers(-3, 3), min_size=1), max_size=1))
    if run is INNER and not each:
        return StepSpec(name=name, run=run, takes=takes, when={key: tuple(found) for key, found in when.items()})
    return StepSpec(
        name=name,
        run=run,
        takes=takes,
        given=draw(st.dictionaries(st.sampled_from("ab"), JSON, max_size=2)) if run is take else {},
        when={key: tuple(found) for key, found in when.items()},
        each="x" if each else "",
        retry=draw(st.builds(Retry, attempts=st.integers(1, 5), backoff_seconds=st.floats(0, 10))),
        timeout_seconds=draw(st.none() | st.floats(0.1, 10)),
        approval=draw(st.sampled_from(["", 'Pay "it"?\nReally?'])),
        undo=draw(st.sampled_from([None, back])),
        isolated=isolated,
        memory_mb=draw(st.none() | st.integers(1, 10)) if isolated else None,
        sync=draw(st.booleans()),
        version=draw(st.sampled_from(["", "take@1"])),
    )


JSON = st.recursive(
    st.integers(-(2**40), 2**40)
    | st.text(max_size=5)
    | st.booleans()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)
graphs = st.builds(
    lambda first, second: Graph(
        "g", takes={"x": Any, "xs": list[str], "n": int | None}, steps=[first, second], gives="b | a"
    ),
    specs("a"),
    specs("b"),
)


@settings(max_examples=30)
@given(graphs, st.sampled_from([STEPS, STEPS | {"inner": INNER}]))
def test_a_graph_is_the_same_when_read_back(graph: Graph, steps: dict[str, Any]) -> None:
    read = graph_from_toml(graph_to_toml(graph, steps), "g", steps)
    assert read.fingerprint == graph.fingerprint
    assert graph_to_plain(read, steps) == graph_to_plain(graph, steps)
    for name, node in graph.nodes.items():
        assert msgspec.structs.replace(read.nodes[name].spec, run=take) == msgspec.structs.replace(node.spec, run=take)
    plain = msgspec.json.decode(msgspec.json.encode(graph_to_plain(graph, steps)))
    assert graph_from_plain(plain, "g", steps).fingerprint == graph.fingerprint


def test_a_graph_given_by_name_stays_a_name() -> None:
    graph = Graph("g", takes={"x": Any}, steps=[StepSpec(name="a", run=INNER, takes={"x": "input.x"})], gives="a")
    assert graph_to_plain(graph, {"inner": INNER})["steps"]["a"]["run"] == "inner"
    assert graph_to_plain(graph, STEPS)["steps"]["a"]["graph"]["steps"]["s"]["run"] == "take"


def test_a_date_is_a_date_again() -> None:
    spec = StepSpec(name="a", run=day_of, given={"day": date(2026, 5, 17)})
    graph = Graph("g", takes={}, steps=[spec], gives="a")
    read = graph_from_toml(graph_to_toml(graph, {"day_of": day_of}), "g", {"day_of": day_of})
    assert read.fingerprint == graph.fingerprint
    assert read.nodes["a"].takes["day"].constant == date(2026, 5, 17)


def test_steps_beside_a_graph_are_found_again(tmp_path: Path) -> None:
    (tmp_path / "steps.py").write_text("def shout(text: str) -> str:\n    return text.upper()\n", encoding="utf-8")
    text = 'name = "g"\ngives = "a"\ntakes = {text = "str"}\n'
    text += '[steps.a]\nrun = "steps:shout"\ntakes = {text = "input.text"}\n'
    (tmp_path / "g.toml").write_text(text, encoding="utf-8")
    graph = load_graph(tmp_path / "g.toml")
    assert tomllib.loads(graph_to_toml(graph)) == tomllib.loads(text)


@pytest.mark.parametrize(
    ("spec", "takes", "message"),
    [
        (StepSpec(name="a", run=lambda: 3), {}, "g: a: a step cannot be named"),
        (StepSpec(name="a", run=take), {"x": Literal["a"]}, "g: x: a type has no name in TOML: Literal['a']"),
        (StepSpec(name="a", run=take, given={"x": [None]}), {}, "g: TOML cannot hold a constant"),
    ],
)
def test_what_cannot_be_written(spec: StepSpec, takes: dict[str, Any], message: str) -> None:
    with pytest.raises(WorkflowInvalid) as caught:
        graph_to_toml(Graph("g", takes=takes, steps=[spec], gives="a"), STEPS)
    assert message in str(caught.value)
