"""An immutable index of unit vectors: exact search, and above 50,000 rows an HNSW graph with exact rescoring."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from proveout.families.retrieval._graph import Graph, GraphSettings
from proveout.families.retrieval._index_files import (
    GRAPH,
    IDS,
    NODE_ROWS,
    NODE_STARTS,
    VECTORS,
    Manifest,
    mapped,
    read_manifest,
    write_index,
)

if TYPE_CHECKING:
    from pathlib import Path

    Array = np.ndarray[Any, Any]
    Found = tuple[Array, Array]

__all__ = ["EXACT_BELOW", "EXACT_SHARE", "VectorIndex"]

EXACT_BELOW = 50_000
EXACT_SHARE = 0.05
# Rows asked of the graph for each row wanted: int8 distances put a true neighbour a few places too far.
OVERSAMPLE = 3
# Above this share of the rows, computing all cosines is quicker than copying the allowed rows together.
GATHER_SHARE = 0.25
BLOCK = 128
UNIT_TOLERANCE = 1e-3


class VectorIndex:
    """Nearest rows by cosine; what a search returns depends on the stored rows and the query alone.

    Cosines are float32 and have the same bits whichever path found a row (graph, filtered or not, one query or
    many), so that an answer can be replayed. A folder is written once; a changed corpus gets a new index.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> import numpy as np
        >>> vectors = np.eye(3, dtype=np.float32)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     index = VectorIndex.build(Path(folder), np.array([7, 8, 9]), vectors)
        ...     ids, cosines = index.search(vectors[1], k=2)
        >>> ids.tolist(), cosines.tolist()
        ([8, 7], [1.0, 0.0])
    """

    def __init__(self, manifest: Manifest, ids: Array, vectors: Array, graph: Graph | None) -> None:
        self._manifest = manifest
        self._ids = ids
        self._vectors = vectors
        self._graph = graph

    def __len__(self) -> int:
        return self._manifest.rows

    @property
    def fingerprint(self) -> str:
        """64 hex digits that change with any row, id or setting."""
        return self._manifest.fingerprint

    @classmethod
    def build(
        cls,
        folder: Path,
        ids: Array,
        vectors: Array,
        *,
        exact_below: int = EXACT_BELOW,
        graph: GraphSettings | None = None,
    ) -> Self:
        """Write an index of distinct int64 ids (n,) and float32 vectors (n, d) of length 1, and open it.

        The same rows give the same bytes. From ``exact_below`` rows on it has a graph, built as ``graph`` says.

        Raises:
            ValueError: ids repeat, shapes disagree, or a vector's length is not 1.
            ExtraMissing: a graph is needed and usearch is not installed.
            DiskFull: no space is left.
            NotWritable: no permission.
        """
        ids, vectors = _int64(ids), np.ascontiguousarray(vectors, dtype="<f4")
        _check_rows(ids, vectors)
        contents = {IDS: ids.tobytes(), VECTORS: vectors.tobytes()}
        settings = (graph or GraphSettings()) if len(ids) >= exact_below else None
        if settings is not None:
            content, rows, starts = Graph.build(vectors, settings)
            contents |= {GRAPH: content, NODE_ROWS: _int64(rows).tobytes(), NODE_STARTS: _int64(starts).tobytes()}
        write_index(folder, vectors.shape, settings, contents)
        return cls.open(folder)

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Verify an index and map it; the cost is one reading of its files.

        Raises:
            IndexCorrupt: a file is missing, truncated, altered or of another index.
            ExtraMissing: it has a graph and usearch is not installed.
        """
        manifest = read_manifest(folder)
        ids = mapped(folder / IDS, "<i8", (manifest.rows,))
        vectors = mapped(folder / VECTORS, "<f4", (manifest.rows, manifest.dimensions))
        return cls(manifest, ids, vectors, _graph(folder, manifest))

    def search(self, query: Array, k: int, allowed: Array | None = None) -> Found:
        """The ``k`` rows nearest to a query (d,) of length 1: ids (int64) and cosines (float32), nearest first.

        Equal cosines are ordered by id. Fewer than ``k`` come back when fewer are there or allowed.

        Args:
            query: float32, shape (d,).
            k: how many, at least 1.
            allowed: which rows may be found, in the order they were built in: a boolean mask (n,), or positions.

        Raises:
            ValueError: a shape is wrong, ``k`` is below 1, or the query is not finite.
        """
        query = self._checked(query, k)
        mask = None if allowed is None else self._mask(allowed)
        rows = self._nearby(query, k, mask)
        return self._best(query, k, rows)

    def search_many(self, queries: Array, k: int) -> list[Found]:
        """`search` for each row of ``queries`` (q, d): the same ids and bits; faster where the search is exact."""
        if self._graph is not None or len(self) == 0:
            return [self.search(query, k) for query in queries]
        asked = [self._checked(query, k) for query in queries]
        found: list[Found] = []
        for start in range(0, len(asked), BLOCK):
            block = np.stack(asked[start : start + BLOCK])
            shortlists = _shortlists(block, self._vectors, min(k, len(self)))
            found += [self._best(query, k, rows) for query, rows in zip(block, shortlists, strict=True)]
        return found

    def _nearby(self, query: Array, k: int, mask: Array | None) -> Array | None:
        """Rows among which the answer is sought; None for all."""
        allowed = len(self) if mask is None else int(np.count_nonzero(mask))
        rows = self._from_graph(query, k, mask, allowed)
        if rows is None and mask is not None:
            return np.flatnonzero(mask)
        return rows

    def _from_graph(self, query: Array, k: int, mask: Array | None, allowed: int) -> Array | None:
        """Rows the graph found, after the filter; None where an exact search is quicker or the graph found too few."""
        if self._graph is None or allowed < EXACT_SHARE * len(self):
            return None
        wanted = math.ceil(OVERSAMPLE * k * len(self) / allowed)
        if wanted > EXACT_SHARE * len(self):
            return None
        rows = self._graph.near(query, wanted)
        rows = rows if mask is None else rows[mask[rows]]
        return rows if len(rows) >= k else None

    def _best(self, query: Array, k: int, rows: Array | None) -> Found:
        cosines = self._cosines(query, rows)
        if len(cosines) > k:
            # All that equal the k-th stay, so that ties are broken by id and not by where the partition put them.
            within = np.flatnonzero(cosines >= np.partition(cosines, -k)[-k])
            cosines, rows = cosines[within], within if rows is None else rows[within]
        ids = self._ids if rows is None else self._ids[rows]
        order = np.lexsort((ids, -cosines))[:k]
        return ids[order], cosines[order]

    def _cosines(self, query: Array, rows: Array | None) -> Array:
        if rows is None:
            return _dots(self._vectors, query)
        if len(rows) > GATHER_SHARE * len(self):
            return _dots(self._vectors, query).take(rows)
        return _dots(self._vectors.take(rows, axis=0), query)

    def _checked(self, query: Array, k: int) -> Array:
        query = np.ascontiguousarray(query, dtype=np.float32)
        if query.shape != (self._manifest.dimensions,) or not np.isfinite(query).all():
            raise ValueError(f"a query is {self._manifest.dimensions} finite numbers, not of shape {query.shape}")
        if k < 1:
            raise ValueError(f"a search is for at least one row, not for {k}")
        return query

    def _mask(self, allowed: Array) -> Array:
        allowed = np.asarray(allowed)
        if allowed.dtype == np.bool_:
            if allowed.shape != (len(self),):
                raise ValueError(f"a mask over {len(self)} rows does not have the shape {allowed.shape}")
            return allowed
        mask = np.zeros(len(self), dtype=np.bool_)
        if len(allowed):
            if allowed.min() < 0 or allowed.max() >= len(self):
                raise ValueError(f"positions run from 0 to {len(self) - 1}, not {allowed.min()} to {allowed.max()}")
            mask[allowed] = True
        return mask


