"""What may be asked of a causal graph, and what comes of asking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from proveout.errors import GraphInvalid
from proveout.families.symbolic.causal._expression import Expression, Term, events

if TYPE_CHECKING:
    from proveout.families.symbolic.causal._graph import Graph

__all__ = ["Derived", "Identified", "Kind", "NotIdentified", "Query", "Separation", "targets"]

Kind = Literal["probability", "association", "effect", "ate", "ett", "nde", "nie"]
Separation = tuple[str, str, tuple[str, ...], str]


class Query(msgspec.Struct, frozen=True):
    """A question about an outcome.

    Args:
        kind: ``probability`` P(Y), ``association`` P(Y | X=1) - P(Y | X=0), ``effect`` P(Y | do(X)),
            ``ate`` the average effect of X, ``ett`` its effect on those with X=1, ``nde`` and ``nie`` its natural
            direct and indirect effect.
        outcome: Y.
        treatment: X; the empty text for ``probability``.
        mediators: of ``nde`` and ``nie``.
        given: values that are known in both worlds.
        value: of the outcome.
        level: of the treatment in ``effect``, and of those treated in ``ett``.

    Example:
        >>> Query("ate", "Y", "X").kind
        'ate'
    """

    kind: Kind
    outcome: str
    treatment: str = ""
    mediators: tuple[str, ...] = ()
    given: tuple[tuple[str, int], ...] = ()
    value: int = 1
    level: int = 1

    def check(self, graph: Graph) -> None:
        """Refuse variables that the graph does not have."""
        wanted = {self.outcome, *self.mediators, *dict(self.given)} | ({self.treatment} - {""})
        for name in sorted(wanted - set(graph.variables)):
            raise GraphInvalid(
                "an unknown variable in the question",
                why=f"{name!r} is none of {', '.join(graph.variables)}",
                fix="ask about a variable of the graph",
                about=name,
            )


class Derived(msgspec.Struct, frozen=True):
    """One probability that no data show, derived from ones that data may show.

    Args:
        term: what was wanted; None for an effect that an instrument gives as a whole.
        rule: how: ``back-door``, ``front-door``, ``instrument``, and so on.
        formula: the estimand.
        sets: variables that the rule uses, by role.
        separations: independences that the rule needs: two variables, what is given, and the graph they hold in.
        via: the derivation of the term that this one equals, where the rule only says that they are equal.
    """

    term: Term | None
    rule: str
    formula: Expression
    sets: tuple[tuple[str, tuple[str, ...]], ...] = ()
    separations: tuple[Separation, ...] = ()
    via: Derived | None = None


class Identified(msgspec.Struct, frozen=True):
    """A query with its estimand: a formula over probabilities that data may show.

    Args:
        query: what was asked.
        estimand: the formula.
        derivation: the probabilities derived on the way, the one counted positive first.
        assumptions: what must hold besides the graph.
    """

    query: Query
    estimand: Expression
    derivation: tuple[Derived, ...]
    assumptions: tuple[str, ...] = ()

    @property
    def steps(self) -> tuple[str, ...]:
        """The derivation in words."""
        return tuple(line for one in self.derivation for line in _steps(one))


class NotIdentified(msgspec.Struct, frozen=True):
    """A query that the graph and data of its observed variables do not determine, and why."""

    query: Query
    reason: str
    under: Identified | None = None


def _steps(one: Derived) -> list[str]:
    """A derived probability in words."""
    if one.via is not None:
        return [f"{one.term} = {one.via.term} by {one.rule}", *_steps(one.via)]
    sets = "; ".join(f"{role} {', '.join(names) or 'nothing'}" for role, names in one.sets)
    facts = [
        f"{a} is independent of {b} given {', '.join(c) or 'nothing'} in {where}" for a, b, c, where in one.separations
    ]
    name = str(one.term) if one.term else "the effect"
    return [f"{name} = {one.formula} by {one.rule}{f' ({sets})' if sets else ''}", *facts]


def targets(query: Query) -> tuple[Term, Term | None]:
    """The probability counted positive and the one taken from it."""
    of, x, m = ((query.outcome, query.value),), query.treatment, query.mediators
    zero, one = ((x, 0),), ((x, 1),)
    given = events(dict(query.given))

    def with_x(value: int) -> tuple[tuple[str, int], ...]:
        return tuple(sorted({**dict(query.given), x: value}.items()))

    if query.kind == "probability":
        return Term(of, given), None
    if query.kind == "effect":
        return Term(of, given, do=((x, query.level),)), None
    treated = ((x, query.level),)
    nothing = Term(of, had=zero, mediators=m, as_if=zero)
    pairs = {
        "association": lambda: (Term(of, with_x(1)), Term(of, with_x(0))),
        "ate": lambda: (Term(of, given, do=one), Term(of, given, do=zero)),
        "ett": lambda: (Term(of, treated, had=one), Term(of, treated, had=zero)),
        "nde": lambda: (Term(of, had=one, mediators=m, as_if=zero), nothing),
        "nie": lambda: (Term(of, had=zero, mediators=m, as_if=one), nothing),
    }
    return pairs[query.kind]()
