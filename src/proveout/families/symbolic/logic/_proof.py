"""Proofs as JSON objects: every step cites the sentence it rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from proveout.families.symbolic.logic._chain import premises
from proveout.families.symbolic.logic._program import ANYBODY, Literal

if TYPE_CHECKING:
    from proveout.families.symbolic.logic._chain import Derivation
    from proveout.families.symbolic.logic._program import Program, Statement, Truth, World

    Closure = dict[Literal, Derivation]

__all__ = ["Claim", "proof_of"]


class Claim(NamedTuple):
    """What a proof proves: ``whole`` says that its steps are all that follows, else they lead to ``goals``."""

    truth: Truth
    world: World
    whole: bool
    goals: tuple[Literal, ...]


def proof_of(program: Program, asked: Statement, known: Closure, claim: Claim) -> dict[str, Any]:
    """The proof of a claim, steps in order of how many rounds they took, then of what they say.

    Example:
        >>> from proveout.families.symbolic.logic._chain import saturate
        >>> from proveout.families.symbolic.logic._reader import read_statement
        >>> program, asked = read_statement("Anne is big. Big people are kind.", "Anne is kind.")
        >>> claim = Claim("true", "open", False, asked.literals)
        >>> step = proof_of(program, asked, saturate(program), claim)["steps"][1]
        >>> step["text"], step["substitution"], step["from"]
        ('Big people are kind.', {'?x': 'anne'}, [0])
    """
    chosen = set(known) if claim.whole else _needed(program, known, claim)
    order = sorted(chosen, key=lambda literal: (known[literal].rank, literal))
    place = {literal: at for at, literal in enumerate(order)}
    return {
        "kind": "logic",
        "world": claim.world,
        "asked": [_plain(literal) for literal in asked.literals],
        "truth": claim.truth,
        "whole": claim.whole,
        "steps": [_step(program, known, literal, place, claim.world) for literal in order],
    }


def _needed(program: Program, known: Closure, claim: Claim) -> set[Literal]:
    """The goals and, going backward, all that they were derived from."""
    needed: set[Literal] = set()
    waiting = list(claim.goals)
    while waiting:
        literal = waiting.pop()
        if literal not in needed:
            needed.add(literal)
            rule, name, _ = known[literal]
            waiting += premises(program.rules[rule], name, claim.world)[0]
    return needed


def _step(
    program: Program, known: Closure, literal: Literal, place: dict[Literal, int], world: World
) -> dict[str, Any]:
    """A derivation: the sentence it applies, about whom, and the steps and absences it rests on."""
    at, name, _ = known[literal]
    rule = program.rules[at]
    needed, absent = premises(rule, name, world)
    sentence = program.sentences[rule.sentence]
    return {
        "literal": _plain(literal),
        "sentence": rule.sentence,
        "start": sentence.start,
        "end": sentence.end,
        "text": sentence.text,
        "substitution": {ANYBODY: name} if name else {},
        "from": sorted({place[one] for one in needed}),
        "absent": [_plain(one) for one in sorted(set(absent))],
    }


def _plain(literal: Literal) -> dict[str, Any]:
    """A literal as a JSON object."""
    return {"predicate": literal.predicate, "args": list(literal.args), "positive": literal.positive}
