"""distilled: small students of the labels, or of the incumbent's answers."""

from proveout.families.distilled._family import DistilledFamily
from proveout.families.distilled._noise import Suspect
from proveout.families.distilled._student import DistilledCandidate
from proveout.families.distilled._tagger import TaggerCandidate

__all__ = ["DistilledCandidate", "DistilledFamily", "Suspect", "TaggerCandidate"]
