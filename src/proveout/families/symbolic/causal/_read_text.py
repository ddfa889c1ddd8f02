"""Phrases of a text with their places, and the sentences of background, given information and question."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from proveout.errors import TextNotUnderstood
from proveout.families.symbolic.causal._graph import Graph

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Phrase", "fail", "phrase", "read_background", "sentences"]

END = re.compile(r"\.(?=\s|$)|\n+")
WORLD = re.compile(r".*?(?:causal relationships|conditions|relations)\s*:\s*", re.DOTALL | re.IGNORECASE)
EDGE = re.compile(
    r"(?P<cause>.+?) (?:has|have) a (?:direct )?(?:causal )?effect on (?P<effects>.+)"
    r"|(?P<cause2>.+?) (?:directly )?(?:affects?|influences?) (?P<effects2>.+)",
    re.IGNORECASE | re.DOTALL,
)
HIDDEN = re.compile(
    r"(?P<name>.+?) (?:is|are) (?:unobserved|not observed|unmeasured|latent)", re.IGNORECASE | re.DOTALL
)
AND = re.compile(r",? and |, ")


class Phrase(msgspec.Struct, frozen=True, dict=True):
    """A piece of an input field, at characters ``start`` to ``end``."""

    field: str
    start: int
    end: int
    text: str

    @cached_property
    def key(self) -> str:
        """The phrase as it is compared."""
        return _name(self.text)


def phrase(field: str, text: str, start: int, end: int) -> Phrase:
    """A piece of a field without the white space around it."""
    piece = text[start:end]
    left = start + len(piece) - len(piece.lstrip())
    return Phrase(field, left, left + len(piece.strip()), piece.strip())


def fail(what: str, about: str) -> TextNotUnderstood:
    """A text that is outside the grammar."""
    fix = "write it as 'For people who smoke, the probability of cancer is 12%.', or say so in other words"
    return TextNotUnderstood(what, why=f"no rule reads {about[:200]!r}", fix=fix, about=about[:200])


def sentences(field: str, text: str, start: int = 0) -> Iterator[Phrase]:
    """The sentences of a field; a full stop inside a number or a word ends none."""
    for end in [*(found.span() for found in END.finditer(text, start)), (len(text), len(text))]:
        found = phrase(field, text, start, end[0])
        if found.text:
            yield found
        start = end[1]


class Background(msgspec.Struct, frozen=True):
    """The graph of a background, with the sentence of each edge and of each unobserved variable."""

    graph: Graph
    edges: tuple[tuple[str, str, Phrase], ...]
    hidden: tuple[tuple[str, Phrase], ...]


def read_background(text: str) -> Background:
    """The causal graph that a background tells.

    Raises:
        TextNotUnderstood: a sentence that tells no cause.
        GraphInvalid: the graph has a cycle.

    Example:
        >>> read_background("Rain has a direct effect on traffic and mood.").graph.edges
        (('rain', 'traffic'), ('rain', 'mood'))
    """
    world = WORLD.match(text)
    edges: list[tuple[str, str, Phrase]] = []
    hidden: list[tuple[str, Phrase]] = []
    for one in sentences("background", text, world.end() if world else 0):
        if found := HIDDEN.fullmatch(one.text):
            hidden.append((_name(found["name"]), one))
        elif found := EDGE.fullmatch(one.text):
            effects = AND.split(found["effects"] or found["effects2"])
            edges.extend((_name(found["cause"] or found["cause2"]), _name(effect), one) for effect in effects if effect)
        else:
            raise fail("a sentence of the background tells no cause", one.text)
    if not edges:
        raise fail("the background tells no cause", text)
    graph = Graph(tuple(dict.fromkeys((a, b) for a, b, _ in edges)), tuple(dict.fromkeys(name for name, _ in hidden)))
    return Background(graph, tuple(edges), tuple(hidden))


def _name(text: str) -> str:
    """A variable's name, the same at a sentence's start as inside it."""
    return " ".join(text.lower().split())
