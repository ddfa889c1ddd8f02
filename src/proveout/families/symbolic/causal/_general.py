"""The general algorithm that finds a formula for P(y | do(x)) whenever there is one.

Shpitser and Pearl, "Identification of joint interventional distributions in recursive semi-Markovian causal models",
AAAI 2006, figure 3; the numbers in comments are its lines.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import msgspec

from proveout.families.symbolic.causal._expression import Difference, Expression, Product, Ratio, Sum, Term, Total, term

if TYPE_CHECKING:
    from proveout.families.symbolic.causal._graph import Graph

__all__ = ["Hedge", "filled", "general"]


class Hedge(msgspec.Struct, frozen=True):
    """Two sets of variables, tied together by unobserved causes, that prove that there is no formula."""

    larger: tuple[str, ...]
    smaller: tuple[str, ...]

    def __str__(self) -> str:
        return f"the hedge {{{', '.join(self.larger)}}} over {{{', '.join(self.smaller)}}}"


class _Found(Exception):
    def __init__(self, hedge: Hedge) -> None:
        super().__init__(str(hedge))
        self.hedge = hedge


class _Mixed(msgspec.Struct, frozen=True):
    """Observed variables in causal order, with direct causes and pairs that share an unobserved one."""

    order: tuple[str, ...]
    edges: frozenset[tuple[str, str]]
    pairs: frozenset[frozenset[str]]

    def part(self, names: frozenset[str]) -> _Mixed:
        kept = frozenset(edge for edge in self.edges if set(edge) <= names)
        pairs = frozenset(pair for pair in self.pairs if pair <= names)
        return _Mixed(tuple(name for name in self.order if name in names), kept, pairs)

    def ancestors(self, names: frozenset[str], without_into: frozenset[str] = frozenset()) -> frozenset[str]:
        found = set(names)
        for name in reversed(self.order):
            found |= {a for a, b in self.edges if b in found and b not in without_into and b == name}
        return frozenset(found)

    def components(self) -> list[frozenset[str]]:
        left, found = list(self.order), []
        while left:
            group = {left[0]}
            while more := {name for pair in self.pairs if pair & group for name in pair} - group:
                group |= more
            found.append(frozenset(group))
            left = [name for name in left if name not in group]
        return found


class _Law(msgspec.Struct, frozen=True):
    """A distribution over variables in causal order: the observed one, or a formula for their joint probability."""

    order: tuple[str, ...]
    joint: Expression | None = None

    def of(self, names: frozenset[str]) -> Expression:
        """The joint probability of some of the variables."""
        if self.joint is None:
            return term({name: name for name in names})
        rest = tuple(name for name in self.order if name not in names)
        return Sum(rest, self.joint) if rest else self.joint

    def only(self, names: frozenset[str]) -> _Law:
        """The distribution of some of the variables."""
        kept = tuple(name for name in self.order if name in names)
        return _Law(kept) if self.joint is None else _Law(kept, self.of(names))

    def given_before(self, name: str) -> Expression:
        """P(name | those before it)."""
        before = frozenset(self.order[: self.order.index(name)])
        if self.joint is None:
            return term({name: name}, {other: other for other in before})
        upper = self.of(before | {name})
        return Ratio(upper, self.of(before)) if before else upper

    def product(self, names: frozenset[str]) -> Expression:
        factors = tuple(self.given_before(name) for name in self.order if name in names)
        return factors[0] if len(factors) == 1 else Product(factors)


def general(graph: Graph, outcome: str, treatments: tuple[str, ...]) -> Expression | Hedge:
    """A formula for P(outcome | do(treatments)) whose values are named by the variables, or the hedge against it.

    Example:
        >>> from proveout.families.symbolic.causal import Graph
        >>> print(general(Graph((("X", "M"), ("M", "Y"), ("U", "X"), ("U", "Y")), ("U",)), "Y", ("X",)))
        sum over M=m of [P(M=m | X=x) sum over X=x of [P(X=x) P(Y=y | M=m, X=x)]]
        >>> print(general(Graph((("X", "Y"), ("U", "X"), ("U", "Y")), ("U",)), "Y", ("X",)))
        the hedge {X, Y} over {Y}
    """
    mixed = _projected(graph)
    try:
        return _identify(frozenset([outcome]), frozenset(treatments), _Law(mixed.order), mixed)
    except _Found as found:
        return found.hedge


def _projected(graph: Graph) -> _Mixed:
    """The observed part of a graph, its unobserved variables turned into pairs."""
    hidden = set(graph.unobserved)

    def reached(start: str) -> set[str]:
        found: set[str] = set()
        front = list(graph.children(start))
        while front:
            name = front.pop()
            found.add(name)
            front.extend(graph.children(name) if name in hidden else ())
        return found - hidden

    edges = frozenset((a, b) for a in graph.observed for b in reached(a))
    pairs = frozenset(frozenset(two) for name in hidden for two in combinations(sorted(reached(name)), 2))
    return _Mixed(tuple(name for name in graph.order() if name not in hidden), edges, pairs)


def _identify(y: frozenset[str], x: frozenset[str], law: _Law, graph: _Mixed) -> Expression:
    everything = frozenset(graph.order)
    if not x:  # 1
        return law.of(y)
    above = graph.ancestors(y)
    if everything - above:  # 2
        return _identify(y, x & above, law.only(above), graph.part(above))
    free = everything - x - graph.ancestors(y, without_into=x)
    if free:  # 3
        return _identify(y, x | free, law, graph)
    parts = graph.part(everything - x).components()
    if len(parts) > 1:  # 4
        factors = Product(tuple(_identify(part, everything - part, law, graph) for part in parts))
        rest = tuple(name for name in graph.order if name not in y | x)
        return Sum(rest, factors) if rest else factors
    return _one_component(y, x, law, graph, parts[0])


def _one_component(y: frozenset[str], x: frozenset[str], law: _Law, graph: _Mixed, part: frozenset[str]) -> Expression:
    components = graph.components()
    if len(components) == 1:  # 5
        raise _Found(Hedge(graph.order, tuple(name for name in graph.order if name in part)))
    if part in components:  # 6
        rest = tuple(name for name in graph.order if name in part - y)
        return Sum(rest, law.product(part)) if rest else law.product(part)
    around = next(one for one in components if part < one)  # 7
    inner = tuple(name for name in graph.order if name in around)
    return _identify(y, x & around, _Law(inner, law.product(around)), graph.part(around))


def filled(formula: Expression, values: dict[str, int]) -> Expression:
    """A formula with values for its free names; other free names make no difference to it and become 0."""
    if isinstance(formula, Term):
        return msgspec.structs.replace(formula, of=_put(formula.of, values), given=_put(formula.given, values))
    if isinstance(formula, Sum):
        # A name that a sum runs over is free no longer.
        return Sum(formula.over, filled(formula.body, {**values, **dict.fromkeys(formula.over, BOUND)}))
    if isinstance(formula, Product):
        return Product(tuple(filled(one, values) for one in formula.factors))
    if isinstance(formula, Difference):
        return Difference(filled(formula.left, values), filled(formula.right, values))
    if isinstance(formula, Ratio):
        return Ratio(filled(formula.over, values), filled(formula.under, values))
    return Total(tuple(filled(one, values) for one in formula.parts))


BOUND = -1


def _put(of: tuple[tuple[str, int | str], ...], values: dict[str, int]) -> tuple[tuple[str, int | str], ...]:
    return tuple(
        (name, value if not isinstance(value, str) or values.get(value) == BOUND else values.get(value, 0))
        for name, value in of
    )
