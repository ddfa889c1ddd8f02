"""What a knowledge base writes to the ledger."""

from __future__ import annotations

from proveout.families.retrieval._replay import SearchRecord
from proveout.ledger import EntryBody, entry

__all__ = ["KnowledgeIngested", "SearchAnswered"]


@entry("knowledge.ingested", version=1)
class KnowledgeIngested(EntryBody, frozen=True, kw_only=True):
    """Documents were added, replaced or deleted.

    Attributes:
        generation: the one that holds them.
        added: paths.
        updated: paths.
        deleted: paths.
        skipped: paths that could not be used.
    """

    generation: int
    added: tuple[str, ...]
    updated: tuple[str, ...]
    deleted: tuple[str, ...]
    skipped: tuple[str, ...]


@entry("search.answered", version=1)
class SearchAnswered(EntryBody, frozen=True, kw_only=True):
    """A search was answered: all that a replay needs.

    Attributes:
        record: query, generation, and the ids and scores that were given.
    """

    record: SearchRecord
