"""A static text embedding: one row a word, a pair of words or a piece of a word, summed; no network runs."""

from __future__ import annotations

import re
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any, Self

import msgspec
import numpy as np
from safetensors.numpy import load_file, save_file
from scipy import sparse

from proveout.families._embedders import EMBEDDER_FILE
from proveout.task import canonical_json, content_hash

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    Array = np.ndarray[Any, Any]

__all__ = ["StaticEmbedder", "StaticTable", "features", "pieces", "words"]

NAME = "static"
TABLE = "static.safetensors"
TERMS = "static.json"
WORD = re.compile(r"[^\W_]+|[^\w\s]")
KINDS = ("word", "pair", "piece")
PIECES = (3, 4, 5)
EDGE = ("<", ">")


def words(text: str) -> list[str]:
    """Lower-case words and punctuation marks.

    Example:
        >>> words("Where's my card?")
        ['where', "'", 's', 'my', 'card', '?']
    """
    return WORD.findall(text.lower())


def pieces(word: str) -> list[str]:
    """Character 3- to 5-grams of a word with its ends marked, as fastText has them (Bojanowski et al. 2017).

    Example:
        >>> pieces("car")
        ['<ca', 'car', 'ar>', '<car', 'car>', '<car>']
    """
    marked = f"<{word}>"
    return [marked[at : at + size] for size in PIECES for at in range(len(marked) - size + 1)]


def features(text: str) -> Iterable[tuple[str, str]]:
    """(kind, term) of everything a text is summed from; kinds are ``word``, ``pair`` and ``piece``.

    Example:
        >>> [term for kind, term in features("my car") if kind == "pair"]
        ['< my', 'my car', 'car >']
    """
    found = words(text)
    yield from (("word", word) for word in found)
    yield from (("pair", f"{one} {other}") for one, other in pairwise((EDGE[0], *found, EDGE[1])))
    yield from (("piece", piece) for word in found for piece in pieces(word))


class StaticTable(msgspec.Struct, frozen=True, kw_only=True):
    """What training gave: a row and a weight for each term.

    Attributes:
        terms: (kind, term), shape (t,).
        rows: shape (t, d), already times their weights.
        squares: squared weight of each term, shape (t,).
        bias: shape (d,).
    """

    terms: list[tuple[str, str]]
    rows: Array
    squares: Array
    bias: Array


class StaticEmbedder:
    """Sums rows of a table, scales by the norm of their weights, rectifies, and scales to unit length.

    The pieces of a known word are summed into the word's own row beforehand, so that a text costs one look-up a word
    and one a pair; a word never seen is looked up piece by piece.

    Attributes:
        name: ``static``.
        fingerprint: a hash of all rows.
    """

    name = NAME

    def __init__(self, terms: dict[str, list[str]], arrays: dict[str, Array]) -> None:
        self._terms, self._arrays = terms, arrays
        self._at = _places(terms)
        # Row 0 stands for what is not in the table.
        levels = arrays["levels"].astype(np.float32) * arrays["steps"][:, None]
        self._rows = np.concatenate([np.zeros((1, levels.shape[1]), np.float32), levels])
        self._squares = np.concatenate([np.zeros(1, np.float32), arrays["squares"]])
        hashes = {name: content_hash(array.tobytes().hex()) for name, array in sorted(arrays.items())}
        self.fingerprint = content_hash([terms, hashes])

    @classmethod
    def of(cls, table: StaticTable) -> Self:
        """Fold pieces into words and round the rows to int8, one step size a row."""
        at = {term: row for row, term in enumerate(table.terms)}
        terms = {kind: [term for found, term in table.terms if found == kind] for kind in KINDS}
        parts = [_parts(kind, term, at) for kind in KINDS for term in terms[kind]]
        levels, steps = _rounded(np.stack([table.rows[rows].sum(axis=0) for rows in parts]))
        squares = np.array([table.squares[rows].sum() for rows in parts], dtype=np.float32)
        return cls(terms, {"levels": levels, "steps": steps, "squares": squares, "bias": table.bias})

    def embed(self, texts: Sequence[str]) -> Array:
        """Unit vectors of shape (len(texts), d), float32."""
        found = [self._look_up(text) for text in texts]
        ends = np.cumsum([0, *map(len, found)])
        columns = np.fromiter(chain.from_iterable(found), dtype=np.int32, count=int(ends[-1]))
        ones = np.ones(len(columns), dtype=np.float32)
        counts = sparse.csr_array((ones, columns, ends), shape=(len(texts), len(self._rows)))
        norms = np.sqrt(np.maximum(counts @ self._squares, 1e-9))
        hidden = np.maximum((counts @ self._rows) / norms[:, None] + self._arrays["bias"], 0.0)
        lengths = np.maximum(np.linalg.norm(hidden, axis=1, keepdims=True), 1e-9)
        return np.asarray(hidden / lengths, dtype=np.float32)

    def _look_up(self, text: str) -> list[int]:
        known, found = self._at["word"], words(text)
        rows = [known.get(word, 0) for word in found]
        if 0 in rows:
            unknown = (word for word, row in zip(found, rows, strict=True) if not row)
            rows += [row for word in unknown for piece in pieces(word) if (row := self._at["piece"].get(piece))]
        pairs = self._at["pair"]
        rows += [row for pair in pairwise((EDGE[0], *found, EDGE[1])) if (row := pairs.get(" ".join(pair)))]
        return rows

    def save(self, folder: Path) -> None:
        """Terms as JSON, rows as int8."""
        save_file(self._arrays, folder / TABLE)
        (folder / TERMS).write_bytes(canonical_json(self._terms))
        (folder / EMBEDDER_FILE).write_bytes(canonical_json({"name": self.name, "fingerprint": self.fingerprint}))

    @classmethod
    def is_in(cls, folder: Path) -> bool:
        """Whether `save` wrote there."""
        return (folder / TABLE).is_file()

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        terms = msgspec.json.decode((folder / TERMS).read_bytes(), type=dict[str, list[str]])
        return cls(terms, load_file(folder / TABLE))


def _parts(kind: str, term: str, at: dict[tuple[str, str], int]) -> list[int]:
    """Rows a term is summed from: its own, and those of its pieces when it is a word."""
    inner = pieces(term) if kind == "word" else []
    return [at[kind, term], *(at["piece", piece] for piece in inner if ("piece", piece) in at)]


def _places(terms: dict[str, list[str]]) -> dict[str, dict[str, int]]:
    """Row of each term by kind; 0 is nobody's."""
    numbers = iter(range(1, 1 + sum(map(len, terms.values()))))
    return {kind: dict(zip(terms[kind], numbers, strict=False)) for kind in KINDS}


def _rounded(rows: Array) -> tuple[Array, Array]:
    """Rows as whole numbers from -127 to 127 and the step size of each."""
    steps = np.maximum(np.abs(rows).max(axis=1), 1e-12) / 127
    return np.round(rows / steps[:, None]).astype(np.int8), steps.astype(np.float32)
