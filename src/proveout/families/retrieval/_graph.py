"""The approximate part of a vector index: a usearch HNSW graph over int8 copies of the vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import msgspec
import numpy as np

from proveout.errors import ExtraMissing

if TYPE_CHECKING:
    from pathlib import Path

    Array = np.ndarray[Any, Any]

__all__ = ["Graph", "GraphSettings"]


class GraphSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How a graph is built and searched (Malkov and Yashunin, IEEE TPAMI 42 (2020) 824-836: M, efConstruction, ef).

    Chosen by ``bench/vectors.py --tune`` on vectors of another seed than the one it reports.
    """

    dtype: str = "i8"
    connectivity: int = 16
    expansion_add: int = 128
    expansion_search: int = 48


class Graph:
    """Rows that are probably near a query; whoever asks computes their cosines exactly.

    Equal vectors are one node. As nodes of their own they would be one another's neighbours and nobody else's, and
    the graph would fall apart: a corpus with one boilerplate passage 3,000 times among 6,000 cost 7 % of recall.

    Args:
        index: usearch's, whose keys are nodes.
        rows: the rows (int64) of node 0, then those of node 1, and so on.
        starts: where each node's rows start in ``rows``; one more for the end.
    """

    def __init__(self, index: Any, rows: Array, starts: Array) -> None:
        self._index = index
        self._rows = rows
        self._starts = starts

    @staticmethod
    def build(vectors: Array, settings: GraphSettings) -> tuple[bytes, Array, Array]:
        """A graph over float32 vectors (n, d): the content of its file, ``rows`` and ``starts``.

        The same vectors give the same bytes. For that one thread adds, in order of the rows: with several, the graph
        would depend on how they take turns.

        Raises:
            ExtraMissing: usearch is not installed.
        """
        index = _empty(vectors.shape[1], settings)
        rows, starts = _grouped(vectors)
        index.add(np.arange(len(starts) - 1), vectors[rows[starts[:-1]]], threads=1)
        return bytes(index.save()), rows, starts

    @classmethod
    def open(cls, path: Path, rows: Array, starts: Array, settings: GraphSettings) -> Self:
        """Map the file that holds what `build` gave, which the caller has checked: usearch trusts its content.

        Raises:
            ExtraMissing: usearch is not installed.
        """
        index = _empty(0, settings)
        index.view(path)
        index.expansion_search = settings.expansion_search
        return cls(index, rows, starts)

    def near(self, query: Array, count: int) -> Array:
        """The rows (int64) of at most ``count`` nodes for a query of shape (d,), in no order to rely on."""
        nodes: Array = self._index.search(query, count, threads=1).keys.astype(np.int64)
        first, end = self._starts[nodes], self._starts[nodes + 1]
        if (end - first == 1).all():
            return self._rows.take(first)
        return np.concatenate([self._rows[start:stop] for start, stop in zip(first, end, strict=True)])


def _grouped(vectors: Array) -> tuple[Array, Array]:
    """Rows ordered by the first row that equals them, and where each group starts."""
    whole = np.ascontiguousarray(vectors).view(np.dtype((np.void, vectors.dtype.itemsize * vectors.shape[1])))
    _, first, group = np.unique(whole.ravel(), return_index=True, return_inverse=True)
    rows = np.argsort(first[group], kind="stable")
    starts = np.flatnonzero(first[group][rows] == rows)
    return rows, np.append(starts, len(rows))


def _empty(dimensions: int, settings: GraphSettings) -> Any:
    try:
        from usearch.index import Index  # noqa: PLC0415  an extra
    except ImportError as error:
        fix = 'pip install "proveout[retrieval]"; or index fewer rows, which are searched exactly with numpy alone'
        raise ExtraMissing("an extra is missing", why=f"no module {error.name}", fix=fix, about="retrieval") from error
    return Index(
        ndim=dimensions,
        metric="ip",
        dtype=settings.dtype,
        connectivity=settings.connectivity,
        expansion_add=settings.expansion_add,
        expansion_search=settings.expansion_search,
        enable_key_lookups=False,
    )
