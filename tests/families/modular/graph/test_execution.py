from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proveout.errors import DeterminismBroken, StepFailed, WorkflowInvalid
from proveout.families.modular.graph import SKIPPED, Call, Execution, Graph, StepSpec, invoke

NOT_RUN = object()


def number(value: Any) -> int:
    if isinstance(value, list):
        return sum(map(number, value))
    return 1 if value is None else int(value)


def total(**parts: Any) -> int:
    return sum(map(number, parts.values())) % 5


def several(**parts: Any) -> list[int]:
    return list(range(total(**parts)))


def either(extra: Any = 7, **parts: Any) -> int:
    return (total(**parts) + number(extra)) % 5


def times(one: int, **parts: Any) -> int:
    return one * 3 + total(**parts)


@st.composite
def steps(draw: st.DrawFn, at: int, before: list[StepSpec], depth: int) -> StepSpec:
    one = st.lists(st.sampled_from(["input.x", *(spec.name for spec in before)]), min_size=1, max_size=3, unique=True)
    text = one.map(" | ".join)
    lists: list[str] = [spec.name for spec in before if spec.run in (several, times)]
    kinds: list[Any] = [total, several, either, *([times] if lists else []), *([Graph] if depth else [])]
    run, each = draw(st.sampled_from(kinds)), ""
    takes = {f"p{part}": draw(text) for part in range(draw(st.integers(1, 2)))}
    if run is either:
        takes["extra"] = draw(text)
    elif run is times:
        takes, each = takes | {"one": draw(st.sampled_from(lists))}, "one"
    elif run is Graph:
        run, takes = draw(graphs(depth=depth - 1)), {"x": draw(text)}
        if draw(st.booleans()) and lists:
            takes, each = {"x": draw(st.sampled_from(lists))}, "x"
    scalars = ["input.x", *(spec.name for spec in before if spec.run in (total, either))]
    values = st.lists(st.integers(0, 4), min_size=1, max_size=4, unique=True)
    found = draw(st.dictionaries(st.sampled_from(scalars), values, max_size=2))
    when: dict[str, tuple[Any, ...]] = {name: tuple(asked) for name, asked in found.items()}
    return StepSpec(name=f"s{at}", run=run, takes=takes, when=when, each=each)


@st.composite
def graphs(draw: st.DrawFn, depth: int = 2) -> Graph:
    """A graph over one number, of up to six steps, with conditions, alternatives, maps and graphs in it."""
    found: list[StepSpec] = []
    for at in range(draw(st.integers(1, 6 if depth else 3))):
        found.append(draw(steps(at, found, depth)))
    gives = draw(st.lists(st.sampled_from([spec.name for spec in found]), min_size=1, max_size=3, unique=True))
    return Graph("g", takes={"x": Any}, steps=draw(st.permutations(found)), gives=" | ".join(gives))


class Meaning:
    """What a graph gives, by calling each step as a function of what it needs."""

    def __init__(self, graph: Graph, x: Any) -> None:
        self.graph, self.x = graph, x
        self.specs = {spec.name: spec for spec in graph.steps}
        self.values: dict[str, Any] = {}

    @property
    def output(self) -> Any:
        return self.refer(self.graph.gives)

    def refer(self, text: str) -> Any:
        for name in text.split(" | "):
            value = self.x if name == "input.x" else self.value(name)
            if value is not NOT_RUN:
                return value
        return NOT_RUN

    def value(self, name: str) -> Any:
        if name not in self.values:
            self.values[name] = self.make(self.specs[name])
        return self.values[name]

    def make(self, spec: StepSpec) -> Any:
        if not all(self.refer(text) in values for text, values in spec.when.items()):
            return NOT_RUN
        arguments = {name: self.refer(text) for name, text in spec.takes.items()}
        if arguments.get("extra") is NOT_RUN:
            del arguments["extra"]
        if NOT_RUN in arguments.values():
            return NOT_RUN
        if not spec.each:
            return self.call(spec.run, arguments)
        found = [self.call(spec.run, arguments | {spec.each: item}) for item in arguments[spec.each]]
        return [None if one is NOT_RUN else one for one in found]

    def call(self, run: Any, arguments: dict[str, Any]) -> Any:
        return Meaning(run, arguments["x"]).output if isinstance(run, Graph) else run(**arguments)


def driven(graph: Graph, x: Any, choose: Any) -> tuple[Execution, list[Call]]:
    """A run whose calls are made in the order that ``choose`` says, some of them begun long before they end."""
    execution = Execution(graph, {"x": x})
    begun: list[Call] = []
    made: list[Call] = []
    while execution.ready or begun:
        while execution.ready:
            begun.append(execution.ready.popleft())
        call = begun.pop(choose(len(begun)))
        made.append(call)
        execution.finished(call, invoke(call))
    return execution, made


