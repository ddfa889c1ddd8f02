"""retrieval: the nearest examples or passages, with their fingerprints as evidence."""

from proveout.families.retrieval._answer import PassageCandidate
from proveout.families.retrieval._chunkers import Chunker, choose_chunker, chunker, chunkers
from proveout.families.retrieval._documents import Chunk, Hit, IngestReport, Noted, Skipped, Source, read_folder
from proveout.families.retrieval._entries import KnowledgeIngested, SearchAnswered
from proveout.families.retrieval._examples import RetrievalCandidate
from proveout.families.retrieval._family import RetrievalFamily, WrittenFamily
from proveout.families.retrieval._graph import GraphSettings
from proveout.families.retrieval._index import VectorIndex
from proveout.families.retrieval._knowledge import Knowledge, Search
from proveout.families.retrieval._replay import Replay, SearchRecord, record_search, replay
from proveout.families.retrieval._rerankers import Reranker, reranker, rerankers
from proveout.families.retrieval._slots import SlotCandidate
from proveout.families.retrieval._sources import document_text
from proveout.families.retrieval._tables import Generation
from proveout.families.retrieval._written import WrittenCandidate

__all__ = [
    "Chunk",
    "Chunker",
    "Generation",
    "GraphSettings",
    "Hit",
    "IngestReport",
    "Knowledge",
    "KnowledgeIngested",
    "Noted",
    "PassageCandidate",
    "Replay",
    "Reranker",
    "RetrievalCandidate",
    "RetrievalFamily",
    "Search",
    "SearchAnswered",
    "SearchRecord",
    "Skipped",
    "SlotCandidate",
    "Source",
    "VectorIndex",
    "WrittenCandidate",
    "WrittenFamily",
    "choose_chunker",
    "chunker",
    "chunkers",
    "document_text",
    "read_folder",
    "record_search",
    "replay",
    "reranker",
    "rerankers",
]
