"""Policies: typed facts and cited rules that decide, each decision with a proof."""

from proveout.families.symbolic.policy._check import check_policy
from proveout.families.symbolic.policy._dump import dump_policy, policy_hash, policy_to_json
from proveout.families.symbolic.policy._evaluate import Evaluator, Verdict
from proveout.families.symbolic.policy._expressions import Expression, parse_expression
from proveout.families.symbolic.policy._facts import Facts, normalise
from proveout.families.symbolic.policy._findings import Finding, findings
from proveout.families.symbolic.policy._load import load_policy, parse_policy, policy_from_json
from proveout.families.symbolic.policy._model import Cite, Definition, Fact, Policy, Rule
from proveout.families.symbolic.policy._render import render_proof
from proveout.families.symbolic.policy._unparse import expression_text

__all__ = [
    "Change",
    "Cite",
    "Definition",
    "Evaluator",
    "Expression",
    "Fact",
    "Facts",
    "Finding",
    "NoChange",
    "Policy",
    "Reasoner",
    "Rule",
    "Verdict",
    "check_policy",
    "dump_policy",
    "expression_text",
    "findings",
    "load_policy",
    "normalise",
    "parse_expression",
    "parse_policy",
    "policy_from_json",
    "policy_hash",
    "policy_to_json",
    "render_proof",
]
