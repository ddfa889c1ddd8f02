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
    """Rows that are probably near a query; whoever asks computes their cosines exactly."""

    def __init__(self, index: Any) -> None:
        self._index = index

    @staticmethod
    def build(vectors: Array, settings: GraphSettings) -> bytes:
        """The graph of float32 vectors (n, d) as the content of a file: the same bytes for the same vectors.

        One thread adds, in order of the rows: with several, the graph would depend on how they take turns.

        Raises:
            ExtraMissing: usearch is not installed.
        """
        index = _empty(vectors.shape[1], settings)
        index.add(np.arange(len(vectors)), vectors, threads=1)
        return bytes(index.save())

    @classmethod
    def open(cls, path: Path, dimensions: int, settings: GraphSettings) -> Self:
        """Map the file that holds what `build` gave, which the caller has checked: usearch trusts its content.

        Raises:
            ExtraMissing: usearch is not installed.
        """
        index = _empty(dimensions, settings)
        index.view(path)
        index.expansion_search = settings.expansion_search
        return cls(index)

    def near(self, query: Array, count: int) -> Array:
        """At most ``count`` rows (int64) for a query of shape (d,), in no order to rely on."""
        found: Array = self._index.search(query, count, threads=1).keys
        return found.astype(np.int64)


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
