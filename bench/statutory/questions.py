"""Reads the question: which provision, of whom, for which year and amount."""

from __future__ import annotations

import re

import msgspec

from statutory.words import mark
from statutory.world import Doubt

__all__ = ["Query", "read_question"]

_KNOWN = frozenset(
    [
        "a",
        "an",
        "the",
        "is",
        "are",
        "to",
        "for",
        "of",
        "in",
        "on",
        "under",
        "as",
        "by",
        "that",
        "with",
        "has",
        "have",
        "pay",
        "tax",
        "taxes",
        "year",
        "taxable",
        "applies",
        "apply",
        "make",
        "makes",
        "made",
        "total",
        "exemption",
        "exemptions",
        "equal",
        "at",
        "most",
        "can",
        "claim",
        "dependent",
        "qualifying",
        "child",
        "relative",
        "taxpayer",
        "bears",
        "relationship",
        "relation",
        "how",
        "much",
        "does",
        "do",
        "prescribes",
        "reduction",
        "itemized",
        "deductions",
        "deduction",
        "applicable",
        "amount",
        "basic",
        "standard",
        "additional",
        "income",
        "adjusted",
        "gross",
        "her",
        "his",
        "their",
        "home",
        "maintaining",
        "husband",
        "wife",
        "spouse",
        "employing",
        "employer",
        "payment",
        "payments",
        "paid",
        "excise",
        "and",
        "marriage",
        "prescribed",
        "percentage",
        "phaseout",
        "she",
        "he",
        "they",
        "should",
        "must",
        "owes",
        "owe",
        "from",
        "case",
        "receives",
        "receive",
        "entitled",
        "considered",
        "married",
        "surviving",
        "head",
        "household",
        "individual",
        "wages",
        "employed",
        "employment",
        "was",
        "were",
        "be",
        "due",
        "it",
        "its",
        "amounts",
        "allowed",
        "during",
        "remuneration",
        "situation",
        "service",
        "services",
        "performed",
        "labor",
        "into",
        "fund",
        "insurance",
        "health",
        "life",
        "retirement",
        "bonus",
        "contribution",
        "contributions",
        "work",
    ]
)
_PERSON = r"P_\w+|O\w+"


class Query(msgspec.Struct, frozen=True):
    """What is asked.

    Attributes:
        section: as ``152_c_1``; "" asks for the tax.
        people: persons and institutions in the order of the question.
        taxpayer: whom the question calls the taxpayer, "" for nobody.
        amount: in dollars, "" for none.
    """

    section: str
    people: tuple[str, ...]
    year: int
    amount: str
    at_most: bool
    taxpayer: str
    text: str


def read_question(text: str) -> Query:
    """The parts of the question.

    Raises:
        Doubt: a word is not known, or there is not one section.

    Example:
        >>> query = read_question("Section 152(c)(1)(B) applies to Bob with Alice as the taxpayer for the year 2015.")
        >>> query.section, query.people, query.taxpayer, query.year
        ('152_c_1_B', ('P_Bob', 'P_Alice'), 'P_Alice', 2015)
    """
    marked = mark(text.strip(" ?."))
    words = re.sub(r"'s?\b|,|\bM\d[\d.]*|\bQ\d[\d.]*|\bY\d{4}|\bS\d\w*|" + _PERSON, " ", marked).split()
    strange = [word for word in words if word not in _KNOWN]
    if strange:
        raise Doubt(f"the question: {' '.join(strange)}")
    sections = re.findall(r"\bS(\d\w*)", marked)
    if len(sections) > 1 or (not sections and not re.match(r"how much (?:tax|in taxes) (?:does|do)", marked)):
        raise Doubt("the question does not name one section")
    years = re.findall(r"\bY(\d{4})", marked)
    amounts = re.findall(r"\b[MQ](\d[\d.]*)", marked)
    if len(set(years)) > 1 or len(amounts) > 1:
        raise Doubt("the question names two years or amounts")
    people = tuple(dict.fromkeys(re.findall(_PERSON, marked)))
    return Query(
        section=sections[0] if sections else "",
        people=people,
        year=int(years[0]) if years else 0,
        amount=amounts[0] if amounts else "",
        at_most="at most" in marked,
        taxpayer=_taxpayer(marked),
        text=marked,
    )


def _taxpayer(marked: str) -> str:
    for pattern in (
        r"with (P_\w+) (?:as|being) the taxpayer",
        r"(?:dependent|child|relative) of (P_\w+)",
        r"(?:relationship|relation) to (P_\w+)",
        r"(P_\w+)'s (?:dependent|qualifying child|qualifying relative)",
    ):
        if found := re.search(pattern, marked):
            return found[1]
    return ""
