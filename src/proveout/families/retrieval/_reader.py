"""The documents of a snapshot, read for questions: passages, their sentences, and what speaks for each sentence."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any, Self

import msgspec
import numpy as np
from scipy import sparse

from proveout.errors import BuildFailed, StoreCorrupt
from proveout.families._embedders import fit_embedder
from proveout.families._vectors import embed_all
from proveout.families.retrieval._chunkers import choose_chunker, chunkers
from proveout.families.retrieval._documents import Hit, Source
from proveout.families.retrieval._knowledge import Knowledge, Search
from proveout.families.retrieval._sentences import (
    FEATURES,
    Sentence,
    SentenceVectors,
    described,
    normalised,
    sentences,
    spans,
)
from proveout.families.retrieval._sources import chunks_of
from proveout.task import Citation, content_hash

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from proveout.families._embedders import Embedder
    from proveout.families._protocol import BuildRun
    from proveout.task import Task

    Array = np.ndarray[Any, Any]

__all__ = [
    "PASSAGES",
    "LookedUp",
    "PageReader",
    "answer_field",
    "cited",
    "holds",
    "load_pages",
    "pages_of",
    "save_pages",
]

PASSAGES = 10
FOLDER = "pages"
# Sentences of larger collections are embedded when they are first found.
EAGER = 20_000


class LookedUp(msgspec.Struct, frozen=True):
    """What was found for a question.

    Attributes:
        hits: passages, best first.
        sentences: those of the passages.
        features: of shape (sentences, 4), columns as `FEATURES` names them.
    """

    hits: list[Hit]
    sentences: list[Sentence]
    features: Any


class PageReader:
    """Finds passages for questions in a fixed set of pages.

    Args:
        pages: contents by path.
        embedder: for sentences, and, when its vectors are dense, for passages; with sparse ones passages are found by
            their words.
        cache: a folder for what can be made again.

    Attributes:
        embedder: as given.
        vectors: of sentences.
        pages: how many there are.
        skipped: paths of pages without usable text.
    """

    def __init__(self, pages: Mapping[str, bytes], embedder: Embedder, cache: Path) -> None:
        self.embedder = embedder
        self.pages = len(pages)
        self.vectors = SentenceVectors(embedder)
        is_dense = not sparse.issparse(embedder.embed(["x"]))
        self._mode: Any = "hybrid" if is_dense else "bm25"
        self._knowledge = _opened(pages, embedder if is_dense else None, cache)
        self.skipped = tuple(sorted(pages.keys() - set(self._knowledge.paths())))

    @classmethod
    def fitted(cls, task: Task, pages: Mapping[str, bytes], run: BuildRun) -> Self:
        """A reader whose embedder is the run's; each sentence of the pages is embedded once, unless they are many.

        Raises:
            BuildFailed: no page has text.
        """
        chunks = [one.text for path, page in sorted(pages.items()) for one in chunks_of(path, page)]
        if not chunks:
            why = f"none of the {len(pages)} documents has text that can be read"
            fix = "see which with: proveout ingest; and correct documents.paths in task.toml"
            raise BuildFailed("nothing to answer from", why=why, fix=fix, about=task.name)
        reader = cls(pages, fit_embedder(run.embedder, chunks, run.cache), run.cache)
        found = sorted({text[start:end] for text in chunks for start, end in spans(text)})
        if len(found) <= EAGER:
            reader.vectors.learn(found, embed_all(reader.embedder, found, run.cache, run.progress))
        return reader

    def parameters(self) -> dict[str, Any]:
        """What a card says of it."""
        return {
            "embedder": {"value": self.embedder.name, "fingerprint": self.embedder.fingerprint},
            "documents": {"value": self.pages, "without_text": len(self.skipped)},
            "passages": {"value": PASSAGES, "found_by": self._mode},
        }

    def look_up(self, question: str, count: int = PASSAGES) -> LookedUp:
        """Passages for a question, their sentences, and what speaks for each."""
        vector = None
        if self._mode == "hybrid":
            # Embedded once, for passages and sentences.
            vector = tuple(self.vectors.rows([question])[0][0].tolist())
        hits = self._knowledge.run(Search(text=question, vector=vector, k=count, mode=self._mode))
        found = sentences(hits)
        features = described(question, found, hits, self.vectors) if found else np.zeros((0, len(FEATURES)))
        return LookedUp(hits, found, features)


def pages_of(task: Task, run: BuildRun) -> dict[str, bytes]:
    """The snapshot's documents.

    Raises:
        BuildFailed: there are none.
    """
    pages = run.documents()
    if not pages:
        fix = "name them under documents.paths in task.toml and take a snapshot"
        raise BuildFailed("nothing to answer from", why="the snapshot holds no documents", fix=fix, about=task.name)
    return pages


def save_pages(pages: Mapping[str, bytes], folder: Path) -> None:
    """Write contents in the order of their paths."""
    (folder / FOLDER).mkdir()
    for number, path in enumerate(sorted(pages)):
        (folder / FOLDER / f"{number:06d}").write_bytes(pages[path])


def load_pages(paths: Sequence[str], folder: Path) -> dict[str, bytes]:
    """What `save_pages` wrote, by its sorted paths."""
    return {path: (folder / FOLDER / f"{number:06d}").read_bytes() for number, path in enumerate(paths)}


def answer_field(task: Task) -> str:
    """The output field that holds the answer: the target, or the first field that may be text."""
    properties = task.output.get("properties", {})
    texts = [name for name, schema in sorted(properties.items()) if "string" in _types(schema)]
    return task.target or (texts or sorted(properties) or ["answer"])[0]


def _types(schema: Mapping[str, Any]) -> Sequence[str]:
    stated = schema.get("type", ())
    return (stated,) if isinstance(stated, str) else stated


def holds(text: str, expected: Any) -> bool:
    """Whether a text holds one of the expected answers, word for word; a lack of them it never holds.

    Example:
        >>> holds("It is the Rhine.", ["Elbe", "Rhine"]), holds("It is 12 km.", "2 km"), holds("Anything", None)
        (True, False, False)
    """
    said = f" {' '.join(normalised(text))} "
    wanted = expected if isinstance(expected, list) else [expected]
    golds = (" ".join(normalised(str(one))) for one in wanted if one is not None)
    return any(f" {gold} " in said for gold in golds if gold)


def cited(hit: Hit, start: int | None = None, end: int | None = None) -> Citation:
    """The citation of a passage, or of characters of its document."""
    first, last = hit.start if start is None else start, hit.end if end is None else end
    return Citation(document=hit.path, fingerprint=hit.version, start=first, end=last)


def _opened(pages: Mapping[str, bytes], embedder: Embedder | None, cache: Path) -> Knowledge:
    """A knowledge base of exactly these pages as these chunkers cut them, made once and kept under their hash."""
    named = sorted((path, content_hash(content.hex()), _cutter(path, content)) for path, content in pages.items())
    folder = cache / "knowledge" / content_hash(["" if embedder is None else embedder.fingerprint, named])[:24]
    try:
        return _filled(folder, pages, embedder, cache)
    except StoreCorrupt:
        # It is derived: the pages are all there.
        shutil.rmtree(folder, ignore_errors=True)
        return _filled(folder, pages, embedder, cache)


def _cutter(path: str, content: bytes) -> str:
    return chunkers.create(choose_chunker(content, path)).id


def _filled(folder: Path, pages: Mapping[str, bytes], embedder: Embedder | None, cache: Path) -> Knowledge:
    knowledge = Knowledge.open(folder, embedder, cache)
    if knowledge.generation() is None:
        knowledge.ingest([Source(path=path, content=content) for path, content in sorted(pages.items())])
    return knowledge
