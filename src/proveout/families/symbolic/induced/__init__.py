"""Rules induced from labelled rows: an ordered list that a person reads and edits, each answer with its proof."""

from proveout.families.symbolic.induced._candidate import RuleCandidate, build_rules
from proveout.families.symbolic.induced._check import check_rules
from proveout.families.symbolic.induced._rules import InducedRule, Matcher, RuleList, read_rules, written_rules

__all__ = [
    "InducedRule",
    "Matcher",
    "RuleCandidate",
    "RuleList",
    "build_rules",
    "check_rules",
    "read_rules",
    "written_rules",
]
