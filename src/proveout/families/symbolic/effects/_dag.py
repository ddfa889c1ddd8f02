"""Directed acyclic graphs as parents by node: order, ancestors, separation and adjustment sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proveout.errors import GraphInvalid

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    Parents = Mapping[str, Collection[str]]

__all__ = ["adjustment", "ancestors", "descendants", "ordered", "parents_of", "separated"]


def parents_of(edges: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """Parents of every node of a list of edges (cause, effect), both in order of their names.

    Raises:
        GraphInvalid: there is a cycle.

    Example:
        >>> parents_of([("z", "t"), ("z", "y"), ("t", "y")])
        {'t': ('z',), 'y': ('t', 'z'), 'z': ()}
    """
    found: dict[str, set[str]] = {}
    for cause, effect in edges:
        found.setdefault(cause, set())
        found.setdefault(effect, set()).add(cause)
    parents = {node: tuple(sorted(found[node])) for node in sorted(found)}
    ordered(parents)
    return parents


def ordered(parents: Parents) -> list[str]:
    """Nodes, each after its parents.

    Raises:
        GraphInvalid: there is a cycle, or a parent is no node.

    Example:
        >>> ordered({"y": ["t"], "t": []})
        ['t', 'y']
    """
    strangers = {parent for of in parents.values() for parent in of} - set(parents)
    if strangers:
        why = f"{', '.join(sorted(strangers))} is named as a cause and declared nowhere"
        raise GraphInvalid("a cause is unknown", why=why, fix="declare it, or name another cause", about="graph")
    found: list[str] = []
    waiting = sorted(parents)
    while waiting:
        ready = [node for node in waiting if set(parents[node]) <= set(found)]
        if not ready:
            why = f"{', '.join(waiting)} cause each other"
            raise GraphInvalid("the graph has a cycle", why=why, fix="remove one of these edges", about="graph")
        found += ready
        waiting = [node for node in waiting if node not in ready]
    return found


def ancestors(parents: Parents, nodes: Collection[str]) -> set[str]:
    """The nodes and all that cause them."""
    found, waiting = set(nodes), list(nodes)
    while waiting:
        new = set(parents[waiting.pop()]) - found
        found |= new
        waiting += sorted(new)
    return found


def descendants(parents: Parents, node: str) -> set[str]:
    """The node and all that it causes."""
    return {other for other in parents if node in ancestors(parents, [other])}


def separated(parents: Parents, left: str, right: str, given: Collection[str]) -> bool:
    """Whether ``given`` blocks every path between two nodes: d-separation, by the moral graph (Lauritzen et al. 1990).

    Example:
        >>> fork = {"z": [], "t": ["z"], "y": ["z"]}
        >>> separated(fork, "t", "y", []), separated(fork, "t", "y", ["z"])
        (False, True)
    """
    kept = ancestors(parents, {left, right, *given})
    linked: dict[str, set[str]] = {node: set() for node in kept}
    for node in kept:
        family = [node, *parents[node]]
        for one in family:
            linked[one] |= set(family) - {one}
    reached, waiting = {left}, [left]
    while waiting:
        new = linked[waiting.pop()] - reached - set(given)
        reached |= new
        waiting += sorted(new)
    return right not in reached


def adjustment(parents: Parents, treatment: str, outcome: str, observed: Collection[str]) -> tuple[str, ...] | None:
    """A set of observed nodes that satisfies the back-door criterion (Pearl 1993), or None where there is none.

    Where any set of observed nodes does, the ancestors of treatment and outcome among them do (van der Zander et al.
    2014); nodes it can do without are then left out, in order of their names.

    Example:
        >>> adjustment({"z": [], "t": ["z"], "y": ["z", "t"]}, "t", "y", {"z", "t", "y"})
        ('z',)
    """
    without = {node: [one for one in of if one != treatment] for node, of in parents.items()}
    able = ancestors(parents, [treatment, outcome]) & set(observed)
    chosen = sorted(able - descendants(parents, treatment) - {outcome})
    if not separated(without, treatment, outcome, chosen):
        return None
    for node in list(chosen):
        fewer = [one for one in chosen if one != node]
        if separated(without, treatment, outcome, fewer):
            chosen = fewer
    return tuple(chosen)
