"""Marks dates, amounts, sections, places, institutions and persons in a text, each as one word."""

# ruff: noqa: E501  a pattern is read in one line
from __future__ import annotations

import calendar
import re
from datetime import date

__all__ = ["EVER", "Span", "days_of", "mark", "money", "person", "sentences"]

Span = tuple[date, date]
EVER: Span = (date.min, date.max)
_MONTHS = {
    name: number for number in range(1, 13) for name in (calendar.month_name[number], calendar.month_abbr[number])
} | {"Sept": 9}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_DAY_FIRST = re.compile(rf"\b(\d{{1,2}})(?:st|nd|rd|th)? ({_MONTH}),? (\d{{4}})\b")
_DATE = re.compile(
    rf"\b(?P<month>{_MONTH})\.? (?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:,? (?P<year>\d{{4}}))?\b"
    rf"|\b(?P<only>{_MONTH}),? (?P<its>\d{{4}})\b"
    r"|(?<![\w$,.])(?P<bare>(?:19|20)\d\d)\b(?!%|,\d)"
)
_MONEY = re.compile(r"\$ ?(\d[\d,]*\d|\d)(\.\d+)?")
_PERCENT = re.compile(r"\b(\d+(?:\.\d+)?) ?(?:%|percent\b)")
_SECTION = re.compile(r"\b[Ss]ections? (\d+)((?:\s?\(\w+\))*)")
_ALIEN = re.compile(r"sections 214\(c\) and 101\(a\)\(15\)\(H\) of the Immigration and Nationality Act")
_PLACE = re.compile(
    r"(?<=\bin )[A-Z][a-z]+(?: [A-Z][a-z]+)?, (?:[A-Z][a-z]+(?: [A-Z][a-z]+)?, )?(?:the )?(USA|Canada|Mexico|[A-Z][a-z]+)\b"
)
_BODY = "University|Hospital|College|School|Institute|Trust|Bank|Embassy|Consulate|Penitentiary|Academy"
_INSTITUTION = re.compile(
    rf"(?:the )?(?:[A-Z][\w.]+ )+(?:(?:{_BODY})\b(?: [IVX]+\b)?)(?: of(?: [A-Z]\w+)+)?"
    rf"|(?:the )?(?:{_BODY}) of(?: [A-Z]\w+)+"
)
_WORD = re.compile(r"\b[A-Z][a-z]*\b")
_COMMON = frozenset(
    [
        "In",
        "On",
        "From",
        "The",
        "She",
        "He",
        "They",
        "Her",
        "His",
        "Their",
        "Both",
        "During",
        "Since",
        "For",
        "Under",
        "Section",
        "Until",
        "After",
        "Before",
        "At",
        "An",
        "A",
        "As",
        "If",
        "It",
        "Each",
        "Neither",
        "Every",
        "That",
        "This",
        "While",
        "When",
        "In",
        "American",
        "Mexican",
        "Canadian",
        "Government",
        "United",
        "States",
        "How",
        "Does",
        "Is",
        "Was",
        "And",
        "State",
        "Federal",
        "Is",
        "Also",
        "Additionally",
        "However",
        "Otherwise",
    ]
)


_EMPLOYERS = (
    (
        re.compile(
            r"(?:the )?(?:United States|US|U\.S\.|federal) (?:[Ff]ederal )?[Gg]overnment|the United States(?= for| in|\b)"
        ),
        "O_government",
    ),
    (re.compile(r"(?:the )?(?:[Ss]tate|[Cc]ity|[Cc]ounty) of (?:[A-Z]\w+ ?)+(?<! )"), "O_state"),
    (
        re.compile(
            r"(?:the )?(?:government|embassy|Government|Embassy) of (?:the )?(?:[A-Z]\w+ ?)+(?<! )|the [A-Z]\w+ (?:[Gg]overnment|[Ee]mbassy)"
        ),
        "O_foreign",
    ),
    (
        re.compile(
            r"(?:the )?(?:United Nations|NATO|World Bank|World Health Organization|International Monetary Fund|World Trade Organization|an international organization)"
        ),
        "O_international",
    ),
)


def _dated(text: str) -> str:
    """Days, months and years as words ``D20170203``, ``N201703``, ``Y2017``; a day without a year has the last one."""
    text = _DAY_FIRST.sub(lambda m: f"{m[2]} {m[1]}, {m[3]}", text)
    years = [m["year"] or m["its"] or m["bare"] for m in _DATE.finditer(text) if m["year"] or m["its"] or m["bare"]]
    last = years[0] if years else "0001"

    def word(found: re.Match[str]) -> str:
        nonlocal last
        last = found["year"] or found["its"] or found["bare"] or last
        if found["bare"]:
            return f"Y{last}"
        if found["only"]:
            return f"N{last}{_MONTHS[found['only']]:02}"
        return f"D{last}{_MONTHS[found['month']]:02}{int(found['day']):02}"

    return _DATE.sub(word, text)


def mark(text: str) -> str:
    """The text with each date, amount, section, place, institution and person as one word, the rest in lower case.

    Example:
        >>> mark("In 2017, Alice paid Bob $3200 under section 151(c).")
        'in Y2017, P_Alice paid P_Bob M3200 under S151_c.'
    """
    text = _ALIEN.sub("S214", " ".join(text.split()))
    text = _MONEY.sub(lambda m: f"M{m[1].replace(',', '')}{m[2] or ''}", text)
    text = _PERCENT.sub(r"Q\1", text)
    text = _SECTION.sub(lambda m: "S" + m[1] + "".join("_" + part for part in re.findall(r"\w+", m[2])), text)
    text = _dated(text)
    for pattern, word in _EMPLOYERS:
        text = pattern.sub(word, text)
    text = _INSTITUTION.sub(_institution, text)
    text = _PLACE.sub(lambda m: "GUSA" if m[1] == "USA" else f"Gabroad_{m[1].lower()}", text)
    return _WORD.sub(lambda m: m[0].lower() if m[0] in _COMMON else f"P_{m[0]}", text)


def _institution(found: re.Match[str]) -> str:
    words = re.sub(r"^the ", "", found[0]).split()
    kind = next(word.lower() for word in words if re.fullmatch(_BODY, word))
    return f"O{kind}_{'_'.join(words).replace('.', '')}"


def days_of(word: str) -> Span:
    """First and last day of a word that `mark` made of a date."""
    figures = word[1:]
    year = max(1, int(figures[:4]))
    if word[0] == "Y":
        return date(year, 1, 1), date(year, 12, 31)
    month = int(figures[4:6])
    if word[0] == "N":
        return date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])
    day = date(year, month, min(int(figures[6:8]), calendar.monthrange(year, month)[1]))
    return day, day


def money(word: str) -> str:
    """The amount in dollars of a word that `mark` made of money."""
    return word[1:]


def person(word: str) -> str:
    """The name in a word that `mark` made of a person."""
    return word.removeprefix("P_")


def sentences(text: str) -> list[str]:
    """The sentences of a marked text."""
    return [one for one in (part.strip() for part in re.split(r"\.(?:\s+|$)", text)) if one]
