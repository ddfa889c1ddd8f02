"""The knowledge base: documents in, cited passages out, as of any generation."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Literal, Self

import msgspec
import numpy as np

from proveout.errors import FamilyDoesNotFit, GenerationNotFound, WeightsMismatch
from proveout.families.retrieval._documents import Hit
from proveout.families.retrieval._fusion import reciprocal_ranks
from proveout.families.retrieval._ingest import Ingest, refuse_duplicates
from proveout.families.retrieval._records import Records
from proveout.families.retrieval._sources import LARGEST
from proveout.families.retrieval._text import indexed_text
from proveout.families.retrieval._view import View
from proveout.task import canonical_json

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from proveout.families._embedders import Embedder
    from proveout.families.retrieval._documents import IngestReport, Source
    from proveout.families.retrieval._rerankers import Reranker
    from proveout.families.retrieval._tables import Generation

__all__ = ["Knowledge", "Search"]

Mode = Literal["hybrid", "bm25", "vector"]
WEIGHTS = {"bm25": 1.0, "vector": 1.0}
# How deep each list is read before fusion, and how many fused hits a reranker sees.
DEPTH = 100
RERANKED = 50
VIEWS_KEPT = 4


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a search depends on besides the knowledge base.

    Attributes:
        text: the query's words; may be "" when ``mode`` is ``vector``.
        vector: its embedding, when the caller has it; otherwise the embedder makes it.
        k: at most so many hits.
        mode: ``hybrid``, ``bm25`` or ``vector``.
        as_of: a generation; None for the newest.
        groups: the groups of whoever asks.
        where: metadata a document must have, each equal.

    Example:
        >>> Search(text="refund").mode
        'hybrid'
    """

    text: str = ""
    vector: tuple[float, ...] | None = None
    k: int = 10
    mode: Mode = "hybrid"
    as_of: int | None = None
    groups: tuple[str, ...] = ()
    where: dict[str, Any] = {}


