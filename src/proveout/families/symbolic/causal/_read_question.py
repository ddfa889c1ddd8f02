"""The question: which quantity of which phrases it asks for, and in which direction."""

from __future__ import annotations

import re

import msgspec

from proveout.families.symbolic.causal._read_text import Phrase, fail, phrase

__all__ = ["Question", "read_question"]

UP = "greater"
DOWN = "smaller"
DIRECTIONS = {
    **dict.fromkeys(
        ["more", "larger", "higher", "greater", "bigger", "increase", "raise", "positively", "positive"], UP
    ),
    **dict.fromkeys(["less", "smaller", "lower", "decrease", "reduce", "negatively", "negative"], DOWN),
}
LARGER = r"(?P<direction>larger|smaller|higher|lower|greater|bigger)"
MORE = r"(?P<direction>more|less)"
CHANGE = r"(?P<direction>increase|decrease|raise|reduce|lower)"
SIGN = r"(?P<direction>positively|negatively)"
CHANCE = r"the (?:chance|probability) of (?P<y>.+?)"
AFFECTS = r"(?P<direction> does not affect| do not affect| affects| affect)"
FORMS = {
    "marginal": rf"is (?P<y>.+?) {MORE} likely than (?P<other>.+?)(?: overall)?",
    "correlation": rf"is {CHANCE} {LARGER} when (?:observing|we observe|seeing) (?P<x>.+)",
    "ate": rf"(?:will|does|do|would) (?P<x>.+?) {CHANGE} {CHANCE}",
    "exp_away": rf"(?:if we look at|among|for) (?P<given>.+), does {CHANCE} {CHANGE} when (?P<x>.+)",
    "ett": rf"for (?P<x>.+), would it be {MORE} likely to see (?P<y>.+?) if (?P<other>.+)",
    "nde": r"if we (?:disregard|ignore) the mediation effect through (?P<m>.+), would (?P<x>.+?) "
    rf"{SIGN} affect (?P<y>.+)",
    "nie": rf"does (?P<x>.+?) {SIGN} affect (?P<y>.+?) through (?P<m>.+)",
    "collider_bias": rf"if we look at (?P<given>.+), does it mean that (?P<x>.+?){AFFECTS} (?P<y>.+)",
    "backadj": r"to understand how (?P<x>.+?) affects (?P<y>.+), is it more correct to use (?:the )?method "
    r"(?P<direction>[12]) (?:than|rather than|instead of) (?:the )?method (?:[12])",
    "det-counterfactual": r"would (?P<y>.+?) if (?P<x>.+?) instead of (?P<other>.+)",
}
AND = re.compile(r",? and |, ")
PATTERNS = [(kind, re.compile(form, re.IGNORECASE | re.DOTALL)) for kind, form in FORMS.items()]


class Question(msgspec.Struct, frozen=True):
    """A question: its kind, its direction as written, and its phrases by role."""

    kind: str
    direction: str
    phrases: dict[str, Phrase]

    @property
    def asked(self) -> str:
        """``greater`` or ``smaller``, for questions that ask for a sign."""
        return DIRECTIONS.get(self.direction, DOWN if self.direction == "lower" else UP)


def read_question(text: str) -> Question:
    """The question of a text.

    Raises:
        TextNotUnderstood: it has none of the ten forms known.

    Example:
        >>> found = read_question("Will smoking increase the chance of lung cancer?")
        >>> found.kind, found.direction, found.phrases["y"].text
        ('ate', 'increase', 'lung cancer')
    """
    stripped = text.strip().rstrip("?").rstrip()
    shift = len(text) - len(text.lstrip())
    for kind, pattern in PATTERNS:
        if found := pattern.fullmatch(stripped):
            places = {name: found.span(name) for name in pattern.groupindex if name != "direction" and found[name]}
            phrases = {name: phrase("question", text, shift + a, shift + b) for name, (a, b) in places.items()}
            if "m" in phrases:
                phrases |= _mediators(text, phrases.pop("m"))
            return Question(
                kind, found["direction"].strip().lower() if "direction" in pattern.groupindex else "", phrases
            )
    raise fail("the question has no form that is known", text)


def _mediators(text: str, listed: Phrase) -> dict[str, Phrase]:
    """The mediators of a list, as roles m0, m1 and so on."""
    cuts = [found.span() for found in AND.finditer(listed.text)]
    starts, ends = [0, *(end for _, end in cuts)], [*(start for start, _ in cuts), len(listed.text)]
    pieces = (phrase("question", text, listed.start + a, listed.start + b) for a, b in zip(starts, ends, strict=True))
    return {f"m{at}": piece for at, piece in enumerate(pieces)}
