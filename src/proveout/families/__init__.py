"""Five ways to build a candidate for a task, behind one protocol."""

from proveout.families._build import (
    Built,
    CandidateBuilt,
    build,
    candidate_ids,
    load_candidate,
    verify_candidate,
)
from proveout.families._calibration import Calibrator, fit_calibrator, rejection_threshold
from proveout.families._code import code_version
from proveout.families._embedders import Embedder, EmbedderKind, embedder, embedders, fit_embedder, load_embedder
from proveout.families._incumbent import Recorded
from proveout.families._protocol import (
    BuildRun,
    Candidate,
    CandidateCard,
    Family,
    Fit,
    Loads,
    card_of,
    default_families,
    families,
    family,
)
from proveout.families.distilled import DistilledCandidate, DistilledFamily, Suspect
from proveout.families.llm import Completion, EndpointCandidate, LlmFamily, Provider, ReplayCandidate
from proveout.families.retrieval import RetrievalCandidate, RetrievalFamily

__all__ = [
    "BuildRun",
    "Built",
    "Calibrator",
    "Candidate",
    "CandidateBuilt",
    "CandidateCard",
    "Completion",
    "DistilledCandidate",
    "DistilledFamily",
    "Embedder",
    "EmbedderKind",
    "EndpointCandidate",
    "Family",
    "Fit",
    "LlmFamily",
    "Loads",
    "Provider",
    "Recorded",
    "ReplayCandidate",
    "RetrievalCandidate",
    "RetrievalFamily",
    "Suspect",
    "build",
    "candidate_ids",
    "card_of",
    "code_version",
    "default_families",
    "embedder",
    "embedders",
    "families",
    "family",
    "fit_calibrator",
    "fit_embedder",
    "load_candidate",
    "load_embedder",
    "rejection_threshold",
    "verify_candidate",
]
