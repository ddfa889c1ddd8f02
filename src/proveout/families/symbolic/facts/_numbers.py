"""Numbers in digits and in words, as exact fractions."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from proveout.families.symbolic.facts._words import Word

__all__ = ["NUMBER_STARTS", "NUMBER_WORDS", "Number", "digits_value", "number_at"]

_ONES = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
UNITS = {word: value for value, word in enumerate(_ONES)}
TENS = {word: value * 10 for value, word in enumerate(_TENS, start=2)}
SCALES = {"hundred": 100, "thousand": 1000}
NUMBER_WORDS = frozenset({*UNITS, *TENS, *SCALES, "half", "dozen"})
# Words that a number may begin with.
NUMBER_STARTS = frozenset({*UNITS, *TENS})
DIGITS = re.compile(r"\d+(?:[.,]\d+)*")
MARK = re.compile(r"[.,]")
GROUP = 3
MOST_DIGITS = 24


class Number(NamedTuple):
    """A number and the index of the word after it; doubtful where its notation has two readings."""

    value: Fraction
    stop: int
    doubtful: bool = False


def digits_value(text: str) -> tuple[Fraction, bool] | None:  # noqa: PLR0911  one return a notation
    """The value of digits with separators, and whether another reading is as good; None where they are no number.

    The last of two different separators is the decimal one; a comma before three digits groups them, and a point
    before three digits is doubtful.

    Example:
        >>> digits_value("1.299,00"), digits_value("24,99"), digits_value("1.299")
        ((Fraction(1299, 1), False), (Fraction(2499, 100), False), (Fraction(1299, 1000), True))
    """
    if not DIGITS.fullmatch(text) or len(text) > MOST_DIGITS:
        return None
    parts = MARK.split(text)
    marks = MARK.findall(text)
    if not marks:
        return Fraction(int(text)), False
    if len(marks) > 1 and len(set(marks)) == 1:
        return (Fraction(int("".join(parts))), False) if _grouped(parts) else None
    if len(marks) > 1 and marks[-1] in marks[:-1]:
        return None
    if len(marks) == 1 and len(parts[1]) == GROUP and marks[0] == ",":
        return Fraction(int("".join(parts))), not _grouped(parts)
    if len(marks) > 1 and not _grouped(parts[:-1]):
        return None
    doubtful = len(marks) == 1 and len(parts[1]) == GROUP
    return Fraction("".join(parts[:-1]) + "." + parts[-1]), doubtful


def _grouped(parts: Sequence[str]) -> bool:
    return 0 < len(parts[0]) <= GROUP and all(len(part) == GROUP for part in parts[1:])


def number_at(words: Sequence[Word], at: int) -> Number | None:
    """The longest number that begins at a word: digits, or English words up to the thousands.

    Example:
        >>> from proveout.families.symbolic.facts._words import words_of
        >>> number_at(words_of("one hundred and nineteen dollars"), 0)
        Number(value=Fraction(119, 1), stop=4, doubtful=False)
    """
    if at >= len(words):
        return None
    text = words[at].text
    if text in NUMBER_STARTS:
        return _in_words(words, at)
    found = digits_value(text)
    return None if found is None else Number(found[0], at + 1, found[1])


def _in_words(words: Sequence[Word], at: int) -> Number | None:
    """English number words: below a hundred, then hundreds and thousands; ``and`` only before what goes on."""
    total, current, stop = 0, 0, at
    seen = False
    for here in range(at, len(words)):
        text, same = words[here].text, words[here].sentence == words[at].sentence
        if not same or words[here].clause != words[at].clause:
            break
        if text == "and" and seen and _goes_on(words, here):
            continue
        step = _step(text, total, current, fresh=not seen or words[here - 1].text in SCALES | {"and": 0})
        if step is None:
            break
        total, current = step
        seen, stop = True, here + 1
    return Number(Fraction(total + current), stop) if seen else None


def _goes_on(words: Sequence[Word], at: int) -> bool:
    """Whether an ``and`` stands between a hundred or thousand and a smaller number."""
    after = words[at + 1].text if at + 1 < len(words) else ""
    return words[at - 1].text in SCALES and after in UNITS.keys() | TENS.keys()


def _step(text: str, total: int, current: int, *, fresh: bool) -> tuple[int, int] | None:
    """Total and current part with one more word; None where the word does not go on the number."""
    if text in UNITS and (fresh or (current % 100 in TENS.values() and 0 < UNITS[text] < len(_TENS) + 2)):
        return total, current + UNITS[text]
    if text in TENS and fresh:
        return total, current + TENS[text]
    if text == "hundred" and 0 < current <= 99:  # noqa: PLR2004  one hundred to ninety-nine hundred
        return total, current * 100
    if text == "thousand" and current > 0:
        return total + current * 1000, 0
    return None
