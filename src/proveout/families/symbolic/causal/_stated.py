"""Stated probabilities: what a rounded number may be, and how other probabilities follow from those stated."""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from proveout.families.symbolic.causal._expression import (
    Difference,
    Expression,
    Product,
    Ratio,
    Sum,
    Term,
    term,
    written_out,
    written_terms,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from proveout.families.symbolic.causal._graph import Graph

__all__ = ["LIKE_ALL", "Line", "Resolver", "Stated", "rounded"]

DEPTH = 7
LIKE_ALL = "as among all"
ONE = Product(())


class Stated(msgspec.Struct, frozen=True):
    """A probability as a text states it: the number, and the least and largest it may be before rounding.

    Example:
        >>> rounded(term({"Y": 1}), "69").low
        Fraction(137, 200)
    """

    term: Term
    point: Fraction
    low: Fraction
    high: Fraction


def rounded(of: Term, percent: str) -> Stated:
    """A probability that was rounded to the last digit written, in per cent, and is no less than 0 and no more than 1.

    Example:
        >>> found = rounded(term({"Y": 1}), "99.5")
        >>> float(found.low), float(found.high)
        (0.9945, 0.9955)
    """
    whole, _, digits = percent.partition(".")
    # In halves of the last digit.
    steps, most = 2 * int(whole + digits), 200 * 10 ** len(digits)
    low, high = max(0, steps - 1), min(steps + 1, most)
    return Stated(of, Fraction(steps, most), Fraction(low, most), Fraction(high, most))


class Line(msgspec.Struct, frozen=True, dict=True):
    """One line of a derivation: a term, and the formula over terms of earlier lines that gives it.

    Args:
        term: what the line gives; None for an effect that is no probability.
        rule: why.
        formula: None for a stated probability.
        stated: which one, for a stated probability.
        sets: variables that the rule uses, by role.
        separations: independences that the rule needs: two variables, what is given, and the graph they hold in.
    """

    term: Term | None
    rule: str
    formula: Expression | None = None
    stated: int | None = None
    sets: tuple[tuple[str, tuple[str, ...]], ...] = ()
    separations: tuple[tuple[str, str, tuple[str, ...], str], ...] = ()

    @cached_property
    def full(self) -> Expression | None:
        """The formula with its sums written out."""
        return None if self.formula is None else written_out(self.formula)

    @cached_property
    def needs(self) -> tuple[Term, ...]:
        """The terms of the formula."""
        return () if self.full is None else written_terms(self.full)


class Resolver:
    """Derives probabilities of binary variables from stated ones, by the rules of probability and the graph.

    Args:
        graph: the causal graph.
        stated: the probabilities to start from.
        like_all: a variable whose groups are taken to be as all are in what it does not cause, where nothing stated
            says how they are; such a line holds for its point only, and `bounds` lets it be anything from 0 to 1.

    Example:
        >>> from proveout.families.symbolic.causal import Graph
        >>> graph = Graph((("X", "Y"),))
        >>> stated = [rounded(term({"Y": 1}, {"X": x}), p) for x, p in ((0, "30"), (1, "80"))]
        >>> resolver = Resolver(graph, [*stated, rounded(term({"X": 1}), "50")])
        >>> [line.rule for line in resolver.lines(term({"Y": 1}))]
        ['stated', 'stated', 'complement', 'stated', 'total probability']
    """

    def __init__(self, graph: Graph, stated: Sequence[Stated], like_all: str = "") -> None:
        self._graph, self._like_all = graph, like_all
        self._known = {one.term: at for at, one in reversed(list(enumerate(stated)))}
        self._names = sorted({name for one in stated for name, _ in (*one.term.of, *one.term.given)})
        # What is stated of which variables beside which, so that ways which need other statements are not tried.
        self._joint_stated = any(len(one.term.of) > 1 for one in stated)
        self._beside = {
            (name, other) for one in stated for name, _ in one.term.of for other, _ in (*one.term.of, *one.term.given)
        }
        self._found: dict[Term, Line] = {}
        self._failed: dict[Term, int] = {}

    def lines(self, wanted: Term) -> list[Line]:
        """The derivation of a term, each line after those it uses; empty when it does not follow."""
        if self._solve(wanted, DEPTH) is None:
            return []
        done: dict[Term, Line] = {}
        self._collect(wanted, done)
        return list(done.values())

    def _collect(self, wanted: Term, done: dict[Term, Line]) -> None:
        line = self._found[wanted]
        for one in line.needs:
            if one not in done:
                self._collect(one, done)
        done[wanted] = line

    def _solve(self, wanted: Term, depth: int) -> Line | None:
        if wanted in self._found:
            return self._found[wanted]
        if self._failed.get(wanted, -1) >= depth:
            return None
        self._failed[wanted] = depth
        for line in self._ways(wanted):
            if (depth or not line.needs) and all(self._solve(one, depth - 1) for one in line.needs):
                self._found[wanted] = line
                return line
        return None

    def _ways(self, wanted: Term) -> Iterator[Line]:
        """Ways to give a term, the plainest first."""
        if wanted in self._known:
            yield Line(wanted, "stated", stated=self._known[wanted])
            return
        if len(wanted.of) == 1:
            yield from self._single(wanted)
        else:
            yield from self._joint(wanted)

    def _single(self, wanted: Term) -> Iterator[Line]:
        (name, value), given = wanted.of[0], dict(wanted.given)
        if value == 0:
            yield Line(wanted, "complement", Difference(ONE, term({name: 1}, given)))
            return
        other = term({name: 0}, given)
        if other in self._known:
            yield Line(wanted, "complement", Difference(ONE, other))
        for dropped in given:
            rest = {key: kept for key, kept in given.items() if key != dropped}
            if self._graph.separated(name, dropped, rest):
                fact = (name, dropped, tuple(sorted(rest)), "the graph")
                yield Line(wanted, "independence", term({name: 1}, rest), None, (("drop", (dropped,)),), (fact,))
        yield from self._over_others(wanted)
        for moved, kept in given.items():
            if not self._joint_stated and (moved, name) not in self._beside:
                continue
            rest = {key: other for key, other in given.items() if key != moved}
            upper = term({name: 1, moved: kept}, rest)
            yield Line(wanted, "ratio", Ratio(upper, term({moved: kept}, rest)), sets=(("given", (moved,)),))
        if list(given) == [self._like_all] and name not in self._graph.descendants(self._like_all):
            yield Line(wanted, LIKE_ALL, term({name: 1}))

    def _over_others(self, wanted: Term) -> Iterator[Line]:
        """Sums over a further variable."""
        (name, _), given = wanted.of[0], dict(wanted.given)
        for over in self._names:
            if over != name and over not in given and (name, over) in self._beside:
                parts = (term({name: 1}, {**given, over: over}), term({over: over}, given))
                yield Line(wanted, "total probability", Sum((over,), Product(parts)), sets=(("over", (over,)),))
                if self._joint_stated:
                    joint = term({name: 1, over: over}, given)
                    yield Line(wanted, "sum of joint", Sum((over,), joint), sets=(("over", (over,)),))

    def _joint(self, wanted: Term) -> Iterator[Line]:
        of, given = dict(wanted.of), dict(wanted.given)
        for name, value in of.items():
            rest = {key: kept for key, kept in of.items() if key != name}
            flipped = term({**rest, name: 1 - int(value)}, given)
            if flipped in self._known:
                yield Line(wanted, "rest of joint", Difference(term(rest, given), flipped), sets=(("over", (name,)),))
        for name, value in of.items():
            rest = {key: kept for key, kept in of.items() if key != name}
            parts = (term({name: value}, {**rest, **given}), term(rest, given))
            yield Line(wanted, "product", Product(parts), sets=(("first", (name,)),))
