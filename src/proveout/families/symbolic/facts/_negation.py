"""Whether a phrase stands in the scope of a negation."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from proveout.families.symbolic.facts._words import Word

__all__ = ["is_negated"]

NEGATORS = frozenset(
    {"not", "no", "never", "nobody", "nothing", "none", "neither", "nor", "without", "hardly", "cannot"}
)
# Words that were going to happen and did not.
NEARLY = frozenset({"nearly", "almost"})
# A negation does not reach over these.
BARRIERS = frozenset({"but", "because", "so", "until", "before", "after", "when", "if", "only", "and", "or"})
REACH = 4


def is_negated(words: Sequence[Word], first: int) -> bool:
    """Whether an odd number of negations stand up to four words before a word, in its clause (Chapman et al. 2001).

    Example:
        >>> from proveout.families.symbolic.facts._words import words_of
        >>> is_negated(words_of("I have not opened it"), 3), is_negated(words_of("not now, I opened it"), 3)
        (True, False)
    """
    count = 0
    for at in range(first - 1, max(first - 1 - REACH, -1), -1):
        word = words[at]
        if word.clause != words[first].clause or word.text in BARRIERS:
            break
        count += word.text in NEGATORS or word.text in NEARLY or word.text.endswith("n't")
    return count % 2 == 1
