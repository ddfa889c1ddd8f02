"""Amounts in a text: money, durations, dates and plain numbers, exact, with what is only about so marked."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Literal

import msgspec

from proveout.families.symbolic.facts._dates import DATE_STARTS, DAY_WORDS, MONTHS, WEEKDAYS, Day, date_at
from proveout.families.symbolic.facts._numbers import NUMBER_STARTS, NUMBER_WORDS, Number, number_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from proveout.families.symbolic.facts._words import Word

__all__ = ["GRAMMAR_WORDS", "Amount", "AmountKind", "amounts", "word_classes"]

AmountKind = Literal["number", "money", "duration", "date"]

# Days of a unit; None where they differ, so that a duration is only about so many days.
UNITS: dict[str, tuple[Fraction, bool]] = {
    "hour": (Fraction(1, 24), True),
    "hours": (Fraction(1, 24), True),
    "day": (Fraction(1), True),
    "days": (Fraction(1), True),
    "week": (Fraction(7), True),
    "weeks": (Fraction(7), True),
    "fortnight": (Fraction(14), True),
    "fortnights": (Fraction(14), True),
    "month": (Fraction(30), False),
    "months": (Fraction(30), False),
    "year": (Fraction(365), False),
    "years": (Fraction(365), False),
}
CURRENCIES = {
    "$": "USD", "usd": "USD", "dollar": "USD", "dollars": "USD", "buck": "USD", "bucks": "USD",
    "€": "EUR", "eur": "EUR", "euro": "EUR", "euros": "EUR",
    "£": "GBP", "gbp": "GBP", "pound": "GBP", "pounds": "GBP", "quid": "GBP",
}  # fmt: skip
CENTS = frozenset({"cent", "cents", "pence", "p"})
# Before an amount, they say that it is not exact.
HEDGES = frozenset({
    "about", "around", "roughly", "approximately", "approx", "circa", "nearly", "almost", "maybe", "perhaps",
    "probably", "under", "below", "over", "above", "some", "say", "like", "up",
})  # fmt: skip
HEDGES_BEFORE = (("more", "than"), ("less", "than"), ("at", "least"), ("at", "most"), ("up", "to"), ("i", "think"))
HEDGES_AFTER = (("or", "so"), ("or", "more"), ("or", "less"), ("give", "or"), ("ish",), ("or", "thereabouts"))
# An amount of nobody knows how many.
VAGUE = frozenset({"few", "several", "couple", "many", "some"})
GRAMMAR_WORDS = frozenset({*NUMBER_WORDS, *DAY_WORDS, *UNITS, *(word for word in CURRENCIES if word.isalpha())})


def word_classes() -> dict[str, frozenset[str]]:
    """The words by class that numbers, durations, dates and money are written with.

    Example:
        >>> {name: "days" in words for name, words in word_classes().items()}
        {'currency': False, 'month': False, 'number': False, 'unit': True, 'weekday': False}
    """
    return {
        "currency": frozenset(CURRENCIES),
        "month": frozenset(MONTHS),
        "number": NUMBER_WORDS,
        "unit": frozenset({*UNITS, "second", "seconds", "minute", "minutes"}),
        "weekday": frozenset(WEEKDAYS),
    }


class Amount(msgspec.Struct, frozen=True, kw_only=True):
    """One amount that a text names.

    Attributes:
        kind: what it is an amount of.
        first: index of its first word.
        stop: of the word after it.
        value: exact; days for durations; None for a date, or where it is not said ("a few days").
        unit: the currency of money, ``day`` for durations, "" otherwise.
        doubtful: it is hedged ("about 30 days") or has another reading ("03/04/2025").
        day: of a date.
    """

    kind: AmountKind
    first: int
    stop: int
    value: Fraction | None = None
    unit: str = ""
    doubtful: bool = False
    day: Day | None = None


def amounts(words: Sequence[Word]) -> list[Amount]:
    """The amounts, from left to right, none inside another; money, dates and durations before plain numbers.

    Example:
        >>> from proveout.families.symbolic.facts._words import words_of
        >>> [(one.kind, str(one.value), one.unit) for one in amounts(words_of("1.299,00 € and about three weeks"))]
        [('money', '1299', 'EUR'), ('duration', '21', 'day')]
    """
    found: list[Amount] = []
    at = 0
    while at < len(words):
        one = _amount(words, at)
        if one is not None:
            found.append(_hedged(words, one))
        at = at + 1 if one is None else one.stop
    return found


def _amount(words: Sequence[Word], at: int) -> Amount | None:
    """The amount that begins at a word; most words begin none, and digits may begin any."""
    text = words[at].text
    readers = _ALL if text[0].isdecimal() else _STARTS.get(text)
    if readers is None:
        return None
    number = number_at(words, at)
    for read in readers:
        one = read(words, at, number)
        if one is not None:
            return one
    return None


def _text(words: Sequence[Word], at: int, beside: int) -> str:
    """The word at a place, "" outside the text or the sentence of the word ``beside``."""
    same = 0 <= at < len(words) and words[at].sentence == words[beside].sentence
    return words[at].text if same else ""


def _money(words: Sequence[Word], at: int, number: Number | None) -> Amount | None:
    sign = CURRENCIES.get(words[at].text)
    if sign is not None:
        number = number_at(words, at + 1)
        if number is None or _text(words, at + 1, at) == "":
            return None
        return Amount(kind="money", first=at, stop=number.stop, value=number.value, unit=sign, doubtful=number.doubtful)
    is_near = number is not None and _text(words, number.stop, at) and words[number.stop].clause == words[at].clause
    unit = CURRENCIES.get(words[number.stop].text) if number and is_near else None
    # "2 $5 vouchers": the sign belongs to the number after it.
    if number is None or unit is None or _begins_money(words, number.stop, at):
        return None
    value, stop = _with_cents(words, number, at)
    doubtful = number.doubtful and unit == "USD"
    if number.doubtful and not doubtful:
        value *= 1000
    return Amount(kind="money", first=at, stop=stop, value=value, unit=unit, doubtful=doubtful)


def _begins_money(words: Sequence[Word], at: int, beside: int) -> bool:
    is_sign = not words[at].text.isalpha()
    after = _text(words, at + 1, beside)
    return is_sign and after[:1].isdigit() and words[at].end == words[at + 1].start


def _with_cents(words: Sequence[Word], number: Number, at: int) -> tuple[Fraction, int]:
    stop = number.stop + 1
    after = stop + (_text(words, stop, at) == "and")
    cents = number_at(words, after) if _text(words, after, at) else None
    if cents is not None and _text(words, cents.stop, at) in CENTS:
        return number.value + cents.value / 100, cents.stop + 1
    return number.value, stop


def _duration(words: Sequence[Word], at: int, number: Number | None) -> Amount | None:
    count, start, doubtful = _count(words, at, number)
    unit = UNITS.get(_text(words, start, at))
    if start == at or unit is None:
        return None
    stop = start + 1
    value = None if count is None else count * unit[0]
    if value is not None and [_text(words, stop + i, at) for i in range(3)] == ["and", "a", "half"]:
        value, stop = value + unit[0] / 2, stop + 3
    exact = unit[1] and value is not None
    return Amount(kind="duration", first=at, stop=stop, value=value, unit="day", doubtful=doubtful or not exact)


def _count(words: Sequence[Word], at: int, number: Number | None) -> tuple[Fraction | None, int, bool]:
    """How many of a unit, the index of the unit, and whether that is doubtful; the index is ``at`` where none is."""
    if number is not None:
        half = [_text(words, number.stop + i, at) for i in range(3)] == ["and", "a", "half"]
        return number.value + Fraction(half, 2), number.stop + 3 * half, number.doubtful
    text, after = words[at].text, _text(words, at + 1, at)
    if text in VAGUE or (text in {"a", "one"} and after in VAGUE):
        start = at + 1 + (text not in VAGUE)
        return None, start + (_text(words, start, at) == "of"), True
    if text in {"a", "an"}:
        return Fraction(1), at + 1, False
    if text == "half" and after in {"a", "an"}:
        return Fraction(1, 2), at + 2, False
    return None, at, False


def _date(words: Sequence[Word], at: int, _: Number | None) -> Amount | None:
    found = date_at(words, at)
    if found is None:
        return None
    return Amount(kind="date", first=at, stop=found.stop, doubtful=found.doubtful, day=found.day)


def _number(words: Sequence[Word], at: int, found: Number | None) -> Amount | None:
    # "#92793" is a name, and "9th" an ordinal.
    if found is None or _text(words, at - 1, at) == "#" or _is_ordinal(words, found.stop):
        return None
    return Amount(kind="number", first=at, stop=found.stop, value=found.value, doubtful=found.doubtful)


def _is_ordinal(words: Sequence[Word], stop: int) -> bool:
    after = words[stop] if stop < len(words) else None
    return after is not None and after.start == words[stop - 1].end and after.text in {"st", "nd", "rd", "th"}


_ALL = (_money, _date, _duration, _number)
_FIRST = {
    _money: NUMBER_STARTS | CURRENCIES.keys(),
    _date: DATE_STARTS,
    _duration: NUMBER_STARTS | VAGUE | {"a", "an", "one", "half"},
    _number: NUMBER_STARTS,
}
# By word, the readers of the amounts that may begin with it.
_STARTS = {word: tuple(read for read in _ALL if word in _FIRST[read]) for word in frozenset().union(*_FIRST.values())}


def _hedged(words: Sequence[Word], one: Amount) -> Amount:
    before = [_text(words, one.first - back, one.first) for back in (2, 1)]
    after = [_text(words, one.stop + ahead, one.stop - 1) for ahead in (0, 1)]
    said = (
        before[1] in HEDGES
        or tuple(before) in HEDGES_BEFORE
        or any(tuple(after[: len(hedge)]) == hedge for hedge in HEDGES_AFTER)
    )
    return msgspec.structs.replace(one, doubtful=True) if said else one
