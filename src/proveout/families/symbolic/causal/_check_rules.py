"""Independent checker of causal proofs: what each rule gives, and which independences it needs.

A rule gives the products over and under the line with the independences needed, or None; values are 0 and 1.
"""

from __future__ import annotations

from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any

from proveout.families.symbolic.causal._check_graph import Case, Term, written

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["RULES"]

Products = list[tuple[int, list[Term]]]
Found = tuple[Products, Products, list[Any]] | None


def _cut(names: Sequence[str]) -> str:
    return f"the graph without edges out of {', '.join(names)}"


def _p(of: Mapping[str, int], given: Mapping[str, int] | None = None) -> Term:
    return written(of=of.items(), given=(given or {}).items())


def _settings(names: Sequence[str]) -> list[dict[str, int]]:
    return [dict(zip(names, values, strict=True)) for values in product((0, 1), repeat=len(names))]


def _complement(case: Case) -> Found:
    ((name, value),), given, *rest = case.term
    return None if any(rest) or case.sets else ([(1, []), (-1, [_p({name: 1 - value}, dict(given))])], [], [])


def _independence(case: Case) -> Found:
    ((name, value),), given = case.term[0], dict(case.term[1])
    (dropped,) = case.sets["drop"]
    rest = {key: kept for key, kept in given.items() if key != dropped}
    if dropped not in given or any(case.term[2:]) or not case.dag.apart(name, dropped, rest):
        return None
    return [(1, [_p({name: value}, rest)])], [], [[name, dropped, sorted(rest), "the graph"]]


def _total(case: Case) -> Found:
    of, given = dict(case.term[0]), dict(case.term[1])
    (over,) = case.sets["over"]
    if any(case.term[2:]) or over in of or over in given:
        return None
    return [(1, [_p(of, {**given, over: v}), _p({over: v}, given)]) for v in (0, 1)], [], []


def _sum_of_joint(case: Case) -> Found:
    of, given = dict(case.term[0]), dict(case.term[1])
    (over,) = case.sets["over"]
    if any(case.term[2:]) or over in of or over in given:
        return None
    return [(1, [_p({**of, over: v}, given)]) for v in (0, 1)], [], []


def _ratio(case: Case) -> Found:
    of, given = dict(case.term[0]), dict(case.term[1])
    (moved,) = case.sets["given"]
    event = {moved: given.pop(moved)}
    return None if any(case.term[2:]) else ([(1, [_p(of | event, given)])], [(1, [_p(event, given)])], [])


def _rest_of_joint(case: Case) -> Found:
    of, given = dict(case.term[0]), dict(case.term[1])
    (over,) = case.sets["over"]
    flipped = {**of, over: 1 - of.pop(over)}
    return None if any(case.term[2:]) or not of else ([(1, [_p(of, given)]), (-1, [_p(flipped, given)])], [], [])


def _product(case: Case) -> Found:
    of, given = dict(case.term[0]), dict(case.term[1])
    (first,) = case.sets["first"]
    event = {first: of.pop(first)}
    return None if any(case.term[2:]) or not of else ([(1, [_p(event, of | given), _p(of, given)])], [], [])


def _as_among_all(case: Case) -> Found:
    ((name, value),), ((x, _),), *rest = case.term
    applies = case.term[1] == (case.roles["x"],) and name not in case.dag.below({x}) and not any((*rest, case.sets))
    return ([(1, [_p({name: value})])], [], []) if applies else None


def _no_cause(case: Case) -> Found:
    ((y, value),), given, ((x, _),), *rest = case.term
    if any(rest) or given or y in case.dag.below({x}):
        return None
    return [(1, [_p({y: value})])], [], [[x, y, [], f"the graph without edges into {x}"]]


def _back_door(case: Case) -> Found:
    of, given, do, had, *rest = case.term
    ((y, value),), ((x, level),), names = of, had or do, case.sets["adjust"]
    # Among the treated, the weights of the adjusted variables are theirs.
    if (
        any(rest)
        or bool(given) != bool(had)
        or dict(given).keys() - {x}
        or not case.dag.adjusts(x, y, names)
        or set(names) & case.dag.unobserved
    ):
        return None
    over = [(1, [_p({y: value}, {x: level, **z}), *([_p(z, dict(given))] if names else [])]) for z in _settings(names)]
    return over, [], [[x, y, sorted(names), _cut([x])]]