class Knowledge:
    """Versioned documents, found by words and by meaning, each hit with its citation.

    The SQLite file in ``folder`` is the system of record; indexes in ``cache`` are derived from it and may be deleted
    at any time. Every ingest makes a generation, and a search as of a generation gives the same ids and scores ever
    after. Any number of threads may search. Permissions are those of the generation that is searched. Hidden chunks
    are never returned, ranked or counted; BM25's word statistics are of all chunks.

    Attributes:
        rebuilds: why indexes found in the cache were built again, oldest first.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from proveout.families.retrieval import Source
        >>> with tempfile.TemporaryDirectory() as folder, Knowledge.open(Path(folder), None, Path(folder)) as base:
        ...     report = base.ingest([Source(path="faq.md", content=b"Refunds take five days.")])
        ...     [(hit.path, hit.start, hit.end) for hit in base.search("refund", 3, mode="bm25")]
        [('faq.md', 0, 23)]
    """

    def __init__(
        self,
        records: Records,
        embedder: Embedder | None,
        cache: Path,
        *,
        reranker: Reranker | None = None,
        largest: int = LARGEST,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._records = records
        self._embedder = embedder
        self._cache = cache
        self._reranker = reranker
        self._largest = largest
        self._clock = clock
        self._views: OrderedDict[int, View] = OrderedDict()
        self._opening = threading.Lock()
        self.rebuilds: list[str] = []

    @classmethod
    def open(cls, folder: Path, embedder: Embedder | None, cache: Path, **options: Any) -> Self:
        """Open the knowledge base in a folder, making it at first use.

        Args:
            folder: holds the system of record; back it up.
            embedder: of dense vectors; None to search by words alone.
            cache: holds derived indexes; may be deleted.
            **options: ``reranker`` for a second look at the best hits, ``largest`` bytes of a document, ``clock``.

        Raises:
            NotWritable: this user may not write there.
            StoreCorrupt: the file is not a database, or is damaged.
            SetupError: it was made by a newer version of Proveout.
        """
        return cls(Records.open(folder), embedder, cache, **options)

    @property
    def embedder(self) -> str:
        """The embedder's fingerprint; "" for none."""
        return "" if self._embedder is None else self._embedder.fingerprint

    @property
    def reranker(self) -> str:
        """The reranker's fingerprint; "" for none."""
        return "" if self._reranker is None else self._reranker.fingerprint

    def ingest(self, sources: Iterable[Source], *, delete: Collection[str] = ()) -> IngestReport:
        """Add new documents, replace changed ones, delete others: one transaction, durable on return.

        A chunk's text is embedded once; a changed page embeds its changed chunks alone. A document whose new content
        cannot be used is skipped, and its old version ends, since it is no longer what the document says.

        Raises:
            DuplicateIds: a path is named twice.
            ChunkerUnknown: a source names a chunker that is not registered.
            BusyError: another ingest is being written.
            DiskFull: no space is left; nothing of the batch was written.
        """
        given = list(sources)
        refuse_duplicates(given, delete)
        with self._records.batch(self._clock) as batch:
            return Ingest(batch, self._embedder, self._largest).run(given, delete)

    def generation(self, number: int | None = None) -> Generation | None:
        """The generation of that number, or the newest; None while nothing was ingested.

        Raises:
            GenerationNotFound: there is none of that number.
        """
        found = self._records.generation(number)
        if found is None and number is not None:
            fix = "ask as of a generation that an ingest reported, or leave as_of out"
            raise GenerationNotFound("no such generation", why="no ingest made it", fix=fix, about=str(number))
        return found

    def paths(self) -> tuple[str, ...]:
        """Documents of the newest generation, sorted."""
        newest = self.generation()
        documents = {} if newest is None else self._records.documents(newest.number)
        return tuple(sorted(document.path for document in documents.values()))

    def search(
        self,
        query: str | Sequence[float],
        k: int = 10,
        *,
        as_of: int | None = None,
        groups: Collection[str] | None = None,
        filter: Mapping[str, Any] | None = None,  # noqa: A002  the word people look for
        mode: Mode = "hybrid",
    ) -> list[Hit]:
        """The best passages, best first.

        Args:
            query: words, or the vector of a query for mode ``vector``; `run` takes both at once.
            k: at most so many.
            as_of: a generation; None for the newest.
            groups: the groups of whoever asks; with none, only documents open to everybody are found.
            filter: metadata a document must have, each equal.
            mode: ``bm25``, ``vector``, or ``hybrid``: both, by reciprocal-rank fusion.

        Raises:
            GenerationNotFound: ``as_of`` names none.
            FamilyDoesNotFit: the mode needs an embedder.
            WeightsMismatch: the generation was embedded by another embedder.
        """
        words = query if isinstance(query, str) else ""
        vector = None if isinstance(query, str) else tuple(float(value) for value in query)
        facts = dict(filter or {})
        return self.run(
            Search(text=words, vector=vector, k=k, mode=mode, as_of=as_of, groups=tuple(groups or ()), where=facts)
        )

    def run(self, search: Search) -> list[Hit]:
        """As `search`, with its parameters in one value; the hot path of serving."""
        generation = self.generation(search.as_of)
        if generation is None or search.k < 1 or (search.vector is None and not indexed_text(search.text)):
            return []
        view = self._view(generation)
        allowed = view.allowed(frozenset(search.groups), canonical_json(search.where))
        if not allowed.count:
            return []
        depth = max(search.k, DEPTH)
        lists = {}
        if search.mode != "vector":
            lists["bm25"] = view.by_text(indexed_text(search.text), depth, allowed)
        if search.mode != "bm25":
            lists["vector"] = view.by_vector(self._vector(search, generation), depth, allowed)
        return self._hits(search, view, _ordered(lists))

    def close(self) -> None:
        """Let go of the system of record."""
        self._records.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _view(self, generation: Generation) -> View:
        with self._opening:
            found = self._views.pop(generation.number, None)
            if found is None:
                found = View(self._records, generation, self._cache)
                self.rebuilds += [found.rebuilt] if found.rebuilt else []
            self._views[generation.number] = found
            while len(self._views) > VIEWS_KEPT:
                self._views.popitem(last=False)
            return found

    def _vector(self, search: Search, generation: Generation) -> Any:
        if not generation.embedder:
            fix = 'ingest with an embedder (pip install "proveout[encoder]"), or search with mode="bm25"'
            why = f"generation {generation.number} was ingested without one"
            raise FamilyDoesNotFit("no vectors", why=why, fix=fix, about=search.mode)
        if search.vector is not None:
            return np.array(search.vector, dtype=np.float32)
        if self._embedder is None or self._embedder.fingerprint != generation.embedder:
            why = f"generation {generation.number} has vectors of embedder {generation.embedder}"
            fix = "open with that embedder, or ingest again with this one"
            raise WeightsMismatch("another embedder", why=why, fix=fix, about=self.embedder or "no embedder")
        return self._embedder.embed([indexed_text(search.text)])[0]

    def _hits(self, search: Search, view: View, ordered: list[tuple[int, float, dict[str, int]]]) -> list[Hit]:
        best = ordered[: search.k if self._reranker is None else max(search.k, RERANKED)]
        chunks = [view.chunks[at] for at, _, _ in best]
        texts = self._records.texts(chunks)
        found = [
            Hit(
                chunk=chunk.id,
                path=document.path,
                version=document.version,
                start=chunk.start,
                end=chunk.end,
                text=text,
                score=score,
                ranks=ranks,
            )
            for chunk, text, (_, score, ranks) in zip(chunks, texts, best, strict=True)
            for document in (view.document(chunk),)
        ]
        return found if self._reranker is None else _reranked(self._reranker, search.text, found)[: search.k]


def _ordered(lists: Mapping[str, tuple[list[int], list[float]]]) -> list[tuple[int, float, dict[str, int]]]:
    """One list keeps its scores; several are fused."""
    if len(lists) > 1:
        return reciprocal_ranks({name: found for name, (found, _) in lists.items()}, WEIGHTS)
    [(name, (found, scores))] = lists.items()
    return [(at, score, {name: rank}) for rank, (at, score) in enumerate(zip(found, scores, strict=True), start=1)]


def _reranked(reranker: Reranker, query: str, hits: Sequence[Hit]) -> list[Hit]:
    scores = reranker.score(query, [hit.text for hit in hits])
    scored = [msgspec.structs.replace(hit, score=float(score)) for hit, score in zip(hits, scores, strict=True)]
    return sorted(scored, key=lambda hit: (-hit.score, hit.chunk))
