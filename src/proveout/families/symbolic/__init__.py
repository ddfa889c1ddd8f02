"""Typed facts, rules with proofs, decision models and causal inference."""

__all__ = []
