"""Facts from text: redundant readers that agree, or say what has to be confirmed."""

from proveout.families.symbolic.facts._patterns import PatternReader

__all__ = ["PatternReader"]
