"""distilled: small students of the labels, or of the incumbent's answers."""

from proveout.families.distilled._family import DistilledCandidate, DistilledFamily

__all__ = ["DistilledCandidate", "DistilledFamily"]
