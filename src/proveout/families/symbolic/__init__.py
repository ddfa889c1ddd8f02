"""The symbolic family: rules with proofs, logic over language, and causal reasoning."""

__all__ = []
