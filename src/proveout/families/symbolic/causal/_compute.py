"""Evaluation: a causal question answered from stated probabilities, exactly, with the bounds that rounding leaves."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from proveout.families.symbolic.causal._bounds import bounds, values
from proveout.families.symbolic.causal._expression import expanded, terms_of
from proveout.families.symbolic.causal._identify import identify_all
from proveout.families.symbolic.causal._query import Derived, Identified, NotIdentified, Query
from proveout.families.symbolic.causal._stated import LIKE_ALL, Line, Resolver, Stated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from proveout.families.symbolic.causal._graph import Graph

__all__ = ["Asked", "Verdict", "evaluate"]

ALIKE = "those asked about are as all are in what the treatment does not cause"
Answer = Literal["yes", "no", "not identified", "undecided"]
Asked = Literal["greater", "smaller"]


class Verdict(msgspec.Struct, frozen=True):
    """What a causal question comes to.

    Args:
        answer: ``yes`` or ``no`` when every value that rounds to the stated numbers says so, ``undecided`` when some
            say the one and some the other, ``not identified`` when graph and numbers do not give an answer.
        point: ``yes`` or ``no`` by the numbers as stated, ``no`` where these do not decide and differ by less than half
            of their last digit; empty when they give none.
        value: the quantity asked for, by the numbers as stated.
        interval: its least and largest value over all that rounds to the stated numbers; None when unknown.
        identified: the estimand and the steps that lead to it.
        numbers: the value of each line.
        assumptions: what must hold besides the graph.
        reason: why there is no answer; empty when there is one.
        lines: the arithmetic as data, each line after those it uses.
        ends: which lines are counted positive and taken away.
    """

    answer: Answer
    point: str = ""
    value: Fraction | None = None
    interval: tuple[Fraction, Fraction] | None = None
    identified: Identified | None = None
    numbers: tuple[Fraction, ...] = ()
    assumptions: tuple[str, ...] = ()
    reason: str = ""
    lines: tuple[Line, ...] = ()
    ends: tuple[int, int | None] = (0, None)

    @property
    def estimand(self) -> str:
        """The formula over probabilities that data may show, as text."""
        return str(self.identified.estimand) if self.identified else ""

    @property
    def derivation(self) -> tuple[str, ...]:
        """The steps that lead to the estimand, in words."""
        return self.identified.steps if self.identified else ()

    @property
    def arithmetic(self) -> tuple[str, ...]:
        """Each computed probability, its formula and its value."""
        return tuple(_written(line, number) for line, number in zip(self.lines, self.numbers, strict=True))


def evaluate(
    graph: Graph, query: Query, stated: Sequence[Stated], *, asked: Asked = "greater", threshold: Fraction | int = 0
) -> Verdict:
    """Whether a causal quantity is greater (smaller) than a threshold, by stated probabilities of binary variables.

    Args:
        graph: the causal graph.
        query: the quantity.
        stated: probabilities with what they may be before rounding, as `rounded` makes them.
        asked: whether the question is if the quantity is greater or smaller.
        threshold: than what.

    Raises:
        GraphInvalid: the query has a variable that the graph does not.

    Example:
        >>> from proveout.families.symbolic.causal import parse_graph, rounded, term
        >>> stated = [rounded(term({"Y": 1}, {"X": 0}), "30"), rounded(term({"Y": 1}, {"X": 1}), "80")]
        >>> found = evaluate(parse_graph("X -> Y"), Query("ate", "Y", "X"), stated)
        >>> found.answer, found.estimand, float(found.value), [float(end) for end in found.interval]
        ('yes', 'P(Y=1 | X=1) - P(Y=1 | X=0)', 0.5, [0.49, 0.51])
    """
    found = identify_all(graph, query)
    unidentified = found if isinstance(found, NotIdentified) else None
    ways = ([found.under] if found.under else []) if isinstance(found, NotIdentified) else found
    missing = ""
    for like_all in ("", query.treatment) if query.kind == "ett" else ("",):
        resolver = Resolver(graph, stated, like_all)
        for way in ways:
            lines, missing = _lines(resolver, way)
            if not missing:
                return _verdict(way, lines, stated, (asked, Fraction(threshold)), unidentified)
    reason = unidentified.reason if unidentified else f"{missing} does not follow from what is stated"
    return Verdict("not identified", reason=reason)


def _lines(resolver: Resolver, way: Identified) -> tuple[list[Line], str]:
    """The lines that give a query's terms, and the first term that cannot be had."""
    done: dict[Any, Line] = {}
    for derived in way.derivation:
        for one in terms_of(derived.formula):
            found = resolver.lines(one)
            if not found:
                return [], str(one)
            done.update((line.term, line) for line in found if line.term not in done)
        for line in _causal(derived):
            done[line.term] = line
    return list(done.values()), ""


