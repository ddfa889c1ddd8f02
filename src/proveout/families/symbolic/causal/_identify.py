"""Identification: the formula over observed probabilities that answers a causal question, or why there is none."""

from __future__ import annotations

from itertools import combinations, product
from typing import TYPE_CHECKING

from proveout.families.symbolic.causal._expression import Difference, Expression, Product, Ratio, Sum, Term, term
from proveout.families.symbolic.causal._general import Hedge, filled, general
from proveout.families.symbolic.causal._query import Derived, Identified, NotIdentified, Query, Separation, targets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from proveout.families.symbolic.causal._graph import Graph

__all__ = ["adjusts", "back_doors", "identify", "identify_all"]

LARGEST = 4
LINEAR = "the effect of the treatment is the same for all, or the instrument moves nobody the other way"
UNCONFOUNDED = "no unobserved variable biases the mediator's part"


def identify(graph: Graph, query: Query) -> Identified | NotIdentified:
    """The estimand of a query, or why the graph gives none; the formula with the fewest variables first.

    Back-door and front-door adjustment, instruments and the general algorithm for effects (Pearl, Causality, 2009;
    Shpitser and Pearl, AAAI 2006), the mediation formula for natural effects (Pearl, UAI 2001).

    Raises:
        GraphInvalid: the query has a variable that the graph does not.

    Example:
        >>> from proveout.families.symbolic.causal import parse_graph
        >>> found = identify(parse_graph("Z -> X -> Y, Z -> Y"), Query("ate", "Y", "X"))
        >>> print(found.estimand)
        sum over Z=z of [P(Y=1 | X=1, Z=z) P(Z=z)] - sum over Z=z of [P(Y=1 | X=0, Z=z) P(Z=z)]
    """
    found = identify_all(graph, query)
    return found if isinstance(found, NotIdentified) else found[0]


def identify_all(graph: Graph, query: Query) -> list[Identified] | NotIdentified:
    """Every estimand that the rules give, as `identify`; which one can be computed depends on what is known."""
    query.check(graph)
    plus, minus = targets(query)
    rules = [list(derive(graph, one)) for one in (plus, minus) if one is not None]
    if all(rules):
        # The same rule for both terms where it can be, so that the difference reads as one formula.
        pairs = sorted(product(*rules), key=lambda pair: len({(one.rule, one.sets) for one in pair}))
        return [_identified(query, pair) for pair in pairs]
    if query.kind == "ate" and not query.given:
        wald = [_identified(query, (one,), (LINEAR,)) for one in instruments(graph, query)]
        if wald:
            return wald
    return NotIdentified(query, _reason(graph, query), _under(graph, query))


def _identified(query: Query, derived: tuple[Derived, ...], assumptions: tuple[str, ...] = ()) -> Identified:
    first, *rest = derived
    formula = Difference(first.formula, rest[0].formula) if rest else first.formula
    return Identified(query, formula, derived, assumptions)


def derive(graph: Graph, one: Term) -> Iterator[Derived]:
    """Each way to derive a term."""
    if one.mediators:
        yield from _nested(graph, one)
    elif one.had:
        yield from _counterfactual(graph, one)
    elif one.do:
        yield from _effect(graph, one)
    else:
        yield Derived(one, "observed", one)


def adjusts(graph: Graph, x: str, y: str, given: Iterable[str]) -> bool:
    """Whether a set satisfies the back-door criterion: no descendant of X, and X's back doors to Y are blocked.

    Example:
        >>> from proveout.families.symbolic.causal import parse_graph
        >>> (
        ...     adjusts(parse_graph("Z -> X -> Y, Z -> Y"), "X", "Y", []),
        ...     adjusts(parse_graph("X -> Z, Y -> Z"), "X", "Y", ["Z"]),
        ... )
        (False, False)
    """
    known = set(given)
    return not known & graph.descendants(x) and graph.cut(out_of=[x]).separated(x, y, known)


def back_doors(graph: Graph, x: str, y: str) -> list[tuple[str, ...]]:
    """The minimal observed sets that satisfy the back-door criterion, smallest first, ties by name.

    Example:
        >>> from proveout.families.symbolic.causal import parse_graph
        >>> back_doors(parse_graph("A -> X -> Y, A -> B -> Y"), "X", "Y")
        [('A',), ('B',)]
    """
    pool = [name for name in graph.observed if name not in graph.descendants(x) | {y}]
    return _minimal(pool, lambda names: adjusts(graph, x, y, names))