@settings(max_examples=40)
@given(graphs(), st.integers(0, 4), st.data())
def test_any_interleaving_gives_what_the_graph_means(graph: Graph, x: int, data: st.DataObject) -> None:
    meaning = Meaning(graph, x)
    expected = meaning.output
    execution, made = driven(graph, x, lambda size: data.draw(st.integers(0, size - 1)))
    assert execution.outcome == "done"
    assert execution.output == (None if expected is NOT_RUN else expected)
    names = [call.name for call in made]
    assert len(names) == len(set(names)), "a step ran twice"
    first, calls = driven(graph, x, lambda _: 0)
    assert first.outputs == execution.outputs
    assert sorted(names) == sorted(call.name for call in calls)
    assert {call.name: call.arguments for call in made} == {call.name: call.arguments for call in calls}
    for spec in graph.steps:
        if spec.name in graph.nodes:
            found = execution.outputs[spec.name]
            assert meaning.value(spec.name) == (NOT_RUN if found is SKIPPED else found)


@settings(max_examples=10)
@given(graphs(), st.integers(0, 4))
def test_the_same_endings_make_the_same_order(graph: Graph, x: int) -> None:
    runs = [driven(graph, x, lambda size: size - 1)[1] for _ in range(2)]
    assert [call.name for call in runs[0]] == [call.name for call in runs[1]]


def graph_of(*specs: StepSpec, gives: str = "", **takes: Any) -> Graph:
    return Graph("g", takes=takes or {"x": int}, steps=specs, gives=gives or specs[-1].name)


def test_a_long_chain_of_skipped_steps_settles() -> None:
    chain = [StepSpec(name="s0", run=total, takes={"p": "input.x"}, when={"input.x": (1,)})]
    chain += [StepSpec(name=f"s{at}", run=total, takes={"p": f"s{at - 1}"}) for at in range(1, 3_000)]
    execution = Execution(graph_of(*chain), {"x": 0})
    assert (execution.outcome, execution.output) == ("done", None)


def test_a_condition_on_a_skipped_step_does_not_hold() -> None:
    first = StepSpec(name="a", run=total, takes={"p": "input.x"}, when={"input.x": (9,)})
    behind = StepSpec(name="b", run=total, takes={"p": "input.x"}, when={"a": (0, 1, 2, 3, 4)})
    assert Execution(graph_of(first, behind), {"x": 1}).outputs["b"] is SKIPPED


def test_true_is_not_one_in_a_condition() -> None:
    step = StepSpec(name="a", run=total, takes={"p": "input.x"}, when={"input.x": (1,)})
    graph = graph_of(step, x=Any)
    assert [len(Execution(graph, {"x": x}).ready) for x in (1, 1.0, True)] == [1, 1, 0]


@pytest.mark.parametrize("items", [[], (), None])
def test_an_empty_map_gives_an_empty_list_without_a_call(items: Any) -> None:
    step = StepSpec(name="a", run=times, takes={"one": "input.x"}, each="one")
    execution = Execution(graph_of(step, x=list[int] | None), {"x": items})
    assert (execution.outcome, execution.output, list(execution.ready)) == ("done", [], [])


def test_outputs_of_a_map_stand_in_the_order_of_the_items() -> None:
    execution = Execution(
        graph_of(StepSpec(name="a", run=times, takes={"one": "input.x"}, each="one"), x=list[int]), {"x": [4, 5]}
    )
    first, second = execution.ready
    assert [first.name, second.name] == ["a[0]", "a[1]"]
    execution.finished(second, 15)
    assert execution.outcome == "running"
    execution.finished(first, 12)
    assert execution.output == [12, 15]


def test_a_large_map_is_quick() -> None:
    execution = Execution(
        graph_of(StepSpec(name="a", run=times, takes={"one": "input.x"}, each="one"), x=list[int]),
        {"x": list(range(50_000))},
    )
    for call in list(execution.ready):
        execution.finished(call, call.item)
    assert execution.output == list(range(50_000))


def test_what_is_no_list_cannot_be_mapped() -> None:
    execution = Execution(
        graph_of(StepSpec(name="a", run=times, takes={"one": "input.x"}, each="one"), x=Any), {"x": "text"}
    )
    assert execution.outcome == "failed"
    assert "a maps a list, and one is str" in str(execution.error)


def test_a_person_says_no() -> None:
    ask = StepSpec(name="ask", run=total, takes={"p": "input.x"}, approval="Really?")
    execution = Execution(graph_of(ask, StepSpec(name="b", run=total, takes={"p": "ask"})), {"x": 1})
    execution.skip(execution.ready[0])
    assert (execution.outcome, execution.output, list(execution.ready)) == ("done", None, [])