def _front_door(case: Case) -> Found:
    of, given, do, had, *rest = case.term
    ((y, value),), ((x, level),), names = of, had or do, case.sets["through"]
    needs = [[x, m, [], _cut([x])] for m in names] + [[m, y, [x], _cut(names)] for m in names]
    blocked = all(case.dag.apart(x, m, (), [x]) and case.dag.apart(m, y, [x], names) for m in names)
    if (
        any(rest)
        or bool(given) != bool(had)
        or dict(given).keys() - {x}
        or not names
        or not blocked
        or case.dag.direct(x, y, names)
        or set(names) & case.dag.unobserved
    ):
        return None
    if had:
        return [(1, [_p(m, {x: level}), _p({y: value}, {**m, **dict(given)})]) for m in _settings(names)], [], needs
    pairs = [(m, v) for m in _settings(names) for v in (0, 1)]
    return [(1, [_p(m, {x: level}), _p({y: value}, {**m, x: v}), _p({x: v})]) for m, v in pairs], [], needs


def _instrument(case: Case) -> Found:
    (z,), (x, _), (y, value) = case.sets["instrument"], case.roles["x"], case.roles["y"]
    blocked = case.dag.apart(z, y, (), [x])
    if case.term or not blocked or case.dag.apart(z, x, ()) or z in case.dag.below({x}) | case.dag.unobserved:
        return None
    over, under = ([(1, [_p({name: v}, {z: 1})]), (-1, [_p({name: v}, {z: 0})])] for name, v in ((y, value), (x, 1)))
    return over, under, [[z, y, [], _cut([x])]]


def _consistency(case: Case) -> Found:
    of, given, do, had, *rest = case.term
    if given != had or do or any(rest) or case.sets:
        return None
    return [(1, [written(of=of, given=given)])], [], []


def _all_through(case: Case) -> Found:
    of, given, do, had, mediators, as_if = case.term
    if given or do or not mediators or case.sets or case.dag.direct(had[0][0], of[0][0], mediators):
        return None
    return [(1, [written(of=of, do=as_if)])], [], []


def _mediation(case: Case, *, lenient: bool = False) -> Found:
    ((y, value),), given, do, ((x, level),), m, ((_, other),) = case.term
    names = case.sets["adjust"]
    needs = [[x, one, list(names), _cut([x])] for one in (y, *m)]
    needs += [[one, y, sorted((x, *names)), _cut(m)] for one in m]
    holds = all(case.dag.apart(a, b, c, [x] if a == x else m) for a, b, c, _ in needs)
    if given or do or not m or holds == lenient or set(names) & (case.dag.below({x}) | case.dag.unobserved):
        return None
    over = [
        (1, [_p({y: value}, {x: level, **s, **z}), _p(s, {x: other, **z}), *([_p(z)] if names else [])])
        for s in _settings(m)
        for z in _settings(names)
    ]
    return over, [], [] if lenient else needs


def _world(rule: Callable[[Case], Found], *, treated: bool) -> Callable[[Case], Found]:
    """A rule for those treated (terms of what would have been), or for all (terms of doing)."""
    return lambda case: rule(case) if bool(case.term and case.term[3]) == treated else None


RULES: dict[str, Callable[[Case], Found]] = {
    "complement": _complement,
    "independence": _independence,
    "total probability": _total,
    "sum of joint": _sum_of_joint,
    "ratio": _ratio,
    "rest of joint": _rest_of_joint,
    "product": _product,
    "as among all": _as_among_all,
    "no cause": _no_cause,
    "back-door": _world(_back_door, treated=False),
    "back-door among the treated": _world(_back_door, treated=True),
    "front-door": _world(_front_door, treated=False),
    "front-door among the treated": _world(_front_door, treated=True),
    "instrument": _instrument,
    "consistency": _consistency,
    "all through the mediators": _all_through,
    "mediation formula": _mediation,
    "mediation formula, as if nothing confounded it": partial(_mediation, lenient=True),
}