def _minimal(pool: list[str], fits: Callable[[tuple[str, ...]], bool]) -> list[tuple[str, ...]]:
    """The sets of at most `LARGEST` names that fit and hold no smaller one that does."""
    found: list[tuple[str, ...]] = []
    for size in range(min(LARGEST, len(pool)) + 1):
        for names in combinations(pool, size):
            if not any(set(smaller) <= set(names) for smaller in found) and fits(names):
                found.append(names)
    return found


def _letters(names: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Each variable with the value that a sum over it runs through."""
    return tuple((name, name) for name in names)


def _summed(names: tuple[tuple[str, str], ...], *factors: Expression) -> Expression:
    body = factors[0] if len(factors) == 1 else Product(factors)
    return Sum(tuple(name for name, _ in names), body) if names else body


def _effect(graph: Graph, one: Term) -> Iterator[Derived]:
    """P(Y=y | do(X=x)), also given covariates that X does not cause."""
    (y, _), (x, _), given = one.of[0], one.do[0], dict(one.given)
    of = dict(one.of)
    if y not in graph.descendants(x) and not set(given) & graph.descendants(x):
        yield Derived(
            one, "no cause", term(of, given), (), ((x, y, tuple(sorted(given)), f"the graph without edges into {x}"),)
        )
        return
    for names in back_doors(graph, x, y) if not given else _with_covariates(graph, x, y, tuple(given)):
        letters = _letters(names)
        inside = term(of, {**given, **dict(one.do), **dict(letters)})
        weights = (term(dict(letters), given),) if names else ()
        known = tuple(sorted((*names, *given)))
        yield Derived(
            one,
            "back-door",
            _summed(letters, inside, *weights),
            (("adjust", names),),
            ((x, y, known, f"the graph without edges out of {x}"),),
        )
    if given:
        return
    found = False
    for names in front_doors(graph, x, y):
        found = True
        yield _front(one, names, averaged=True)
    if not found and not back_doors(graph, x, y):
        yield from _general(graph, one)


def _with_covariates(graph: Graph, x: str, y: str, given: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Minimal sets that satisfy the back-door criterion together with what is given."""
    pool = [name for name in graph.observed if name not in graph.descendants(x) | {y, *given}]
    return _minimal(pool, lambda names: adjusts(graph, x, y, (*names, *given)))


def _general(graph: Graph, one: Term) -> Iterator[Derived]:
    """By the complete algorithm, where neither door is open."""
    (y, value), do = one.of[0], dict(one.do)
    found = general(graph, y, tuple(do))
    if not isinstance(found, Hedge):
        answer = filled(found, {y: int(value), **{name: int(x) for name, x in do.items()}})
        yield Derived(one, "general identification", answer)


def front_doors(graph: Graph, x: str, y: str) -> list[tuple[str, ...]]:
    """The minimal observed sets that satisfy the front-door criterion."""
    between = (graph.descendants(x) & graph.ancestors(y)) - {x, y}
    pool = [name for name in graph.observed if name in between]
    return _minimal(pool, lambda names: bool(names) and _is_front(graph, x, y, names))


def _is_front(graph: Graph, x: str, y: str, names: tuple[str, ...]) -> bool:
    """All directed paths pass the set, no back door from X to it, and X blocks those from it to Y."""
    if any(graph.paths(x, y, without=names)):
        return False
    outward, beyond = graph.cut(out_of=[x]), graph.cut(out_of=names)
    return all(outward.separated(x, m) for m in names) and all(beyond.separated(m, y, [x]) for m in names)


def _front(one: Term, names: tuple[str, ...], *, averaged: bool) -> Derived:
    """The front-door formula; for those whose X is known (the effect on the treated) without the average over X."""
    (y, _), ((x, level),) = one.of[0], one.do or one.had
    letters = _letters(names)
    through = term(dict(letters), {x: level})
    facts: tuple[Separation, ...] = tuple((x, m, (), f"the graph without edges out of {x}") for m in names)
    facts += tuple((m, y, (x,), f"the graph without edges out of {', '.join(names)}") for m in names)
    if averaged:
        other = _letters([x])
        inside = term(dict(one.of), {**dict(letters), **dict(other)})
        formula = _summed((*letters, *other), through, inside, term(dict(other)))
    else:
        formula = _summed(letters, through, term(dict(one.of), {**dict(letters), **dict(one.given)}))
    return Derived(
        one, "front-door" if averaged else "front-door among the treated", formula, (("through", names),), facts
    )


def _counterfactual(graph: Graph, one: Term) -> Iterator[Derived]:
    """P(Y[X=x] = y | X=x')."""
    (y, _), ((x, level),), ((_, was),) = one.of[0], one.had, one.given
    of = dict(one.of)
    if level == was:
        yield Derived(one, "consistency", term(of, {x: was}))
        return
    for names in back_doors(graph, x, y):
        letters = _letters(names)
        weights = (term(dict(letters), {x: was}),) if names else ()
        formula = _summed(letters, term(of, {x: level, **dict(letters)}), *weights)
        yield Derived(
            one,
            "back-door among the treated",
            formula,
            (("adjust", names),),
            ((x, y, names, f"the graph without edges out of {x}"),),
        )
    for names in front_doors(graph, x, y):
        yield _front(one, names, averaged=False)


def _nested(graph: Graph, one: Term, *, lenient: bool = False) -> Iterator[Derived]:
    """P(Y[X=x, M[X=x']] = y): what an outcome would be if the mediators behaved as under the other treatment."""
    (y, _), ((x, level),), ((_, other),) = one.of[0], one.had, one.as_if
    m = one.mediators
    if not any(graph.paths(x, y, without=m)):
        # Nothing passes the mediators by, so that setting them as under X=x' is setting X=x'.
        for inner in _effect(graph, Term(one.of, do=((x, other),))):
            yield Derived(one, "all through the mediators", inner.formula, inner.sets, (), inner)
    pool = [name for name in graph.observed if name not in graph.descendants(x) | {y, *m}]
    for names in _minimal(pool, lambda sets: lenient or _mediates(graph, (x, y), m, sets)):
        letters, weights = _letters((*m, *names)), _letters(names)
        inside = term(dict(one.of), {x: level, **dict(letters)})
        middle = term(dict(_letters(m)), {x: other, **dict(weights)})
        last = (term(dict(weights)),) if names else ()
        rule = "mediation formula, as if nothing confounded it" if lenient else "mediation formula"
        yield Derived(
            one,
            rule,
            _summed(letters, inside, middle, *last),
            (("adjust", names),),
            () if lenient else _needs(x, y, m, names),
        )


def _needs(
    x: str, y: str, m: tuple[str, ...], names: tuple[str, ...]
) -> tuple[tuple[str, str, tuple[str, ...], str], ...]:
    """The independences of the mediation formula."""
    outward = f"the graph without edges out of {x}"
    beyond = f"the graph without edges out of {', '.join(m)}"
    known = tuple(sorted((x, *names)))
    return (*((x, one, names, outward) for one in (y, *m)), *((one, y, known, beyond) for one in m))


def _mediates(graph: Graph, ends: tuple[str, str], m: tuple[str, ...], names: tuple[str, ...]) -> bool:
    """Whether X is unconfounded with Y and the mediators, and these with Y, given covariates that X does not cause."""
    x, y = ends
    outward, beyond = graph.cut(out_of=[x]), graph.cut(out_of=m)
    if not all(outward.separated(x, one, names) for one in (y, *m)):
        return False
    return all(beyond.separated(one, y, (x, *names)) for one in m)


def instruments(graph: Graph, query: Query) -> Iterator[Derived]:
    """The Wald ratio of each instrument: it moves X, and Y only through X (Angrist, Imbens and Rubin 1996)."""
    x, y = query.treatment, query.outcome
    for z in graph.observed:
        outward = graph.cut(out_of=[x])
        if z in {x, y} or z in graph.descendants(x) or graph.separated(z, x) or not outward.separated(z, y):
            continue
        over, under = (
            Difference(
                term({name: 1 if name == x else query.value}, {z: 1}),
                term({name: 1 if name == x else query.value}, {z: 0}),
            )
            for name in (y, x)
        )
        fact = (z, y, (), f"the graph without edges out of {x}")
        yield Derived(None, "instrument", Ratio(over, under), (("instrument", (z,)),), (fact,))


def _under(graph: Graph, query: Query) -> Identified | None:
    """What texts compute all the same, under an assumption that the graph contradicts."""
    if query.kind not in {"nde", "nie"}:
        return None
    plus, minus = targets(query)
    if minus is None:
        return None
    first = next(_nested(graph, plus, lenient=True), None)
    second = next(_nested(graph, minus, lenient=True), None)
    return _identified(query, (first, second), (UNCONFOUNDED,)) if first and second else None


def _reason(graph: Graph, query: Query) -> str:
    """Why no rule answers a query."""
    x, y = query.treatment, query.outcome
    if query.kind in {"nde", "nie"}:
        m = ", ".join(query.mediators)
        return f"an unobserved common cause of {m} and {y}, or of {x} and either, stays open whatever is adjusted for"
    found = general(graph, y, (x,))
    if isinstance(found, Hedge):
        return f"an open back-door path from {x} to {y} cannot be blocked: {found}"
    return f"no rule for the {query.kind} of {x} on {y} applies to this graph"
