"""retrieval: the nearest examples or passages, with their fingerprints as evidence."""

from proveout.families.retrieval._examples import RetrievalCandidate, RetrievalFamily

__all__ = ["RetrievalCandidate", "RetrievalFamily"]
