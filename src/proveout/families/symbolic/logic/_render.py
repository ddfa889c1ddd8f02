"""Proofs in words, at three lengths."""

from __future__ import annotations

from typing import Any
from typing import Literal as Choice

__all__ = ["render"]

VERDICTS = {"true": "True", "false": "False", "unknown": "Unknown", "contradictory": "Contradictory"}
SIBILANTS = ("s", "x", "z", "ch", "sh", "o")


def render(proof: dict[str, Any], detail: Choice["short", "medium", "full"] = "medium") -> str:
    """A proof in words.

    Args:
        proof: as `prove` makes it.
        detail: ``short`` is a line, ``medium`` adds the sentences it rests on, ``full`` each step.

    Example:
        >>> from proveout.families.symbolic.logic._prove import prove
        >>> from proveout.families.symbolic.logic._reader import read_text
        >>> proof = prove(read_text("Anne is big. Big people are not kind."), "Anne is kind.").proof
        >>> print(render(proof, "full"))
        False by the text: Anne is kind.
        1. Anne is big, as it says: "Anne is big."
        2. Anne is not kind, from 1, as it says: "Big people are not kind."
    """
    return LENGTHS[detail](proof)


def _short(proof: dict[str, Any]) -> str:
    """The verdict, and what it rests on."""
    asked = " and ".join(_words(literal) for literal in proof["asked"])
    return f"{VERDICTS[proof['truth']]} by the text{_why(proof)}: {asked}."


def _why(proof: dict[str, Any]) -> str:
    """What the verdict means where it is none of true and false in the open world."""
    if proof["truth"] == "contradictory":
        return ", which says something and its negation" if proof["steps"] else ", which denies in a circle"
    if proof["truth"] == "unknown":
        return ", from which neither it nor its negation follows"
    return " if what does not follow from it is false" if proof["world"] == "closed" else ""


def _medium(proof: dict[str, Any]) -> str:
    """The verdict, and the sentences it rests on in their order."""
    quoted = dict(sorted((step["sentence"], step["text"]) for step in proof["steps"]))
    return "\n".join([_short(proof), *(f"- {text}" for text in quoted.values())])


def _full(proof: dict[str, Any]) -> str:
    """The verdict, and each step."""
    lines = [_short(proof)]
    for at, step in enumerate(proof["steps"], start=1):
        rests = [", from " + " and ".join(str(one + 1) for one in step["from"])] if step["from"] else []
        rests += [f", as it does not follow that {_words(literal)}" for literal in step["absent"]]
        lines.append(f'{at}. {_words(step["literal"])}{"".join(rests)}, as it says: "{step["text"]}"')
    return "\n".join(lines)


LENGTHS = {"short": _short, "medium": _medium, "full": _full}


def _words(literal: dict[str, Any]) -> str:
    """A literal as a clause."""
    predicate, (subject, *objects) = literal["predicate"], [_name(arg) for arg in literal["args"]]
    said, positive = " ".join([_third(predicate), *objects]), literal["positive"]
    if predicate.startswith("is "):
        return f"{subject} {said if positive else predicate.replace('is ', 'is not ', 1)}"
    return f"{subject} {said}" if positive else f"it is not so that {subject} {said}"


def _name(name: str) -> str:
    """A name with its capitals; "the cat" has none."""
    return name if name.startswith("the ") else " ".join(word[:1].upper() + word[1:] for word in name.split())


def _third(predicate: str) -> str:
    """A verb as behind "she"; a form of which the text has no base stands as it is."""
    if predicate.startswith("is ") or (predicate.endswith("s") and not predicate.endswith("ss")):
        return predicate
    if predicate.endswith("y") and predicate[-2:-1] not in "aeiou":
        return predicate[:-1] + "ies"
    return predicate + ("es" if predicate.endswith(SIBILANTS) else "s")
