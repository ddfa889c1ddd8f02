"""Which of the induced patterns are kept, by rows set apart, and which words stand outside values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from proveout.families.symbolic.patterns._induce import lower_bound
from proveout.families.symbolic.patterns._match import Matcher
from proveout.families.symbolic.patterns._patterns import (
    CLASS,
    LIST,
    Counts,
    Pattern,
    PatternList,
    elements_of,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from proveout.families.symbolic.patterns._rows import Value, Vocabulary
    from proveout.families.symbolic.patterns._tokens import Words

    Gold = tuple[Words, frozenset[Value]]

__all__ = ["Outside", "chosen", "seen_outside"]

# Lower bounds of a pattern's precision over train and held-out rows, of which the best on the latter is taken.
FLOORS = (0.4, 0.5, 0.6, 0.7, 0.8)
DIGITS = 4


class Outside(msgspec.Struct, frozen=True):
    """How often words stand outside values.

    Attributes:
        words: share of a word's places that are outside.
        new: the share, of a word that was not seen.
    """

    words: dict[str, float]
    new: float

    def chance(self, word: str) -> float:
        """The share for a word, in (0, 1]."""
        return self.words.get(word, self.new if word[0].isalnum() else 1.0)


def seen_outside(rows: Sequence[Gold]) -> Outside:
    """Count words outside values; a word seen once says how it is with words never seen.

    Example:
        >>> from proveout.families.symbolic.patterns._tokens import words_of
        >>> rows = [
        ...     (words_of("to Bonn"), frozenset({(1, 2, "city")})),
        ...     (words_of("to Ulm"), frozenset({(1, 2, "city")})),
        ... ]
        >>> found = seen_outside(rows)
        >>> found.chance("to"), found.chance("bonn"), found.chance("rome")
        (1.0, 0.3333, 0.25)
    """
    outside, seen = dict[str, int](), dict[str, int]()
    for text, gold in rows:
        covered = {at for first, stop, _ in gold for at in range(first, stop)}
        for at, word in enumerate(text.words):
            seen[word] = seen.get(word, 0) + 1
            outside[word] = outside.get(word, 0) + (at not in covered)
    once = [outside[word] for word, count in seen.items() if count == 1]
    new = round((sum(once) + 1) / (len(once) + 2), DIGITS)
    shares = {
        word: 1.0 if outside[word] == count and count > 1 else round((outside[word] + 1) / (count + 2), DIGITS)
        for word, count in sorted(seen.items())
    }
    return Outside(shares, new)


def chosen(
    patterns: Sequence[Pattern], words: Vocabulary, held: Sequence[Gold], single: Collection[str]
) -> PatternList:
    """The patterns whose precision is high enough, with their counts on held-out rows.

    Wilson's lower bound is over both: held-out rows alone are too few to speak for a pattern, and the counts on train
    rows are of what no earlier pattern found. How high is enough, is what gets most held-out rows right.

    Args:
        patterns: in their order, with their counts on train rows.
        words: what they are made of.
        held: rows set apart.
        single: fields of at most one value.
    """
    whole = _counted(_listed(patterns, words), held, single)[0]
    tried = []
    for floor in FLOORS:
        kept = [one for one in whole.patterns if _bound(one) >= floor]
        again, right = _counted(_listed(kept, words), held, single)
        tried.append((right, floor, again))
    best = max(tried, key=lambda one: (one[0], one[1]))[2] if held else whole
    numbered = tuple(msgspec.structs.replace(one, id=f"p{at}") for at, one in enumerate(best.patterns, start=1))
    return msgspec.structs.replace(best, patterns=numbered)


def _bound(pattern: Pattern) -> float:
    right = pattern.train.right + pattern.select.right
    return lower_bound(right, pattern.train.found + pattern.select.found)


def _listed(patterns: Iterable[Pattern], words: Vocabulary) -> PatternList:
    """Patterns with the lists and classes that they use."""
    kept = tuple(patterns)
    used = {part for one in kept for text in (one.before, one.value, one.after) for part in elements_of(text)}
    lists = {found[1] for part in used if (found := LIST.fullmatch(part))}
    named = {found[1] for part in used if (found := CLASS.fullmatch(part))}
    classes = {name: tuple(sorted(one for one in words.classes if words.classes[one] == f"<{name}>")) for name in named}
    return PatternList(
        common=tuple(sorted(words.common)),
        classes={name: group for name, group in sorted(classes.items()) if group},
        lists={name: values for name, values in words.lists.items() if name in lists},
        patterns=kept,
    )


def _counted(patterns: PatternList, held: Sequence[Gold], single: Collection[str]) -> tuple[PatternList, int]:
    """The patterns with their counts on held-out rows, and how many rows are wholly right."""
    matcher = Matcher(patterns, single)
    right, found, whole = [0] * len(patterns.patterns), [0] * len(patterns.patterns), 0
    for text, gold in held:
        values = set()
        for one in matcher.found(text):
            value = one.first, one.stop, patterns.patterns[one.at].field
            found[one.at] += 1
            right[one.at] += value in gold
            values.add(value)
        whole += values == gold
    kept = [
        msgspec.structs.replace(one, select=Counts(right[at], found[at])) for at, one in enumerate(patterns.patterns)
    ]
    return msgspec.structs.replace(patterns, patterns=tuple(kept)), whole
