from __future__ import annotations

from fractions import Fraction
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.errors import GraphInvalid
from proveout.families.symbolic.causal import Graph, parse_graph, parse_model
from proveout.families.symbolic.causal._check_graph import Dag

NAMES = "ABCDEF"


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    pairs = list(combinations(NAMES, 2))
    kept = draw(st.lists(st.sampled_from(pairs), min_size=1, max_size=10, unique=True))
    order = draw(st.permutations(NAMES))
    renamed = dict(zip(NAMES, order, strict=True))
    return Graph(tuple((renamed[a], renamed[b]) for a, b in kept))


@given(graphs(), st.data())
def test_moral_graphs_and_walked_paths_agree_on_independence(graph: Graph, data: st.DataObject) -> None:
    names = st.sampled_from(graph.variables)
    x, y = data.draw(names), data.draw(names)
    given_ = data.draw(st.sets(names, max_size=3)) - {x, y}
    cut = data.draw(st.sets(names, max_size=2))
    if x != y:
        walked = Dag(graph.edges, ()).apart(x, y, given_, cut)
        assert graph.cut(out_of=cut).separated(x, y, given_) == walked


@given(graphs())
def test_order_puts_causes_first_and_closures_are_closed(graph: Graph) -> None:
    order = graph.order()
    assert all(order.index(a) < order.index(b) for a, b in graph.edges)
    for name in graph.variables:
        assert graph.ancestors(name) == {one for one in graph.variables if name in graph.descendants(one)}
        reached = {path[-1] for one in graph.variables for path in graph.paths(name, one)}
        assert reached == graph.descendants(name)


@pytest.mark.parametrize(
    ("text", "x", "y", "given_", "apart"),
    [
        ("X -> M -> Y", "X", "Y", ["M"], True),
        ("X -> M -> Y", "X", "Y", [], False),
        ("Z -> X, Z -> Y", "X", "Y", ["Z"], True),
        ("X -> C, Y -> C", "X", "Y", [], True),
        ("X -> C, Y -> C, C -> D", "X", "Y", ["D"], False),
        ("X -> Y", "X", "X", [], False),
        ("X -> Y", "X", "Y", ["X"], True),
    ],
)
def test_separation_of_small_graphs(text: str, x: str, y: str, given_: list[str], *, apart: bool) -> None:
    assert parse_graph(text).separated(x, y, given_) is apart


def test_toml_and_lines_give_the_same_graph() -> None:
    text = '[graph]\nedges = ["U -> X", "U -> Y", "X -> Y"]\nunobserved = ["U"]'
    assert parse_graph(text) == parse_graph("U -> X; U -> Y\nX -> Y, U unobserved")


def test_stated_probabilities_are_read_exactly() -> None:
    text = '[graph]\nedges = ["X -> Y"]\n[probabilities]\n"P(Y=1 | X=0)" = "12.5%"\n"P(X=1)" = "0.3"'
    assert parse_model(text)[1] == {"P(Y=1 | X=0)": Fraction(1, 8), "P(X=1)": Fraction(3, 10)}


@pytest.mark.parametrize(
    ("text", "about"),
    [
        ("A -> B -> C -> A", "A -> B"),
        ("A -> A", "A -> A"),
        ("A, B", "A"),
        ("A -> ", "A ->"),
        ("A -> B, Z unobserved", "Z"),
        ("[graph]\nedges = 3", "graph"),
        ("[graph]\nedges = [", "graph"),
        ('[graph]\nedges = ["A -> B"]\nwrong = 1', "graph"),
        ('[graph]\nedges = ["A -> B"]\n[probabilities]\n"P(C=1)" = "1%"', "C"),
        ('[graph]\nedges = ["A -> B"]\n[probabilities]\n"P(A=1)" = "101%"', "P(A=1)"),
        ('[graph]\nedges = ["A -> B"]\n[probabilities]\n"P(A=1)" = "much"', "P(A=1)"),
        ('[graph]\nedges = ["A -> B"]\n[probabilities]\n"A=1" = "1%"', "A=1"),
    ],
)
def test_what_is_no_graph_is_refused_with_what_it_concerns(text: str, about: str) -> None:
    with pytest.raises(GraphInvalid) as error:
        parse_model(text)
    assert error.value.about == about
    assert error.value.fix
    assert error.value.why


def test_a_near_name_is_suggested() -> None:
    with pytest.raises(GraphInvalid, match="did you mean smoking"):
        parse_graph("smoking -> cancer, smokin unobserved")


@given(st.text(max_size=80) | st.from_regex(r"\[graph\]\s*edges = .{0,40}", fullmatch=True))
def test_any_text_is_a_graph_or_refused(text: str) -> None:
    try:
        graph = parse_graph(text)
    except GraphInvalid as error:
        assert error.fix
    else:
        assert len(graph.order()) == len(graph.variables)