def _causal(derived: Derived) -> list[Line]:
    """The lines of a derived probability: one, or the one it equals first."""
    if derived.rule == "observed":
        return []
    if derived.via is not None and derived.via.term is not None:
        return [*_causal(derived.via), Line(derived.term, derived.rule, derived.via.term)]
    return [Line(derived.term, derived.rule, derived.formula, None, derived.sets, derived.separations)]


def _verdict(
    way: Identified,
    lines: list[Line],
    stated: Sequence[Stated],
    asked: tuple[Asked, Fraction],
    unidentified: NotIdentified | None,
) -> Verdict:
    """The verdict of one way to compute the quantity."""
    places = {line.term: at for at, line in enumerate(lines)}
    plus, *rest = (places[one.term] for one in way.derivation)
    minus = rest[0] if rest else None
    try:
        found = values(lines, [one.point for one in stated])
    except ZeroDivisionError:
        return Verdict("not identified", reason="a probability is asked given something that is stated never to happen")
    value = found[plus] if minus is None else found[plus] - found[minus]
    within = bounds(lines, stated, plus, minus)
    direction, threshold = asked
    answer = _answer(direction, threshold, within)
    none = answer == "undecided" and threshold == 0 and abs(value) < _half(lines, stated)
    assumptions, reason = way.assumptions, unidentified.reason if unidentified else ""
    unknown = sorted({str(line.term) for line in lines if line.rule == LIKE_ALL})
    if unknown and answer == "undecided":
        assumptions, reason = (*assumptions, ALIKE), f"nothing stated says {', '.join(unknown)}, and it decides"
    return Verdict(
        answer="not identified" if reason else answer,
        point="yes" if _holds(direction, threshold, value) and not none else "no",
        value=value,
        interval=(within.low, within.high) if within else None,
        identified=way,
        numbers=tuple(found),
        assumptions=assumptions,
        reason=reason,
        lines=tuple(lines),
        ends=(plus, minus),
    )


def _holds(direction: Asked, threshold: Fraction, value: Fraction) -> bool:
    return value > threshold if direction == "greater" else value < threshold


def _half(lines: Sequence[Line], stated: Sequence[Stated]) -> Fraction:
    """Half of the last digit of the stated numbers that are used: a difference below it counts as none."""
    used = [stated[line.stated] for line in lines if line.stated is not None]
    return max((max(one.high - one.point, one.point - one.low) for one in used), default=Fraction(0))


def _answer(direction: Asked, threshold: Fraction, within: Any) -> Answer:
    """The verdict of bounds."""
    if within is None:
        return "undecided"
    found = {_holds(direction, threshold, within.low), _holds(direction, threshold, within.high)}
    if len(found) > 1:
        return "undecided"
    return "yes" if found.pop() else "no"


def _written(line: Line, number: Fraction) -> str:
    """A line as text."""
    name = str(line.term) if line.term else "effect"
    formula = line.full
    return f"{name} = {f'{expanded(formula)} = ' if formula is not None else ''}{number} ({line.rule})"
