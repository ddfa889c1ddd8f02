"""The symbolic family: rules with proofs, logic over language, and causal reasoning."""

from proveout.families.symbolic.policy import Policy

__all__ = ["Policy"]