def test_a_person_says_no_to_all_items() -> None:
    ask = StepSpec(name="a", run=times, takes={"one": "input.x"}, each="one", approval="Really?")
    execution = Execution(graph_of(ask, StepSpec(name="b", run=total, takes={"p": "a"}), x=list[int]), {"x": [1, 2, 3]})
    first, *others = execution.ready
    execution.skip(first)
    assert (execution.outcome, execution.output, list(execution.ready)) == ("done", None, [])
    with pytest.raises(DeterminismBroken):
        execution.finished(others[0], 3)


def test_a_call_ends_once() -> None:
    execution = Execution(graph_of(StepSpec(name="a", run=total, takes={"p": "input.x"})), {"x": 1})
    call = execution.ready.popleft()
    execution.finished(call, 1)
    with pytest.raises(DeterminismBroken, match="a call that is not open ended: a"):
        execution.finished(call, 1)
    with pytest.raises(DeterminismBroken, match="a call that is not open ended: a"):
        execution.skip(call)


def test_an_item_ends_once() -> None:
    step = StepSpec(name="a", run=times, takes={"one": "input.x"}, each="one")
    execution = Execution(graph_of(step, x=list[int]), {"x": [1, 2]})
    call = execution.ready.popleft()
    execution.finished(call, 1)
    for wrong in (call, call._replace(item=7)):
        with pytest.raises(DeterminismBroken, match="end each ready call once"):
            execution.finished(wrong, 1)


def test_what_ends_after_a_failure_is_undone_and_leads_to_nothing() -> None:
    def back(output: int, **arguments: Any) -> None: ...

    both = [StepSpec(name=name, run=total, takes={"p": "input.x"}, undo=back) for name in ("a", "b")]
    execution = Execution(graph_of(*both, StepSpec(name="c", run=total, takes={"p": "a", "q": "b"})), {"x": 1})
    first, second = execution.ready
    execution.finished(first, 1)
    execution.failed(StepFailed("x", why="y", fix="z", about="b"))
    execution.finished(second, 2)
    execution.failed(StepFailed("later", why="y", fix="z", about="b"))
    assert (execution.outcome, list(execution.ready)) == ("failed", [])
    assert isinstance(execution.error, StepFailed)
    assert execution.error.what == "x"
    assert [(call.name, output) for call, output in execution.undone()] == [("b", 2), ("a", 1)]


def test_items_are_undone_in_the_reverse_of_their_ends() -> None:
    def back(one: int, output: int) -> None: ...

    step = StepSpec(name="a", run=times, takes={"one": "input.x"}, each="one", undo=back)
    execution = Execution(graph_of(step, x=list[int]), {"x": [1, 2, 3]})
    calls = list(execution.ready)
    for at in (2, 0):
        execution.finished(calls[at], at)
    execution.failed(ValueError())
    assert [(call.name, output) for call, output in execution.undone()] == [("a[0]", 0), ("a[2]", 2)]


def test_a_part_that_is_not_there_fails_the_run() -> None:
    def loose(p: Any) -> Any: ...

    graph = graph_of(
        StepSpec(name="a", run=loose, takes={"p": "input.x"}),
        StepSpec(name="b", run=loose, takes={"p": "a.title"}),
    )
    execution = Execution(graph, {"x": 1})
    # A method is no part.
    execution.finished(execution.ready.popleft(), "text")
    assert str(execution.error) == (
        "g: a part is missing: str has no field title. Next: correct the reference, or annotate what the step gives."
    )


def test_a_part_of_the_output_that_is_not_there_fails_the_run() -> None:
    def loose(p: Any) -> Any: ...

    execution = Execution(graph_of(StepSpec(name="a", run=loose, takes={"p": "input.x"}), gives="a.label"), {"x": 1})
    execution.finished(execution.ready.popleft(), 3)
    assert (execution.outcome, execution.output) == ("failed", None)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"x": 1, "dya": 2}, "it has dya, and g takes x, day. Next: did you mean 'day'"),
        ({"day": None}, "x is missing"),
        ({"x": "1"}, "x: Expected `int`, got `str`"),
        ({"x": 1, "day": object()}, "day: Encoding objects of type object is unsupported"),
    ],
)
def test_an_input_that_does_not_fit(inputs: dict[str, Any], message: str) -> None:
    graph = graph_of(StepSpec(name="a", run=total, takes={"p": "input.x"}), x=int, day=int | None)
    with pytest.raises(WorkflowInvalid) as caught:
        Execution(graph, inputs)
    assert message in str(caught.value)


def test_an_input_that_may_be_none_may_be_left_out() -> None:
    graph = graph_of(StepSpec(name="a", run=total, takes={"p": "input.day"}), day=int | None)
    assert Execution(graph, {}).ready[0].arguments == {"p": None}
