"""Policies: typed facts and cited rules that decide, each decision with a proof."""

from proveout.families.symbolic.policy._check import PolicyChecker, check_policy
from proveout.families.symbolic.policy._check_change import check_counterfactual
from proveout.families.symbolic.policy._counterfactual import Change, NoChange, smallest_change
from proveout.families.symbolic.policy._diff import Difference, PolicyDiff, RuleChange, diff
from proveout.families.symbolic.policy._dump import dump_policy, policy_hash, policy_to_json
from proveout.families.symbolic.policy._evaluate import Evaluator, Verdict
from proveout.families.symbolic.policy._expressions import Expression, parse_expression
from proveout.families.symbolic.policy._facts import Facts, normalise
from proveout.families.symbolic.policy._findings import Finding, findings
from proveout.families.symbolic.policy._load import load_policy, parse_policy, policy_from_json
from proveout.families.symbolic.policy._model import Cite, Definition, Fact, Policy, Rule
from proveout.families.symbolic.policy._monotone import (
    Proved,
    Range,
    Refuted,
    Thresholds,
    prove_monotone,
    prove_never,
    prove_threshold,
)
from proveout.families.symbolic.policy._questions import Question, next_question
from proveout.families.symbolic.policy._reasoner import Reasoner
from proveout.families.symbolic.policy._render import render_proof
from proveout.families.symbolic.policy._solver_findings import solver_findings
from proveout.families.symbolic.policy._unparse import expression_text
from proveout.families.symbolic.policy._verdicts import SolverVerdict, Witness, decide, verify
from proveout.families.symbolic.policy._z3 import Budget, TooComplex

__all__ = [
    "Budget",
    "Change",
    "Cite",
    "Definition",
    "Difference",
    "Evaluator",
    "Expression",
    "Fact",
    "Facts",
    "Finding",
    "NoChange",
    "Policy",
    "PolicyChecker",
    "PolicyDiff",
    "Proved",
    "Question",
    "Range",
    "Reasoner",
    "Refuted",
    "Rule",
    "RuleChange",
    "SolverVerdict",
    "Thresholds",
    "TooComplex",
    "Verdict",
    "Witness",
    "check_counterfactual",
    "check_policy",
    "decide",
    "diff",
    "dump_policy",
    "expression_text",
    "findings",
    "load_policy",
    "next_question",
    "normalise",
    "parse_expression",
    "parse_policy",
    "policy_from_json",
    "policy_hash",
    "policy_to_json",
    "prove_monotone",
    "prove_never",
    "prove_threshold",
    "render_proof",
    "smallest_change",
    "solver_findings",
    "verify",
]
