"""The passages of a task's documents that bear on a question, and their sentences."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Self

import msgspec

from proveout.errors import BuildFailed
from proveout.families._embedders import EMBEDDER_FILE, fit_embedder, load_embedder
from proveout.families._vectors import embed_all
from proveout.families.modular.micro._kinds import MicroModel, Parameters, checked_parameters, micro_kind
from proveout.families.modular.micro._types import FoundSentence, Passages
from proveout.families.retrieval._reader import EAGER, PageReader, cited, load_pages, save_pages
from proveout.families.retrieval._sentences import spans
from proveout.families.retrieval._sources import chunks_of
from proveout.task import canonical_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from proveout.families.modular.micro._encoders import Encoders
    from proveout.families.modular.micro._kinds import MicroRun
    from proveout.families.modular.micro._rows import MicroRows

__all__ = ["SearchKind", "SearchModel", "SearchParameters"]

STATE = "search.json"


class SearchParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of kind ``search``.

    Attributes:
        embedder: of passages and sentences.
        documents: BLAKE2b-256 by path; filled in from the run's documents.
    """

    embedder: str = "auto"
    documents: dict[str, str] = msgspec.field(default_factory=dict)


class SearchModel:
    """Finds passages in a fixed set of documents."""

    def __init__(self, pages: Mapping[str, bytes], reader: PageReader) -> None:
        self._pages, self._reader = dict(pages), reader

    @property
    def chosen(self) -> dict[str, Any]:
        """Embedder, documents and passages; nothing is chosen from rows."""
        return self._reader.parameters()

    def __call__(self, text: str) -> Passages:
        """Passages for one question, best first, and what speaks for each of their sentences."""
        looked = self._reader.look_up(text)
        sentences = tuple(
            FoundSentence(
                text=one.text,
                citation=cited(looked.hits[one.hit], one.start, one.end),
                passage=one.hit,
                features=tuple(round(float(value), 6) for value in features),
            )
            for one, features in zip(looked.sentences, looked.features, strict=True)
        )
        return Passages(passages=tuple(cited(hit) for hit in looked.hits), sentences=sentences)

    def save(self, folder: Path) -> None:
        """Write the documents and the embedder's state; indexes are made again from these."""
        save_pages(self._pages, folder)
        (folder / STATE).write_bytes(canonical_json(sorted(self._pages)))
        self._reader.embedder.save(folder)

    @classmethod
    def load(cls, folder: Path, encoders: Encoders) -> Self:
        """Read what `save` wrote."""
        pages = load_pages(msgspec.json.decode((folder / STATE).read_bytes()), folder)
        assert (folder / EMBEDDER_FILE).is_file()  # noqa: S101  an embedder's save writes it
        return cls(pages, PageReader(pages, load_embedder(folder, encoders.cache), encoders.cache))


@micro_kind("search")
class SearchKind:
    """An index over documents that people wrote."""

    name = "search"
    model: type[MicroModel] = SearchModel
    reads: frozenset[str] = frozenset()

    def settled(self, given: dict[str, Any], run: MicroRun) -> dict[str, Any]:
        """Parameters with the hash of each document.

        Raises:
            BuildFailed: there are no documents.
        """
        found = checked_parameters(given, SearchParameters, self.name)
        pages = {path: hashlib.blake2b(page, digest_size=32).hexdigest() for path, page in run.documents().items()}
        if not pages:
            fix = "name them under documents.paths in task.toml and take a snapshot"
            raise BuildFailed("nothing to search", why="the snapshot holds no documents", fix=fix, about=self.name)
        return dict(msgspec.to_builtins(msgspec.structs.replace(found, documents=pages)))

    def build(
        self, parameters: dict[str, Any], rows: MicroRows, run: MicroRun, needs: Mapping[str, MicroModel]
    ) -> SearchModel:
        """Index the documents; each sentence is embedded once, unless they are many.

        Raises:
            BuildFailed: no document has text.
        """
        del rows, needs
        asked, pages = checked_parameters(parameters, SearchParameters, self.name), run.documents()
        chunks = [one.text for path, page in sorted(pages.items()) for one in chunks_of(path, page)]
        if not chunks:
            why, fix = "no document has text that can be read", "see which with: proveout ingest"
            raise BuildFailed("nothing to search", why=why, fix=fix, about=self.name)
        reader = PageReader(pages, fit_embedder(asked.embedder, chunks, run.cache), run.cache)
        found = sorted({text[start:end] for text in chunks for start, end in spans(text)})
        if len(found) <= EAGER:
            reader.vectors.learn(found, embed_all(reader.embedder, found, run.cache, run.progress))
        return SearchModel(pages, reader)
