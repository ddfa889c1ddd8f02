"""How people write numbers, money and dates, and how they mistype."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from proveout.demo._chance import chance

if TYPE_CHECKING:
    import random
    from datetime import date

__all__ = ["ago", "day_and_month", "mistyped", "money", "number_words", "span"]

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
_TENS = ("", "", *["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"])
_HUNDRED, _THOUSAND = 100, 1000
_WEEK = 7
_WEEKS_SPOKEN = 8
_SHORTEST_MISTYPED = 5


def number_words(number: int) -> str:
    """A whole number from 0 to 999,999 in words.

    Example:
        >>> number_words(1249)
        'one thousand two hundred and forty-nine'
    """
    if number < len(_ONES):
        return _ONES[number]
    if number < _HUNDRED:
        tens, ones = divmod(number, 10)
        return f"{_TENS[tens]}-{_ONES[ones]}" if ones else _TENS[tens]
    if number < _THOUSAND:
        hundreds, rest = divmod(number, _HUNDRED)
        return f"{_ONES[hundreds]} hundred" + (f" and {number_words(rest)}" if rest else "")
    thousands, rest = divmod(number, _THOUSAND)
    link = " and " if rest < _HUNDRED else " "
    return f"{number_words(thousands)} thousand" + (f"{link}{number_words(rest)}" if rest else "")


def span(days: int, rng: random.Random) -> str:
    """A number of days as people say it: always exact, sometimes in weeks or words.

    Example:
        >>> import random
        >>> span(1, random.Random(0))
        'one day'
    """
    if days == 1:
        return rng.choice(["a day", "one day", "1 day"])
    if days and days % _WEEK == 0 and days <= _WEEK * _WEEKS_SPOKEN and chance(0.6, rng):
        weeks = days // _WEEK
        return rng.choice(["a week", "one week"]) if weeks == 1 else f"{_number(weeks, rng)} weeks"
    return f"{_number(days, rng)} days"


def ago(days: int, rng: random.Random) -> str:
    """A day in the past, seen from the day of writing.

    Example:
        >>> import random
        >>> ago(2, random.Random(3))
        'two days ago'
    """
    spoken = {
        0: ["today", "this morning"],
        1: ["yesterday", "a day ago"],
        2: ["two days ago", "the day before yesterday"],
    }
    return rng.choice(spoken[days]) if days in spoken else f"{span(days, rng)} ago"


def _number(number: int, rng: random.Random) -> str:
    return number_words(number) if chance(0.4, rng) else str(number)


def day_and_month(today: date, days: int, rng: random.Random) -> tuple[str, str]:
    """A past day and today, both as dates in one style; the year is told when the two days are not in the same one.

    Example:
        >>> import random
        >>> from datetime import date
        >>> day_and_month(date(2025, 3, 20), 12, random.Random(1))
        ('March 8', 'March 20')
    """
    past = today - timedelta(days=days)
    style = rng.choice(["{day} {month}", "{month} {day}", "{day} {short}", "{short} {day}"])
    if past.year != today.year:
        style += ", {year}"
    return _date(past, style), _date(today, style)


def _date(day: date, style: str) -> str:
    month = _MONTHS[day.month - 1]
    return style.format(day=day.day, month=month, short=month[:3], year=day.year)


_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


def money(amount: float, rng: random.Random) -> str:
    """A sum in US dollars.

    Example:
        >>> import random
        >>> money(1249.0, random.Random(5)), money(24.99, random.Random(2))
        ('1249 dollars', '$24.99')
    """
    if amount != int(amount):
        digits = f"{amount:,.2f}" if chance(0.5, rng) else f"{amount:.2f}"
        return rng.choice(["${}", "${}", "{} USD", "USD {}", "{} dollars", "{}$"]).format(digits)
    whole = int(amount)
    forms = ["${:,}", "${}", "${}.00", "{} USD", "USD {}", "{} dollars", "{} bucks", "{}$"]
    if chance(0.2, rng):
        return f"{number_words(whole)} dollars"
    return rng.choice(forms).format(whole)


def mistyped(text: str, rng: random.Random) -> str:
    """The text with one slip of the finger in a longer word; digits and short words stay as they are.

    Example:
        >>> import random
        >>> mistyped("it arrived", random.Random(1))
        'it arrivde'
    """
    words = text.split(" ")
    places = [at for at, word in enumerate(words) if len(word) >= _SHORTEST_MISTYPED and word.isalpha()]
    if not places:
        return text
    at = rng.choice(places)
    word = words[at]
    cut = rng.randrange(1, len(word) - 1)
    slips = [
        word[:cut] + word[cut + 1] + word[cut] + word[cut + 2 :],
        word[:cut] + word[cut + 1 :],
        word[:cut] + word[cut] + word[cut:],
    ]
    words[at] = rng.choice(slips)
    return " ".join(words)
