"""Counterfactuals of deterministic models, by two worlds that share what has no cause (twin networks).

Balke and Pearl, "Probabilistic evaluation of counterfactual queries", AAAI 1994.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from proveout.families.symbolic.causal._graph import Graph

__all__ = ["Equation", "Twin", "twin"]


class Equation(msgspec.Struct, frozen=True):
    """A variable that has its value when all (any) of its causes have theirs, and the other value otherwise.

    Example:
        >>> Equation("Y", 1, (("A", 1), ("B", 0)), "or").value({"A": 0, "B": 1})
        0
    """

    variable: str
    result: int
    causes: tuple[tuple[str, int], ...]
    joined: Literal["and", "or"]

    def value(self, world: Mapping[str, int]) -> int:
        """The variable's value in a world that has its causes."""
        met = [world[name] == value for name, value in self.causes]
        return self.result if (all(met) if self.joined == "and" else any(met)) else 1 - self.result


class Twin(msgspec.Struct, frozen=True):
    """The worlds that agree with what was observed, each with the world after the change; ``value`` if all agree."""

    value: int | None
    worlds: tuple[tuple[dict[str, int], dict[str, int]], ...]
    reason: str = ""


def twin(
    graph: Graph, equations: Sequence[Equation], observed: Mapping[str, int], change: Mapping[str, int], outcome: str
) -> Twin:
    """The outcome had some variables been set, given what was observed.

    Example:
        >>> from proveout.families.symbolic.causal import parse_graph
        >>> rules = [Equation("M", 1, (("X", 1),), "and"), Equation("Y", 1, (("M", 1), ("U", 1)), "and")]
        >>> twin(parse_graph("X -> M -> Y, U -> Y"), rules, {"Y": 1}, {"X": 0}, "Y").value
        0
    """
    by_name = {one.variable: one for one in equations}
    free = [name for name in graph.order() if name not in by_name]
    late = [name for name in free if name not in change and name in graph.descendants(list(change))]
    if late:
        return Twin(None, (), f"no rule says what {late[0]} does when its causes change")
    worlds = []
    for values in product((0, 1), repeat=len(free)):
        start = dict(zip(free, values, strict=True))
        actual = _world(graph, by_name, start, {})
        if all(actual[name] == value for name, value in observed.items()):
            worlds.append((actual, _world(graph, by_name, start, change)))
    found = {after[outcome] for _, after in worlds}
    if len(found) == 1:
        return Twin(found.pop(), tuple(worlds))
    reason = (
        "worlds that agree with what was observed differ in the outcome"
        if found
        else "no world agrees with what was observed"
    )
    return Twin(None, tuple(worlds), reason)


def _world(
    graph: Graph, equations: Mapping[str, Equation], start: Mapping[str, int], change: Mapping[str, int]
) -> dict[str, int]:
    world: dict[str, int] = {}
    for name in graph.order():
        if name in change:
            world[name] = change[name]
        else:
            world[name] = equations[name].value(world) if name in equations else start[name]
    return world
