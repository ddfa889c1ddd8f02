"""Forward chaining: all that follows from a program, each with its first derivation."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from proveout.families.symbolic.logic._program import ANYBODY, Literal, instance

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from proveout.families.symbolic.logic._program import Program, Rule, World

__all__ = ["Derivation", "contradiction", "premises", "saturate", "strata"]


class Derivation(NamedTuple):
    """How a literal was derived: by which rule, about whom (empty if nobody), and in which round."""

    rule: int
    name: str
    rank: int


Closure = dict[Literal, Derivation]


def saturate(program: Program, world: World = "open") -> Closure | None:
    """Everything that follows from a program.

    Semi-naive evaluation (Bancilhon, Ramakrishnan 1986): a rule is tried only where a literal of the last round is a
    premise of it, so that each round costs what is new in it, and cycles end. A literal and its negation are two
    literals. In the open world a negative premise must be derived like any other; in the closed world it holds when the
    positive literal cannot be derived, which rules are sorted for (Apt, Blair, Walker 1988).

    Returns:
        Each literal with its derivation, in order of derivation, one with the fewest rounds in the open world; None
        where negation depends on itself, so that the rules cannot be sorted for the closed world.

    Example:
        >>> from proveout.families.symbolic.logic._reader import read_text
        >>> program = read_text("Anne is kind. Kind people are nice. Nice people are kind.")
        >>> [(str(literal), derivation.rank) for literal, derivation in saturate(program).items()]
        [('anne is kind', 0), ('anne is nice', 1)]
    """
    known: Closure = {}
    if world == "open":
        _Fixpoint(program, range(len(program.rules)), world).extend(known)
        return known
    levels = strata(program.rules)
    if levels is None:
        return None
    level_of = [levels[_key(rule.head)] for rule in program.rules]
    order = sorted(range(len(level_of)), key=level_of.__getitem__)
    for _, group in groupby(order, key=level_of.__getitem__):
        _Fixpoint(program, list(group), world).extend(known)
    return known


def strata(rules: Sequence[Rule]) -> dict[tuple[str, bool], int] | None:
    """The level of each predicate and sign, above all that its rules deny; None where a predicate is above itself.

    Example:
        >>> from proveout.families.symbolic.logic._reader import read_text
        >>> strata(read_text("If Anne is not kind then Anne is big. If Anne is big then Anne is kind.").rules) is None
        True
    """
    levels = dict.fromkeys((_key(literal) for rule in rules for literal in (rule.head, *rule.body)), 0)
    levels |= dict.fromkeys(((one.predicate, True) for rule in rules for one in rule.body), 0)
    # Longest paths; they are no longer than there are keys unless one goes through a denial back to its start.
    for _ in range(len(levels) + 1):
        changed = False
        for rule in rules:
            below = max((levels[one.predicate, True] + (not one.positive) for one in rule.body), default=0)
            if below > levels[_key(rule.head)]:
                levels[_key(rule.head)], changed = below, True
        if not changed:
            return levels
    return None


def _key(literal: Literal) -> tuple[str, bool]:
    return literal.predicate, literal.positive


def premises(rule: Rule, name: str, world: World) -> tuple[list[Literal], list[Literal]]:
    """The literals of a rule about ``name`` that must be derived, and those that must not be.

    Example:
        >>> from proveout.families.symbolic.logic._reader import read_text
        >>> rule = read_text("If someone is big and not kind then they are nice.").rules[0]
        >>> [[str(one) for one in part] for part in premises(rule, "anne", "closed")]
        [['anne is big'], ['anne is kind']]
    """
    body = [instance(one, name) for one in rule.body]
    if world == "open":
        return body, []
    return [one for one in body if one.positive], [one.denied() for one in body if not one.positive]


def contradiction(known: Closure) -> Literal | None:
    """The first literal to be derived whose negation is derived too.

    Example:
        >>> from proveout.families.symbolic.logic._reader import read_text
        >>> print(contradiction(saturate(read_text("Anne is kind. Anne is not kind."))))
        anne is kind
    """
    return next((one for one in known if one.denied() in known), None)


class _Fixpoint:
    """Some rules of a program, applied until nothing new follows."""

    def __init__(self, program: Program, chosen: Sequence[int], world: World) -> None:
        self.rules, self.names, self.world = program.rules, program.names, world
        self.variable = {at: self.rules[at].has_variable for at in chosen}
        self.triggers: dict[Literal, list[int]] = {}
        self.ready: list[int] = []
        for at in chosen:
            needed = [one for one in self.rules[at].body if one.positive or world == "open"]
            for one in needed:
                self.triggers.setdefault(one, []).append(at)
            if not needed:
                self.ready.append(at)

    def extend(self, known: Closure) -> None:
        """Add all that follows from ``known`` by these rules."""
        new: Closure = {}
        for at in self.ready:
            self.attempt(at, None, known, new)
        fresh = [*known, *new]
        known.update(new)
        while fresh:
            new = {}
            for literal in fresh:
                for pattern, name in _patterns(literal):
                    for at in self.triggers.get(pattern, ()):
                        self.attempt(at, name, known, new)
            known.update(new)
            fresh = list(new)

    def attempt(self, at: int, name: str | None, known: Closure, new: Closure) -> None:
        """Apply a rule, about ``name`` or, where that is None, about everybody."""
        rule = self.rules[at]
        about = ("",) if not self.variable[at] else self.names if name is None else (name,)
        for one in about:
            head = instance(rule.head, one)
            if head in known or head in new:
                continue
            needed, absent = premises(rule, one, self.world)
            if all(literal in known for literal in needed) and not any(literal in known for literal in absent):
                rank = 1 + max((known[literal].rank for literal in needed), default=-1)
                new[head] = Derivation(at, one, rank)


def _patterns(literal: Literal) -> Iterator[tuple[Literal, str | None]]:
    """The literals of rules that it is an instance of, with who the variable is."""
    yield literal, None
    for name in dict.fromkeys(literal.args):
        places = [at for at, arg in enumerate(literal.args) if arg == name]
        for chosen in [places] if len(places) == 1 else [places, *([at] for at in places)]:
            args = tuple(ANYBODY if at in chosen else arg for at, arg in enumerate(literal.args))
            yield Literal(literal.predicate, args, literal.positive), name
