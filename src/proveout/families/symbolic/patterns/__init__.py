"""Patterns that find the fields of a text: induced from rows, edited by a person, each value with its proof."""

from proveout.families.symbolic.patterns._candidate import PatternCandidate, build_patterns, fits_patterns
from proveout.families.symbolic.patterns._check import check_output, check_patterns
from proveout.families.symbolic.patterns._match import Match, Matcher
from proveout.families.symbolic.patterns._patterns import Pattern, PatternList, read_patterns, written_patterns
from proveout.families.symbolic.patterns._tokens import Words, words_of

__all__ = [
    "Match",
    "Matcher",
    "Pattern",
    "PatternCandidate",
    "PatternList",
    "Words",
    "build_patterns",
    "check_output",
    "check_patterns",
    "fits_patterns",
    "read_patterns",
    "words_of",
    "written_patterns",
]
