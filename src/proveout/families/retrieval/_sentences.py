"""The sentence of some passages that answers a question best."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from proveout.families._embedders import Embedder
    from proveout.families.retrieval._documents import Hit

    Array = np.ndarray[Any, Any]

__all__ = ["FEATURES", "Sentence", "SentenceVectors", "described", "normalised", "sentences", "spans"]

# A full stop, question or exclamation mark, perhaps closed by quotes, before white space; or a line's end.
BOUNDARY = re.compile(r"(?<=[.!?])(?P<closed>[\"')\]\u2019\u201d]*)\s+(?=\S)|\s*\n\s*")
# A full stop after these, or after a single capital letter, ends no sentence.
ABBREVIATED = re.compile(r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|St|Jr|Sr|vs|Fig|cf|approx|e\.g|i\.e)|(?<![\w'])[A-Z]|\.[A-Z])\.$")
# A line this long that ends in a word may go on in the next, unless that begins like a list, a heading or a table.
WRAPPED = 45
MARK = re.compile(r"[#|>]|[-*+\u2022]\s|\d+[.)]\s")
WORD = re.compile(r"\w+")
ARTICLES = {"a", "an", "the"}
DIGITS = 5
FEATURES = ("cosine", "words shared", "passage rank", "passage score")


class Sentence(msgspec.Struct, frozen=True):
    """A sentence of a passage, at characters ``start`` to ``end`` of the document's text."""

    text: str
    start: int
    end: int
    hit: int


def sentences(hits: Sequence[Hit]) -> list[Sentence]:
    """The sentences of passages, in order; overlapping passages give a sentence once."""
    found: dict[tuple[str, int, int], Sentence] = {}
    for at, hit in enumerate(hits):
        for start, end in spans(hit.text):
            text = hit.text[start:end]
            if WORD.search(text):
                place = (hit.version, hit.start + start, hit.start + end)
                found.setdefault(place, Sentence(text, place[1], place[2], at))
    return list(found.values())


def spans(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each sentence, without the white space around it; all others of the text are white space.

    Example:
        >>> text = "Dr. Who left.  He said 'no.' "
        >>> [text[start:end] for start, end in spans(text)]
        ['Dr. Who left.', "He said 'no.'"]
    """
    start = len(text) - len(text.lstrip())
    for boundary in BOUNDARY.finditer(text, start):
        end = boundary.end("closed") if boundary["closed"] is not None else boundary.start()
        if _goes_on(text, start, boundary):
            continue
        yield start, end
        start = boundary.end()
    if text[start:].strip():
        yield start, len(text.rstrip())


def _goes_on(text: str, start: int, boundary: re.Match[str]) -> bool:
    """Whether what looks like the end of the sentence that begins at ``start`` is none."""
    if boundary["closed"] is not None:
        return boundary["closed"] == "" and ABBREVIATED.search(text, start, boundary.start()) is not None
    line = text[text.rfind("\n", 0, boundary.start()) + 1 : boundary.start()].lstrip()
    one = boundary.group().count("\n") == 1
    return one and len(line) >= WRAPPED and line[0] not in "#|" and not MARK.match(text, boundary.end())


def normalised(text: str) -> list[str]:
    """Words as SQuAD compares them: lower case, without punctuation and articles (Rajpurkar et al. 2016).

    Example:
        >>> normalised("The cat, sat.")
        ['cat', 'sat']
    """
    return [word for word in WORD.findall(text.lower()) if word not in ARTICLES]


class SentenceVectors:
    """Vectors of sentences, computed once each; the oldest are forgotten when there are too many."""

    def __init__(self, embedder: Embedder, most: int = 100_000) -> None:
        self._embedder = embedder
        self._most = most
        self._known: dict[str, Array] = {}

    def learn(self, texts: Sequence[str], vectors: Any) -> None:
        """Remember vectors of shape (len(texts), d) that were computed before."""
        self._known.update(zip(texts, (vectors[row : row + 1] for row in range(len(texts))), strict=True))
        for text in list(self._known)[: max(0, len(self._known) - self._most)]:
            del self._known[text]

    def rows(self, texts: Sequence[str]) -> list[Any]:
        """A vector of shape (1, d) for each text; one that is not known is computed."""
        new = sorted(set(texts) - self._known.keys())
        known = {text: self._known[text] for text in set(texts) & self._known.keys()}
        if new:
            vectors = self._embedder.embed(new)
            known |= {text: vectors[row : row + 1] for row, text in enumerate(new)}
            self.learn(new, vectors)
        return [known[text] for text in texts]

    def cosines(self, question: str, found: Sequence[str]) -> Array:
        """Cosine of each text with the question, shape (len(found),)."""
        asked, *rows = self.rows([question, *found])
        cosines = (sparse.vstack(rows) if sparse.issparse(asked) else np.concatenate(rows)) @ asked.T
        dense = cosines.toarray() if sparse.issparse(cosines) else cosines
        # Rounded, because a product's last bits depend on how many rows it has.
        return np.round(np.asarray(dense, dtype=np.float64)[:, 0], DIGITS)


def described(question: str, found: Sequence[Sentence], hits: Sequence[Hit], vectors: SentenceVectors) -> Array:
    """What speaks for each sentence, shape (sentences, 4), columns as `FEATURES` names them.

    Rare words count more: a word's weight is its inverse frequency among these sentences.
    """
    asked = set(normalised(question))
    bags = [set(normalised(one.text)) for one in found]
    weights = {word: np.log((1 + len(bags)) / (1 + sum(word in bag for bag in bags))) + 1 for word in asked}
    total = sum(weights.values()) or 1.0
    shared = [sum(weights[word] for word in asked & bag) / total for bag in bags]
    best = max((hit.score for hit in hits), default=1.0) or 1.0
    ranks = [1 / (1 + one.hit) for one in found]
    scores = [hits[one.hit].score / best for one in found]
    return np.column_stack([vectors.cosines(question, [one.text for one in found]), shared, ranks, scores])
