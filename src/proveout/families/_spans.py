"""Values in a text: tokens with offsets, spans of fields, and BIO labels of tokens."""

from __future__ import annotations

import math
import re
import unicodedata
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["OUTSIDE", "Span", "Token", "align", "bio_decode", "bio_encode", "number_of", "tokenise", "values_of"]

OUTSIDE = "O"
# Scripts written without spaces between words (Thai to Tibetan, Burmese, Khmer, kana, Han) are cut at each character:
# a value must begin and end with a token.
UNSPACED = "\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
PIECE = re.compile(rf"[{UNSPACED}]_*|\d+|[^\W\d{UNSPACED}]+|[^\w\s]")
NUMBER = re.compile(r"[-+]?\d+(?:,\d{3})*(?:\.\d+)?")


class Token(NamedTuple):
    """Where a token stands; ``end`` is exclusive."""

    start: int
    end: int


class Span(msgspec.Struct, frozen=True, array_like=True, order=True):
    """A field's value in a text: characters from ``start`` to ``end``, exclusive."""

    start: int
    end: int
    field: str


def tokenise(text: str) -> list[Token]:
    """Runs of letters, runs of digits, and other characters one by one; combining marks stay with their letter.

    Example:
        >>> [tuple(token) for token in tokenise("at 5pm, ok")]
        [(0, 2), (3, 4), (4, 6), (6, 7), (8, 10)]
    """
    return [Token(*found.span()) for found in PIECE.finditer(text if text.isascii() else _shadow(text))]


def _shadow(text: str) -> str:
    """The text with combining marks and invisible controls as underscores, which join the letters around them."""
    return "".join("_" if unicodedata.category(char) in {"Mn", "Mc", "Me", "Cf"} else char for char in text)


def values_of(value: Any) -> list[Any]:
    """A field's values: an array holds several; null, "" and empty arrays and objects are none.

    Example:
        >>> values_of(["a", None, "b"]), values_of(0), values_of("")
        (['a', 'b'], [0], [])
    """
    items = value if isinstance(value, list) else [value]
    return [item for item in items if item is not None and not (isinstance(item, str | list | dict) and not item)]


def align(text: str, output: Mapping[str, Any]) -> tuple[tuple[Span, ...], set[str]]:
    """Spans of the fields' values in a text, in its order, and the fields with a value that is not in it.

    A value stands where it occurs as whole tokens: first in its own spelling, then in any case and white space, a
    number in any format. The first place that no other value has is taken, longest values first. A boolean, object or
    other value that has no text stands nowhere.

    Example:
        >>> align("from Bonn to  new york", {"to": "New York", "from": "Bonn", "class": "economy"})
        ((Span(start=5, end=9, field='from'), Span(start=14, end=22, field='to')), {'class'})
    """
    tokens = tokenise(text)
    starts, ends = {token.start for token in tokens}, {token.end for token in tokens}
    wanted = [(field, value) for field in sorted(output) for value in values_of(output[field])]
    wanted.sort(key=lambda one: -len(str(one[1])))
    found: list[Span] = []
    missing: set[str] = set()
    for field, value in wanted:
        free = (
            Span(start, end, field)
            for start, end in _places(text, value)
            if start in starts and end in ends and all(end <= one.start or one.end <= start for one in found)
        )
        place = next(free, None)
        if place is None:
            missing.add(field)
        else:
            found.append(place)
    return tuple(sorted(found)), missing


def _places(text: str, value: Any) -> Iterator[tuple[int, int]]:
    if isinstance(value, str) and value.strip():
        parts = [re.escape(part) for part in value.split()]
        yield from (found.span() for found in _overlapping(re.escape(value), text))
        yield from (found.span() for found in _overlapping(r"\s+".join(parts), text, re.IGNORECASE))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from (found.span() for found in NUMBER.finditer(text) if number_of(found.group()) == value)


def number_of(text: str) -> float | None:
    """The number that a text is; None when it is none, or too large for a float.

    Example:
        >>> number_of("1,250.50"), number_of("nan"), number_of("9" * 999)
        (1250.5, None, None)
    """
    number = float(text.replace(",", "")) if NUMBER.fullmatch(text) else math.inf
    return number if math.isfinite(number) else None


def _overlapping(pattern: str, text: str, flags: int = 0) -> Iterator[re.Match[str]]:
    compiled, at = re.compile(pattern, flags), 0
    while found := compiled.search(text, at):
        yield found
        at = found.start() + 1


def bio_encode(tokens: Sequence[Token], spans: Sequence[Span]) -> list[str]:
    """``B-field`` at the first token of a span, ``I-field`` at its others, ``O`` elsewhere.

    Where spans overlap, the one that starts first has the tokens.

    Example:
        >>> bio_encode(tokenise("to New York"), [Span(3, 11, "city")])
        ['O', 'B-city', 'I-city']
    """
    labels = [OUTSIDE] * len(tokens)
    for span in sorted(spans):
        inside = [at for at, token in enumerate(tokens) if span.start <= token.start and token.end <= span.end]
        if inside and all(labels[at] == OUTSIDE for at in inside):
            labels[inside[0]] = f"B-{span.field}"
            for at in inside[1:]:
                labels[at] = f"I-{span.field}"
    return labels


def bio_decode(tokens: Sequence[Token], labels: Sequence[str]) -> tuple[Span, ...]:
    """Spans of BIO labels; an ``I-`` that continues nothing begins a span, as in the CoNLL evaluation.

    Example:
        >>> bio_decode(tokenise("to New York"), ["O", "I-city", "I-city"])
        (Span(start=3, end=11, field='city'),)
    """
    edges = [at for at, (last, label) in enumerate(pairwise([OUTSIDE, *labels])) if not _continues(last, label)]
    return tuple(
        Span(tokens[begin].start, tokens[stop - 1].end, labels[begin][2:])
        for begin, stop in pairwise([*edges, len(labels)])
        if labels[begin] != OUTSIDE
    )


def _continues(last: str, label: str) -> bool:
    return label.startswith("I-") and last[2:] == label[2:]
