"""Policies: typed facts and cited rules that decide, each decision with a proof."""

from proveout.families.symbolic.policy._dump import dump_policy, policy_hash, policy_to_json
from proveout.families.symbolic.policy._evaluate import Evaluator, Verdict
from proveout.families.symbolic.policy._expressions import Expression, parse_expression
from proveout.families.symbolic.policy._facts import Facts, normalise
from proveout.families.symbolic.policy._findings import Finding
from proveout.families.symbolic.policy._load import load_policy, parse_policy, policy_from_json
from proveout.families.symbolic.policy._model import Cite, Definition, Fact, Policy, Rule

__all__ = [
    "Cite",
    "Definition",
    "Evaluator",
    "Expression",
    "Fact",
    "Facts",
    "Finding",
    "Policy",
    "Rule",
    "Verdict",
    "dump_policy",
    "load_policy",
    "normalise",
    "parse_expression",
    "parse_policy",
    "policy_from_json",
    "policy_hash",
    "policy_to_json",
]
