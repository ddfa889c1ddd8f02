from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from itertools import combinations
from typing import Any

import pytest

from proveout.errors import GraphInvalid
from proveout.families.symbolic.causal import (
    Graph,
    Identified,
    NotIdentified,
    Query,
    Term,
    back_doors,
    identify,
    parse_graph,
    value_of,
)
from proveout.families.symbolic.causal._identify import LINEAR, adjusts, identify_all

SIMPLE = ["chain", "confounding", "diamond", "diamondcut", "fork", "frontdoor", "mediation", "arrowhead"]
SEEDS = range(4)


def observed(model: Any) -> Callable[[Term], float]:
    """The probability of a term in the distribution that data would show."""

    def probability(one: Term) -> float:
        of, given = ({name: int(value) for name, value in part} for part in (one.of, one.given))
        if any(of[name] != given[name] for name in set(of) & set(given)):
            return 0.0
        return float(model.p(of, given))

    return probability


def estimates(graph: Graph, query: Query, model: Any) -> list[float]:
    found = identify_all(graph, query)
    assert not isinstance(found, NotIdentified)
    return [value_of(one.estimand, observed(model)) for one in found]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", SIMPLE)
def test_every_estimand_of_an_effect_is_the_effect(
    name: str, seed: int, ten_graphs: Mapping[str, str], told_model: Callable[[str, int], Any]
) -> None:
    model, graph = told_model(name, seed), parse_graph(ten_graphs[name])
    truth = model.p({"Y": 1}, None, {"X": 1}) - model.p({"Y": 1}, None, {"X": 0})
    assert estimates(graph, Query("ate", "Y", "X"), model) == pytest.approx(
        [truth] * len(estimates(graph, Query("ate", "Y", "X"), model))
    )


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("level", [0, 1])
@pytest.mark.parametrize("name", SIMPLE)
def test_the_effect_on_the_treated_is_what_enumeration_of_strata_gives(
    name: str, level: int, seed: int, ten_graphs: Mapping[str, str], told_model: Callable[[str, int], Any]
) -> None:
    """Given its causes, X tells nothing more of what Y would be: the effect in each stratum, weighted as treated."""
    model, graph = told_model(name, seed), parse_graph(ten_graphs[name])
    strata = [dict(zip(model.parents["X"], values, strict=True)) for values in _values(len(model.parents["X"]))]
    truth = 0.0
    for one in strata:
        weight = model.p(one, {"X": level}) if one else 1.0
        truth += weight * (model.p({"Y": 1}, one, {"X": 1}) - model.p({"Y": 1}, one, {"X": 0}))
    found = estimates(graph, Query("ett", "Y", "X", level=level), model)
    assert found == pytest.approx([truth] * len(found))


def _values(length: int) -> list[tuple[int, ...]]:
    return [tuple(number >> at & 1 for at in range(length)) for number in range(2**length)]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("name", "mediators"),
    [("mediation", ("V2",)), ("chain", ("V2",)), ("diamond", ("V2", "V3")), ("frontdoor", ("V3",))],
)
def test_natural_effects_are_what_enumeration_of_worlds_gives(
    name: str,
    mediators: tuple[str, ...],
    seed: int,
    ten_graphs: Mapping[str, str],
    told_model: Callable[[str, int], Any],
) -> None:
    model, graph = told_model(name, seed), parse_graph(ten_graphs[name])
    base = nested(model, 0, 0, mediators)
    for kind, there in (("nde", (1, 0)), ("nie", (0, 1))):
        if kind == "nde" and name != "mediation":
            continue
        query = Query("nde" if kind == "nde" else "nie", "Y", "X", mediators)
        found = estimates(graph, query, model)
        assert found == pytest.approx([nested(model, *there, mediators) - base] * len(found))


def nested(model: Any, x: int, other: int, mediators: tuple[str, ...]) -> float:
    """P(Y=1 had X been x and the mediators as under the other), over causes that neither has."""
    roots = [name for name in model.order if not model.parents[name] and name not in {"X", *mediators}]
    total = 0.0
    for values in _values(len(roots)):
        root = dict(zip(roots, values, strict=True))
        weight = model.p(root) if root else 1.0
        for settings in _values(len(mediators)):
            m = dict(zip(mediators, settings, strict=True))
            total += weight * model.p(m, root, {"X": other}) * model.p({"Y": 1}, root, {"X": x, **m})
    return total


