from __future__ import annotations

from itertools import chain, combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.errors import GraphInvalid
from proveout.families.symbolic.effects._dag import adjustment, ancestors, descendants, ordered, parents_of, separated

NODES = "abcdef"
PAIRS = [(one, other) for at, one in enumerate(NODES) for other in NODES[at + 1 :]]
dags = st.lists(st.sampled_from(PAIRS), unique=True, max_size=10).map(
    lambda edges: {node: tuple(sorted(one for one, other in edges if other == node)) for node in NODES}
)


def open_paths(parents: dict[str, tuple[str, ...]], left: str, right: str, given_: set[str]) -> bool:
    """Whether a path is open, by the definition: every collider has a descendant in the set, no other node is in it."""

    def walk(path: list[str]) -> bool:
        if path[-1] == right:
            return all(passes(*path[at - 1 : at + 2]) for at in range(1, len(path) - 1))
        near = [node for node in parents if node in parents[path[-1]] or path[-1] in parents[node]]
        return any(walk([*path, node]) for node in near if node not in path)

    def passes(before: str, node: str, after: str) -> bool:
        if before in parents[node] and after in parents[node]:
            return bool(descendants(parents, node) & given_)
        return node not in given_

    return walk([left])


@given(dags, st.sets(st.sampled_from(NODES[1:5]), max_size=4))
def test_separation_is_what_the_paths_say(parents: dict[str, tuple[str, ...]], given_: set[str]) -> None:
    assert separated(parents, "a", "f", given_) is not open_paths(parents, "a", "f", given_)


@given(dags, st.sets(st.sampled_from(NODES), max_size=6))
def test_an_adjustment_is_found_exactly_where_there_is_one(
    parents: dict[str, tuple[str, ...]], observed: set[str]
) -> None:
    treatment, outcome = "c", "e"
    without = {node: tuple(one for one in of if one != treatment) for node, of in parents.items()}
    able = observed - descendants(parents, treatment) - {outcome, treatment}
    sets = chain.from_iterable(combinations(sorted(able), size) for size in range(len(able) + 1))
    valid = {one for one in sets if separated(without, treatment, outcome, set(one))}
    found = adjustment(parents, treatment, outcome, observed)
    assert (found is None) == (not valid)
    assert found is None or found in valid


@given(dags)
def test_an_order_puts_causes_first(parents: dict[str, tuple[str, ...]]) -> None:
    order = ordered(parents)
    assert sorted(order) == sorted(parents)
    assert all(order.index(cause) < order.index(node) for node, of in parents.items() for cause in of)
    assert all(node in ancestors(parents, [node]) and node in descendants(parents, node) for node in parents)


def test_a_cycle_and_a_stranger_are_named() -> None:
    with pytest.raises(GraphInvalid, match="cycle") as cycle:
        parents_of([("a", "b"), ("b", "c"), ("c", "a")])
    assert cycle.value.why == "a, b, c cause each other"
    with pytest.raises(GraphInvalid, match="unknown"):
        ordered({"y": ["t"]})


def test_a_collider_is_not_adjusted_for() -> None:
    m_shape = parents_of([("u", "t"), ("u", "m"), ("v", "m"), ("v", "y"), ("t", "y")])
    assert adjustment(m_shape, "t", "y", {"t", "y", "m"}) == ()
    assert adjustment(parents_of([("u", "t"), ("u", "y"), ("t", "y")]), "t", "y", {"t", "y"}) is None
