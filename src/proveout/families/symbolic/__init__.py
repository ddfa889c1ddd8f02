"""The symbolic family: rules with proofs, logic over language, and causal reasoning."""

from proveout.families.symbolic._check_decision import check_decision, check_table
from proveout.families.symbolic._checkers import check_causal_claim, check_logic_claim, check_rules_claim
from proveout.families.symbolic._decisions import DecisionCandidate
from proveout.families.symbolic._family import SymbolicFamily
from proveout.families.symbolic._language import LanguageCandidate
from proveout.families.symbolic._tables import TableCandidate
from proveout.families.symbolic.induced import RuleCandidate
from proveout.families.symbolic.policy import Policy

__all__ = [
    "DecisionCandidate",
    "LanguageCandidate",
    "Policy",
    "RuleCandidate",
    "SymbolicFamily",
    "TableCandidate",
    "check_causal_claim",
    "check_decision",
    "check_logic_claim",
    "check_rules_claim",
    "check_table",
]
