"""The knowledge base of a task: ingest, search, and replay of a search as it was answered."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import msgspec

from proveout import families
from proveout.errors import DataEmpty, ExtraMissing, RequestNotFound, WeightsMissing
from proveout.families import Hit, KnowledgeIngested, Replay, SearchAnswered
from proveout.ledger import LedgerReader
from proveout.loop._open import OpenTask, opened

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from proveout.families import Embedder, IngestReport, Knowledge, Source

__all__ = ["Found", "ingest", "replay", "search"]

EMBEDDER = "minilm-int8"
ID_BYTES = 8


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What a search gave.

    Attributes:
        request: the id to replay it by.
        generation: of the knowledge base; None while it is empty.
        hits: passages, best first.
    """

    request: str
    generation: int | None
    hits: tuple[Hit, ...]


def ingest(folder: Path, sources: Sequence[Source] | None = None, *, delete: Collection[str] = ()) -> IngestReport:
    """Bring the knowledge base of the task in ``folder`` up to date, in one transaction.

    Args:
        folder: of the task.
        sources: documents; None takes those that ``documents.paths`` names, and deletes what it names no more.
        delete: paths to delete.

    Raises:
        DataEmpty: ``documents.paths`` matches no file; nothing is deleted for that.
        WeightsMissing: the passages have vectors, and the embedder that made them is gone.
        ExtraMissing: the same, or the extra ``retrieval`` is not installed.
        DiskFull: no space is left; nothing of the batch was written.
        BusyError: another process writes there.
    """
    with opened(folder) as here, _knowledge(here) as knowledge:
        _refuse_lost_embedder(here, knowledge)
        given = list(sources) if sources is not None else _own_documents(here)
        gone = set(delete)
        if sources is None:
            gone |= set(knowledge.paths()) - {source.path for source in given}
        report = knowledge.ingest(given, delete=gone)
        if report.added or report.updated or report.deleted or report.skipped:
            here.ledger.append(
                KnowledgeIngested(
                    generation=report.generation,
                    added=report.added,
                    updated=report.updated,
                    deleted=report.deleted,
                    skipped=tuple(skipped.path for skipped in report.skipped),
                )
            )
        return report


def search(folder: Path, query: str, **options: Any) -> Found:
    """Passages for a query; the search is in the ledger before it is answered.

    Args:
        folder: of the task.
        query: words.
        **options: what `proveout.families.Search` takes besides its text: ``k``, ``mode``, ``as_of``, ``groups``.

    Raises:
        GenerationNotFound: ``as_of`` names none.
        WeightsMismatch: the knowledge base was made with another embedder.
    """
    with opened(folder) as here, _knowledge(here) as knowledge:
        generation = knowledge.generation(options.get("as_of"))
        if generation is not None and not generation.embedder:
            options.setdefault("mode", "bm25")
        asked = families.Search(text=query, **options)
        hits, record = families.record_search(knowledge, secrets.token_hex(ID_BYTES), asked)
        here.ledger.append(SearchAnswered(record=record))
        return Found(request=record.request, generation=record.search.as_of, hits=tuple(hits))


def replay(folder: Path, request: str) -> Replay:
    """Answer a recorded search again as of its generation, and compare ids and scores bit for bit.

    Raises:
        RequestNotFound: no search of that id is in the ledger.
        GenerationNotFound: the knowledge base does not have the generation.
    """
    with opened(folder) as here, _knowledge(here) as knowledge:
        with LedgerReader.open(here.workspace) as reader:
            bodies = (entry.body() for entry in reader.entries(kind=SearchAnswered.kind))
            records = (body.record for body in bodies if isinstance(body, SearchAnswered))
            record = next((one for one in records if one.request == request), None)
        if record is None:
            fix = f"list the recorded ones with: proveout ledger show {folder} --kind {SearchAnswered.kind}"
            raise RequestNotFound("no such request", why="the ledger has no search of that id", fix=fix, about=request)
        return families.replay(knowledge, record)


def _own_documents(here: OpenTask) -> list[Source]:
    root = here.task.root
    files = sorted({path for pattern in here.task.documents.paths for path in root.glob(pattern) if path.is_file()})
    if not files:
        why = f"documents.paths is {list(here.task.documents.paths)} and matches no file"
        fix = "correct it in task.toml, or name files and folders on the command line"
        raise DataEmpty("no documents", why=why, fix=fix, about=str(root))
    return [families.Source(path=path.relative_to(root).as_posix(), content=path) for path in files]


def _knowledge(here: OpenTask) -> Knowledge:
    return families.Knowledge.open(here.workspace.knowledge, _embedder(here.workspace.cache), here.workspace.cache)


def _refuse_lost_embedder(here: OpenTask, knowledge: Knowledge) -> None:
    """Without its embedder a knowledge base would go on by words alone, and nobody would notice."""
    newest = knowledge.generation()
    if newest is not None and newest.embedder and not knowledge.embedder:
        families.fit_embedder(EMBEDDER, (), here.workspace.cache)


def _embedder(cache: Path) -> Embedder | None:
    """A pretrained one, since a fitted one would change with the documents; None searches by words alone."""
    try:
        return families.fit_embedder(EMBEDDER, (), cache)
    except (WeightsMissing, ExtraMissing):
        return None