@pytest.mark.parametrize("seed", range(20))
def test_an_instrument_gives_the_effect_when_it_is_the_same_for_all(seed: int) -> None:
    """Y = effect * X + bias(U) + noise: the Wald ratio is the effect, confounded as X and Y are."""
    rng = random.Random(seed)
    effect, share = rng.uniform(-0.3, 0.3), rng.uniform(0.2, 0.8)
    x = {(z, u): rng.uniform(0.05, 0.95) for z in (0, 1) for u in (0, 1)}
    bias = {u: rng.uniform(0.35, 0.65) for u in (0, 1)}
    means = {}
    for z in (0, 1):
        weights = {0: 1 - share, 1: share}
        treated = sum(weights[u] * x[z, u] for u in (0, 1))
        means[z] = (sum(weights[u] * (bias[u] + effect * x[z, u]) for u in (0, 1)), treated)
    found = identify(parse_graph("U -> X -> Y, U -> Y, Z -> X, U unobserved"), Query("ate", "Y", "X"))
    assert isinstance(found, Identified)
    assert found.assumptions == (LINEAR,)
    value = value_of(found.estimand, lambda one: means[int(dict(one.given)["Z"])][one.of[0][0] == "X"])
    assert value == pytest.approx(effect)


@pytest.mark.parametrize("seed", range(60))
def test_on_random_graphs_each_estimand_gives_the_truth(seed: int, any_model: Callable[[Any, int], Any]) -> None:
    rng = random.Random(seed)
    names = ["A", "B", "X", "M", "Y"]
    rng.shuffle(names)
    pairs = [pair for pair in combinations(names, 2) if rng.random() < 0.55] or [("X", "Y")]
    confounded = rng.sample(list(combinations(sorted({n for pair in pairs for n in pair}), 2)), 1)
    edges = [*pairs, *((f"U{at}", name) for at, pair in enumerate(confounded) for name in pair)]
    if not {"X", "Y"} <= {name for pair in pairs for name in pair}:
        return
    graph = Graph(tuple(edges), tuple(f"U{at}" for at in range(len(confounded))))
    model = any_model(edges, seed)
    for level in (0, 1):
        found = identify_all(graph, Query("effect", "Y", "X", level=level))
        if isinstance(found, NotIdentified):
            assert "hedge" in found.reason
            continue
        truth = model.p({"Y": 1}, None, {"X": level})
        for one in found:
            assert value_of(one.estimand, observed(model)) == pytest.approx(truth), one.steps


def test_minimal_back_door_sets_are_all_that_are_minimal() -> None:
    graph = parse_graph("A -> X, A -> B -> Y, X -> M -> Y, C -> Y, X -> D, Y -> D")
    assert back_doors(graph, "X", "Y") == [("A",), ("B",)]
    assert not adjusts(graph, "X", "Y", ["M"])
    assert not adjusts(graph, "X", "Y", ["B", "D"])
    assert adjusts(graph, "X", "Y", ["A", "C"])


def test_a_confounded_mediator_leaves_natural_effects_open_but_says_what_texts_compute(
    ten_graphs: Mapping[str, str],
) -> None:
    found = identify(parse_graph(ten_graphs["arrowhead"]), Query("nde", "Y", "X", ("V3",)))
    assert isinstance(found, NotIdentified)
    assert "V3" in found.reason
    assert found.under is not None
    assert found.under.assumptions


def test_the_treated_behind_an_instrument_have_no_formula(ten_graphs: Mapping[str, str]) -> None:
    found = identify(parse_graph(ten_graphs["IV"]), Query("ett", "Y", "X"))
    assert isinstance(found, NotIdentified)
    assert found.under is None


def test_steps_name_rule_sets_and_independences() -> None:
    found = identify(parse_graph("Z -> X -> Y, Z -> Y"), Query("ate", "Y", "X"))
    assert isinstance(found, Identified)
    assert "by back-door (adjust Z)" in found.steps[0]
    assert found.steps[1] == "X is independent of Y given Z in the graph without edges out of X"


def test_no_effect_against_the_arrows() -> None:
    found = identify(parse_graph("Y -> X"), Query("ate", "Y", "X"))
    assert isinstance(found, Identified)
    assert str(found.estimand) == "P(Y=1) - P(Y=1)"


def test_a_question_about_another_variable_is_refused() -> None:
    with pytest.raises(GraphInvalid, match="unknown variable"):
        identify(parse_graph("X -> Y"), Query("ate", "Y", "Q"))