def _dots(vectors: Array, query: Array) -> Array:
    """Float32 dot products of each row.

    Matrix products sum in an order that depends on the shape and on the processor; einsum's loop sums a row in one
    order, whatever stands around it.
    """
    dots: Array = np.einsum("ij,j->i", vectors, query)
    return dots


def _shortlists(queries: Array, vectors: Array, k: int) -> list[Array]:
    """For each query, rows that hold its exact top ``k``, by one matrix product.

    Either way of summing is off by at most d·2⁻²⁴·|x|·|q| (Higham, Accuracy and Stability of Numerical Algorithms,
    section 3.1), so a row of the top k lies at most four times that below the k-th largest product; the rest of the
    factor is for lengths within `UNIT_TOLERANCE` of 1.
    """
    products = queries @ vectors.T
    slack = 4.05 * vectors.shape[1] * 2.0**-24 * np.linalg.norm(queries, axis=1)
    least = np.partition(products, -k, axis=1)[:, -k] - slack
    return [np.flatnonzero(row >= bound) for row, bound in zip(products, least, strict=True)]


def _graph(folder: Path, manifest: Manifest) -> Graph | None:
    if manifest.graph is None:
        return None
    rows, starts = (
        mapped(folder / name, "<i8", (manifest.files[name].size // 8,)) for name in (NODE_ROWS, NODE_STARTS)
    )
    return Graph.open(folder / GRAPH, rows, starts, manifest.graph)


def _int64(numbers: Array) -> Array:
    return np.ascontiguousarray(numbers, dtype="<i8")


def _check_rows(ids: Array, vectors: Array) -> None:
    if vectors.ndim != 2 or ids.shape != vectors.shape[:1]:  # noqa: PLR2004  a table has two axes
        raise ValueError(f"ids of shape {ids.shape} do not name vectors of shape {vectors.shape}")
    if len(np.unique(ids)) != len(ids):
        raise ValueError("ids repeat")
    lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    if not (np.abs(lengths - 1) <= UNIT_TOLERANCE).all():
        worst = lengths[np.argmax(np.abs(lengths - 1))]
        raise ValueError(f"vectors have length 1, and one has {worst}")
