from __future__ import annotations

import random
from collections.abc import Callable
from itertools import combinations
from typing import Any

import pytest

from proveout.families.symbolic.causal import Graph, Term, parse_graph, value_of
from proveout.families.symbolic.causal._general import Hedge, filled, general

HIDDEN = ", U unobserved, W unobserved"


def probability(model: Any) -> Callable[[Term], float]:
    def of_term(one: Term) -> float:
        of, given = ({name: int(value) for name, value in part} for part in (one.of, one.given))
        return float(model.p(of, given))

    return of_term


def test_the_napkin_is_identified_where_neither_door_is(any_model: Callable[[Any, int], Any]) -> None:
    """Pearl and Mackenzie, The Book of Why, 2018, figure 7.5."""
    graph = parse_graph(f"A -> B -> X -> Y, U -> A, U -> X, W -> A, W -> Y{HIDDEN}")
    found = general(graph, "Y", ("X",))
    assert not isinstance(found, Hedge)
    for seed in range(5):
        model = any_model(graph.edges, seed)
        for x in (0, 1):
            value = value_of(filled(found, {"Y": 1, "X": x}), probability(model))
            assert value == pytest.approx(model.p({"Y": 1}, None, {"X": x}))


@pytest.mark.parametrize(
    "text",
    [
        "X -> Y, U -> X, U -> Y, U unobserved",
        f"X -> M -> Y, U -> X, U -> M, W -> X, W -> Y{HIDDEN}",
        "Z -> X -> Y, U -> X, U -> Y, U unobserved",
    ],
)
def test_a_hedge_is_named_where_there_is_no_formula(text: str) -> None:
    found = general(parse_graph(text), "Y", ("X",))
    assert isinstance(found, Hedge)
    assert set(found.smaller) < set(found.larger)
    assert "X" in found.larger


@pytest.mark.parametrize("seed", range(40))
def test_random_graphs_with_two_unobserved_causes(seed: int, any_model: Callable[[Any, int], Any]) -> None:
    rng = random.Random(1000 + seed)
    names = ["A", "X", "B", "Y"]
    rng.shuffle(names)
    edges = [pair for pair in combinations(names, 2) if rng.random() < 0.6]
    for at in range(2):
        edges += [(f"U{at}", name) for name in rng.sample(names, 2)]
    graph = Graph(tuple(edges), ("U0", "U1"), tuple(names))
    found = general(graph, "Y", ("X",))
    if isinstance(found, Hedge):
        return
    missing = [(name, name) for name in names if all(name not in edge for edge in edges)]
    assert not missing or "X" not in dict(missing)
    model = any_model(edges, seed)
    if "Y" in model.order and "X" in model.order:
        for x in (0, 1):
            value = value_of(filled(found, {"Y": 1, "X": x}), probability(model))
            assert value == pytest.approx(model.p({"Y": 1}, None, {"X": x}))


def test_a_filled_formula_keeps_the_names_its_sums_run_over() -> None:
    graph = parse_graph("X -> M -> Y, U -> X, U -> Y, U unobserved")
    found = general(graph, "Y", ("X",))
    assert not isinstance(found, Hedge)
    assert str(filled(found, {"Y": 1, "X": 0})) == (
        "sum over M=m of [P(M=m | X=0) sum over X=x of [P(X=x) P(Y=1 | M=m, X=x)]]"
    )
