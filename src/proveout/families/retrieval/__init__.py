"""retrieval: the nearest examples or passages, with their fingerprints as evidence."""

from proveout.families.retrieval._examples import RetrievalCandidate, RetrievalFamily
from proveout.families.retrieval._graph import GraphSettings
from proveout.families.retrieval._index import VectorIndex

__all__ = ["GraphSettings", "RetrievalCandidate", "RetrievalFamily", "VectorIndex"]
