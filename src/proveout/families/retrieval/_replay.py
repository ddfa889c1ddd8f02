"""Searches as they were recorded, made again and compared bit for bit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from proveout.families.retrieval._knowledge import Search

if TYPE_CHECKING:
    from collections.abc import Sequence

    from proveout.families.retrieval._documents import Hit
    from proveout.families.retrieval._knowledge import Knowledge

__all__ = ["Replay", "SearchRecord", "record_search", "replay"]


class SearchRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What a search was asked and what it answered.

    Attributes:
        request: the id of the request it was part of.
        search: its parameters, with the generation that answered in ``as_of``.
        embedder: the embedder's fingerprint; "" for none.
        reranker: the reranker's fingerprint; "" for none.
        chunks: ids of the hits, best first.
        scores: their scores; JSON keeps every bit of a float.

    Example:
        >>> SearchRecord(request="r1", search=Search(text="refund", as_of=3)).search.as_of
        3
    """

    request: str
    search: Search
    embedder: str = ""
    reranker: str = ""
    chunks: tuple[int, ...] = ()
    scores: tuple[float, ...] = ()


class Replay(msgspec.Struct, frozen=True):
    """Whether a search gave the same ids and scores again, and what differed.

    Example:
        >>> Replay(identical=True).differences
        ()
    """

    identical: bool
    differences: tuple[str, ...] = ()


def record_search(knowledge: Knowledge, request: str, search: Search) -> tuple[list[Hit], SearchRecord]:
    """Search, and keep what a replay needs.

    Raises:
        GenerationNotFound: ``as_of`` names none.
    """
    generation = knowledge.generation(search.as_of)
    fixed = msgspec.structs.replace(search, as_of=None if generation is None else generation.number)
    hits = [] if generation is None else knowledge.run(fixed)
    return hits, SearchRecord(
        request=request,
        search=fixed,
        embedder=knowledge.embedder,
        reranker=knowledge.reranker,
        chunks=tuple(hit.chunk for hit in hits),
        scores=tuple(hit.score for hit in hits),
    )


def replay(knowledge: Knowledge, record: SearchRecord) -> Replay:
    """Make a recorded search again as of its generation, and compare ids and scores bit for bit.

    Raises:
        GenerationNotFound: the knowledge base does not have the generation.
        WeightsMismatch: it is opened with another embedder than the generation's.
    """
    hits = [] if record.search.as_of is None else knowledge.run(record.search)
    found = [
        _difference("embedder", record.embedder, knowledge.embedder),
        _difference("reranker", record.reranker, knowledge.reranker),
        *_compared(record, hits),
    ]
    differences = tuple(one for one in found if one)
    return Replay(not differences, differences)


def _compared(record: SearchRecord, hits: Sequence[Hit]) -> list[str]:
    if len(hits) != len(record.chunks):
        return [f"{len(record.chunks)} hits were recorded, {len(hits)} found"]
    rows = zip(record.chunks, record.scores, hits, strict=True)
    return [
        _difference(f"hit {rank}", (chunk, score), (hit.chunk, hit.score))
        for rank, (chunk, score, hit) in enumerate(rows, start=1)
    ]


def _difference(what: str, recorded: object, found: object) -> str:
    return "" if recorded == found else f"{what}: recorded {recorded}, found {found}"
