"""Which value of its variable a phrase says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proveout.families.symbolic.causal._words import bag, signed

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Values"]

CLEAR = 0.05


class Values:
    """The two values of a variable, by phrases that say them.

    A phrase without negation is value 1 beside one with it. Of two without, the one stated first is the reference, 0.

    Args:
        pairs: phrases that the text contrasts, in order of appearance.
        alone: other phrases, in order of appearance.
        opposed: pairs that the question contrasts, whose order says nothing.

    Example:
        >>> values = Values([("nonsmokers", "smokers")], [])
        >>> values.of("smoking"), values.of("does not smoke"), Values([], ["high salary"]).of("low salary")
        (1, 0, 0)
    """

    def __init__(
        self, pairs: Sequence[tuple[str, str]], alone: Sequence[str], opposed: Sequence[tuple[str, str]] = ()
    ) -> None:
        self.said: dict[str, int] = {}
        self.assumed: list[str] = []
        for first, second in pairs[:1]:
            one = first if bag(second).negated and not bag(first).negated else second
            self.said |= {first: int(one == first), second: int(one == second)}
        for first, second in pairs[1:]:
            self._learn_pair(first, second)
        for text in alone:
            if text not in self.said:
                self.said[text] = self.of(text)
        for first, second in opposed:
            # What the first says of itself counts before what the second is asked to be instead.
            lean = self._lean(first) or -self._lean(second)
            if {first, second}.isdisjoint(self.said) and abs(lean) >= CLEAR:
                self.said[first] = int(lean > 0)
            self._learn_pair(second, first)

    def _learn_pair(self, first: str, second: str) -> None:
        """A further pair: opposite values, whichever reading the words prefer."""
        lean = self._lean(second) - self._lean(first)
        value = 1 if lean >= 0 else 0
        if first in self.said or second in self.said:
            value = self.said[second] if second in self.said else 1 - self.said[first]
        self.said.setdefault(second, value)
        self.said.setdefault(first, 1 - value)

    def _lean(self, text: str) -> float:
        """How much a phrase says value 1 (positive) or 0 (negative)."""
        words = bag(text)
        sides: dict[int, list[float]] = {0: [], 1: []}
        # Another quality of the same thing is the other value, unless that one is known by its own words.
        lone = len(set(self.said.values())) == 1
        for known, value in self.said.items():
            sides[value].append(signed(words, bag(known), qualities=lone))
        one = max(sides[1], default=0.0, key=abs)
        zero = max(sides[0], default=0.0, key=abs)
        return one - zero

    def of(self, text: str) -> int:
        """The value that a phrase says; noted in ``assumed`` when only its form decides."""
        if text in self.said:
            return self.said[text]
        lean = self._lean(text)
        if abs(lean) >= CLEAR:
            return int(lean > 0)
        if self.said:
            self.assumed.append(text)
        return 0 if bag(text).negated else 1
