"""Whether a statement is true, false or unknown, with a proof in each case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from proveout.families.symbolic.logic._chain import contradiction, saturate
from proveout.families.symbolic.logic._program import Literal, Statement, Truth
from proveout.families.symbolic.logic._proof import Claim, proof_of
from proveout.families.symbolic.logic._reader import read_statement

if TYPE_CHECKING:
    from proveout.families.symbolic.logic._chain import Derivation
    from proveout.families.symbolic.logic._program import Program, World

    Closure = dict[Literal, Derivation]

__all__ = ["Verdict", "judge", "prove"]


class Verdict(msgspec.Struct, frozen=True):
    """What a text says of a statement.

    Attributes:
        truth: ``contradictory`` where the text proves something and its negation, or denies in a circle.
        proof: a JSON object for `check_logic`: the derivation, or, where there is said to be none, everything that
            can be derived.
    """

    truth: Truth
    proof: dict[str, Any]


def prove(program: Program, statement: str | Statement, world: World = "open") -> Verdict:
    """Judge a statement by a program.

    In the open world a statement is true if it is derived, false if its negation is, and unknown otherwise. In the
    closed world what is not derived is false.

    Args:
        program: the text, as read.
        statement: in the English of the text, or read with the text by `read_statement`.
        world: whether what is not said is unknown (``open``) or false (``closed``).

    Raises:
        TextNotUnderstood: the statement is outside the English that is read.

    Example:
        >>> from proveout.families.symbolic.logic._reader import read_text
        >>> program = read_text("Anne is kind. If someone is kind then they are not big.")
        >>> [prove(program, f"Anne is {word}.").truth for word in ("kind", "big", "nice")]
        ['true', 'false', 'unknown']
        >>> prove(program, "Anne is nice.", world="closed").truth
        'false'
    """
    if isinstance(statement, str):
        program, statement = read_statement(program.text, statement)
    return judge(program, statement, world)


def judge(program: Program, asked: Statement, world: World) -> Verdict:
    """Judge a statement that was read together with the program.

    Example:
        >>> program, asked = read_statement("Anne is kind.", "Anne is not kind.")
        >>> judge(program, asked, "open").truth
        'false'
    """
    known = saturate(program, world)
    if known is None:
        return Verdict(
            "contradictory", proof_of(program, asked, {}, Claim("contradictory", world, whole=False, goals=()))
        )
    truth, goals = _truth(known, asked, world)
    whole = world == "closed" or truth == "unknown"
    return Verdict(truth, proof_of(program, asked, known, Claim(truth, world, whole, goals)))


def _truth(known: Closure, asked: Statement, world: World) -> tuple[Truth, tuple[Literal, ...]]:
    """The verdict, and what has to be derived for it where that is enough."""
    clash = contradiction(known)
    if clash is not None:
        return "contradictory", (clash, clash.denied())
    if world == "closed":
        holds = all((_positive(one) in known) == one.positive for one in asked.literals)
        return ("true" if holds else "false"), ()
    denied = [one.denied() for one in asked.literals if one.denied() in known]
    if denied:
        return "false", (denied[0],)
    if all(one in known for one in asked.literals):
        return "true", asked.literals
    return "unknown", ()


def _positive(literal: Literal) -> Literal:
    return literal if literal.positive else literal.denied()
