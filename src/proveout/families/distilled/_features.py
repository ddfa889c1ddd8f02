"""What the tagger sees of each token: its letters, its neighbours, and whether it is part of a value seen before."""

from __future__ import annotations

import re
from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from scipy import sparse

from proveout.families._spans import tokenise

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from proveout.families._spans import Span, Token

__all__ = ["Gazetteer", "feature_matrix", "features_of", "gazetteer_of", "vocabulary_of"]

EDGE = "\x00"
LONGEST = 7
MOST_FEATURES = 100_000
REPEATED = re.compile(r"(.)\1+")

Value = tuple[str, str]


class Gazetteer(msgspec.Struct, frozen=True):
    """Values of the TrainSplit: by their lower-cased tokens, the fields that hold them and in how many rows."""

    values: dict[str, dict[str, int]]


def _key(words: Sequence[str]) -> str:
    return " ".join(words)


def _words(text: str, tokens: Sequence[Token]) -> list[str]:
    return [text[token.start : token.end].lower() for token in tokens]


def _own(text: str, spans: Sequence[Span]) -> set[Value]:
    parts = [(span.field, text[span.start : span.end]) for span in spans]
    return {(field, _key(_words(part, tokenise(part)))) for field, part in parts}


def gazetteer_of(rows: Sequence[tuple[str, Sequence[Span]]]) -> Gazetteer:
    """The values of texts with their spans.

    Example:
        >>> from proveout.families._spans import Span
        >>> gazetteer_of([("to Bonn", [Span(3, 7, "city")]), ("in bonn", [Span(3, 7, "city")])]).values
        {'bonn': {'city': 2}}
    """
    counts = Counter(chain.from_iterable(_own(*row) for row in rows))
    values: dict[str, dict[str, int]] = {}
    for (field, value), count in sorted(counts.items()):
        values.setdefault(value, {})[field] = count
    return Gazetteer(values)


def features_of(text: str, gazetteer: Gazetteer, spans: Sequence[Span] = (), context: str = "") -> list[list[str]]:
    """Names of each token's features.

    Args:
        text: what is tagged.
        gazetteer: of the TrainSplit.
        spans: of the row itself when it is one the gazetteer was made of: what only this row holds is then not looked
            up, or the tagger would learn that every value has been seen before.
        context: what is known of the text as a whole, such as its intent; "" for nothing.

    Example:
        >>> features_of("Hi", Gazetteer({"hi": {"greeting": 2}}))[0][:4]
        ['w=hi', 'p=hi', 'p=hi', 's=hi']
    """
    tokens = tokenise(text)
    words = _words(text, tokens)
    known = _known(words, gazetteer, _own(text, spans))
    padded = [EDGE, EDGE, *words, EDGE, EDGE]
    return [
        [
            *_letters(word, text[token.start : token.end]),
            *_around(padded, at + 2),
            *sorted(known.get(at, ())),
            *_in_context(padded, at + 2, sorted(known.get(at, ())), context),
        ]
        for at, (word, token) in enumerate(zip(words, tokens, strict=True))
    ]


def _in_context(words: Sequence[str], at: int, known: Sequence[str], context: str) -> Iterator[str]:
    """The context, and with it the word, its neighbours and the values seen before."""
    if context:
        yield f"c={context}"
        yield from (f"c={context} {kind}={words[at + ahead]}" for kind, ahead in (("w", 0), ("-1", -1), ("+1", 1)))
        yield from (f"c={context} {name}" for name in known)


def _letters(word: str, written: str) -> Iterator[str]:
    kinds = "".join(
        "X" if char.isupper() else "x" if char.isalpha() else "0" if char.isdigit() else char for char in written
    )
    yield from (f"w={word}", f"p={word[:2]}", f"p={word[:3]}", f"s={word[-2:]}", f"s={word[-3:]}")
    yield "k=" + REPEATED.sub(r"\1\1", kinds)


def _around(words: Sequence[str], at: int) -> Iterator[str]:
    before, word, after = words[at - 1 : at + 2]
    yield from (f"-1={before}", f"+1={after}", f"-2={words[at - 2]}", f"+2={words[at + 2]}")
    yield from (f"-1,0={before} {word}", f"0,+1={word} {after}")
    yield from (f"-2,-1={words[at - 2]} {before}", f"+1,+2={after} {words[at + 2]}")
    yield f"first={words[2]}"


def _known(words: Sequence[str], gazetteer: Gazetteer, own: set[Value]) -> dict[int, set[str]]:
    found: dict[int, set[str]] = {}
    for start in range(len(words)):
        for stop in range(start + 1, min(len(words), start + LONGEST) + 1):
            key = _key(words[start:stop])
            for field, count in gazetteer.values.get(key, {}).items():
                if count > ((field, key) in own):
                    for at in range(start, stop):
                        found.setdefault(at, set()).add(f"g={'BI'[at > start]}{min(stop - start, 3)} {field}")
    return found


def vocabulary_of(rows: Sequence[Sequence[Sequence[str]]]) -> tuple[str, ...]:
    """The features of the tokens of all rows, most frequent first, at most `MOST_FEATURES` of them."""
    counts = Counter(chain.from_iterable(chain.from_iterable(rows)))
    return tuple(sorted(counts, key=lambda name: (-counts[name], name))[:MOST_FEATURES])


def feature_matrix(rows: Sequence[Sequence[Sequence[str]]], columns: Mapping[str, int]) -> Any:
    """CSR of shape (tokens of all rows, features), 1 where a token has a feature."""
    tokens = [[columns[name] for name in dict.fromkeys(names) if name in columns] for row in rows for names in row]
    ends = np.cumsum([0, *(len(one) for one in tokens)])
    indices = np.fromiter(chain.from_iterable(tokens), dtype=np.int64, count=int(ends[-1]))
    shape = (len(tokens), len(columns))
    return sparse.csr_array((np.ones(len(indices), dtype=np.float32), indices, ends), shape=shape)
