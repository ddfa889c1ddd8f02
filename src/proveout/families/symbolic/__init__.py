"""The symbolic family: rules with proofs, logic over language, and causal reasoning."""

from proveout.families.symbolic._checkers import check_causal_claim, check_logic_claim
from proveout.families.symbolic._family import SymbolicFamily
from proveout.families.symbolic._language import LanguageCandidate
from proveout.families.symbolic.policy import Policy

__all__ = ["LanguageCandidate", "Policy", "SymbolicFamily", "check_causal_claim", "check_logic_claim"]
