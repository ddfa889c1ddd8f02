"""Policies: typed facts and cited rules that decide, each decision with a proof."""

from proveout.families.symbolic.policy._expressions import Expression, parse_expression
from proveout.families.symbolic.policy._model import Cite, Definition, Fact, Policy, Rule

__all__ = ["Cite", "Definition", "Expression", "Fact", "Policy", "Rule", "parse_expression"]
