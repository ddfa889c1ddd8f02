"""Backward chaining: from a goal to what it would follow from, and no further."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from proveout.families.symbolic.logic._chain import Derivation, premises
from proveout.families.symbolic.logic._program import ANYBODY, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from proveout.families.symbolic.logic._program import Program

__all__ = ["derive"]


class _Instance(NamedTuple):
    """A rule about somebody, which would derive ``head``."""

    rule: int
    name: str
    head: Literal
    needed: frozenset[Literal]


def derive(program: Program, goal: Literal) -> dict[Literal, Derivation] | None:
    """Derive one literal in the open world, looking only at rules that could lead to it.

    Goals are tabled, so that each is expanded once and cycles end; what the instances found derive is then propagated
    in time linear in their size (Dowling, Gallier 1984). It finds a derivation where `prove` does, without computing
    what else follows, and so without noticing contradictions elsewhere.

    Args:
        program: the text, as read.
        goal: a literal without variable.

    Returns:
        The goal and what it was derived from with their derivations; None if it cannot be derived.

    Example:
        >>> from proveout.families.symbolic.logic._reader import read_text
        >>> program = read_text("Anne is big. Bob is cold. Big people are kind. Kind people are big.")
        >>> [str(one) for one in derive(program, Literal("is kind", ("anne",)))]
        ['anne is kind', 'anne is big']
        >>> derive(program, Literal("is kind", ("bob",))) is None
        True
    """
    known = _propagated(list(_instances(program, goal)))
    if goal not in known:
        return None
    found: dict[Literal, Derivation] = {}
    waiting = [goal]
    while waiting:
        literal = waiting.pop()
        if literal not in found:
            found[literal] = known[literal]
            waiting += premises(program.rules[known[literal].rule], known[literal].name, "open")[0]
    return found


def _instances(program: Program, goal: Literal) -> Iterator[_Instance]:
    """All instances of rules that bear on the goal."""
    heads: dict[tuple[str, bool], list[int]] = {}
    for at, rule in enumerate(program.rules):
        heads.setdefault((rule.head.predicate, rule.head.positive), []).append(at)
    asked, waiting = {goal}, [goal]
    while waiting:
        literal = waiting.pop()
        for at in heads.get((literal.predicate, literal.positive), ()):
            rule = program.rules[at]
            for name in _names(program, rule.head, literal, variable=rule.has_variable):
                needed = frozenset(premises(rule, name, "open")[0])
                yield _Instance(at, name, literal, needed)
                waiting += sorted(needed - asked)
                asked |= needed


def _names(program: Program, head: Literal, goal: Literal, *, variable: bool) -> tuple[str, ...]:
    """Whom a rule can be about so that its head is the goal; one empty name if it is about nobody."""
    if len(head.args) != len(goal.args):
        return ()
    bound = {theirs for ours, theirs in zip(head.args, goal.args, strict=True) if ours == ANYBODY}
    fixed = all(ours in {ANYBODY, theirs} for ours, theirs in zip(head.args, goal.args, strict=True))
    if not fixed or len(bound) > 1:
        return ()
    if bound:
        return tuple(bound)
    return program.names if variable else ("",)


def _propagated(instances: list[_Instance]) -> dict[Literal, Derivation]:
    """All that the instances derive, in rounds."""
    missing = [len(one.needed) for one in instances]
    users: dict[Literal, list[int]] = {}
    for at, one in enumerate(instances):
        for literal in one.needed:
            users.setdefault(literal, []).append(at)
    known: dict[Literal, Derivation] = {}
    ready, rank = [at for at, count in enumerate(missing) if count == 0], 0
    while ready:
        new: dict[Literal, Derivation] = {}
        for at in ready:
            one = instances[at]
            if one.head not in known:
                new.setdefault(one.head, Derivation(one.rule, one.name, rank))
        known.update(new)
        ready, rank = [], rank + 1
        for literal in new:
            for at in users.get(literal, ()):
                missing[at] -= 1
                if missing[at] == 0:
                    ready.append(at)
    return known
