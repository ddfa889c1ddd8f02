"""Independent checker of causal proofs: answers that rest on the graph or on rules alone, without arithmetic."""

from __future__ import annotations

import re
from itertools import pairwise, product
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from proveout.families.symbolic.causal._check_lines import Dag

__all__ = ["RESULTS"]

# A list of effects ends before the phrases that begin the next rule.
CAUSES = re.compile(
    r"((?:<\d+>|,? and | or )*<\d+>) (?:causes|cause|leads to) "
    r"(<\d+>(?: and <\d+>(?! (?:causes|cause|leads to|and|or)\b))*)"
)


def _roles(proof: Mapping[str, Any]) -> dict[str, Any]:
    return {role: proof["mentions"][at] for role, at in proof["question"]["roles"].items()}


def _concluded(proof: Mapping[str, Any], result: object, *, holds: bool) -> list[str]:
    """A qualitative result, and the answer that follows from it."""
    word = "yes" if holds else "no"
    right = proof["result"] == result and proof["lines"] == [] and proof["answer"] == proof["verdict"] == word
    return [] if right else ["the result or the answer does not follow"]


def _influence(proof: Mapping[str, Any], dag: Dag, _: Mapping[str, str]) -> list[str]:
    x, y = _roles(proof)["x"][3], _roles(proof)["y"][3]
    path = proof["result"]["path"]
    real = list(path[:1]) == [x] and path[-1] == y and all((a, b) in dag.edges for a, b in pairwise(path))
    if not (real if path else y not in dag.below({x})):
        return ["the causal path claimed is none, or there is one"]
    return _concluded(proof, {"path": path}, holds=bool(path) != ("not" in proof["question"]["direction"]))


def _methods(proof: Mapping[str, Any], dag: Dag, _: Mapping[str, str]) -> list[str]:
    x, y = _roles(proof)["x"][3], _roles(proof)["y"][3]
    # Method 1 comes first; the one case by case names a third variable, as its last phrase.
    named = [[proof["mentions"][at][3] for at in one["mentions"]] for one in proof["given"]]
    by_case = next(at for at, names in enumerate(named) if set(names) - {x, y})
    if len(named) != 2 or not {x, y} <= set(named[0]) or len(set(named[1 - by_case]) - {x, y}):  # noqa: PLR2004  two methods
        return ["the methods are not one direct and one case by case"]
    adjust = named[by_case][-1]
    direct, cased = dag.adjusts(x, y, ()), dag.adjusts(x, y, (adjust,))
    better = 2 - by_case if direct else by_case + 1
    result = {"adjust": adjust, "direct": direct, "by_case": cased, "better": better}
    return (
        _concluded(proof, result, holds=better == int(proof["question"]["direction"]))
        if direct or cased
        else ["neither method is right"]
    )


def _determined(proof: Mapping[str, Any], dag: Dag, inputs: Mapping[str, str]) -> list[str]:
    """Both worlds are worked out again for each setting of what has no rule."""
    said, roles = proof["result"], _roles(proof)
    rules = {name: (value, causes, joined) for name, value, causes, joined in said["equations"]}
    change = {roles["x"][3]: roles["x"][4]}
    free = [name for name in dag.order() if name not in rules]

    def world(start: Mapping[str, int], fixed: Mapping[str, int]) -> dict[str, int]:
        found = dict(start) | dict(fixed)
        for name in dag.order():
            if name in rules and name not in fixed:
                value, causes, joined = rules[name]
                met = [found[cause] == wanted for cause, wanted in causes]
                found[name] = value if (all if joined == "and" else any)(met) else 1 - value
        return found

    starts = [dict(zip(free, values, strict=True)) for values in product((0, 1), repeat=len(free))]
    kept = [one for one in starts if said["observed"].items() <= world(one, {}).items()]
    worlds = [[world(one, {}), world(one, change)] for one in kept]
    values = {after[roles["y"][3]] for _, after in worlds}
    blind = [name for name in free if name in dag.below(set(change)) and name not in change]
    if blind or len(values) != 1 or [said["equations"], said["observed"]] != _told(proof, dag, inputs["given_info"]):
        return ["the rules are not those told, or they do not determine the outcome"]
    result = {"equations": said["equations"], "observed": said["observed"], "worlds": worlds, "value": values.pop()}
    return _concluded(proof, result, holds=result["value"] == roles["y"][4])


def _told(proof: Mapping[str, Any], dag: Dag, text: str) -> list[Any]:
    """The equations and observations of the text, by the places of phrases in it."""
    equations: list[Any] = []
    observed: dict[str, int] = {}
    for one in proof["given"]:
        said = text[one["span"][0] : one["span"][1]]
        for at in reversed(one["mentions"]):
            _, start, end, *_ = proof["mentions"][at]
            said = f"{said[: start - one['span'][0]]}<{at}>{said[end - one['span'][0] :]}"
        events = {at: proof["mentions"][at][3:5] for at in one["mentions"]}
        if not re.search(r"causes?|leads to", re.sub(r"<\d+>", "", said)):
            observed |= dict(events.values())
        equations += _equations(said, events)
    late = any((cause, name) not in dag.edges for name, _, causes, _ in equations for cause, _ in causes)
    twice = len({name for name, *_ in equations}) < len(equations)
    return ["wrong"] if late or twice else [equations, dict(sorted(observed.items()))]


def _equations(said: str, events: Mapping[int, Any]) -> Iterator[list[Any]]:
    """The rules of a sentence whose phrases are replaced by marks."""
    for found in CAUSES.finditer(said):
        causes = [list(events[int(at)]) for at in re.findall(r"<(\d+)>", found[1])]
        for at in re.findall(r"<(\d+)>", found[2]):
            name, value = events[int(at)]
            yield [name, value, causes, "or" if " or " in found[1] else "and"]


RESULTS: dict[str, Callable[[Mapping[str, Any], Dag, Mapping[str, str]], list[str]]] = {
    "collider_bias": _influence,
    "backadj": _methods,
    "det-counterfactual": _determined,
}
