"""What the learned reader sees: word n-grams of a text, and the surroundings of each amount that it names."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from proveout.families.symbolic.facts._dates import days_before
from proveout.families.symbolic.facts._grammars import amounts
from proveout.families.symbolic.facts._words import repaired, words_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from proveout.families.symbolic.facts._dates import Day
    from proveout.families.symbolic.facts._grammars import Amount
    from proveout.families.symbolic.facts._words import Word

__all__ = ["Candidate", "candidates", "ngrams", "surroundings", "view"]

LONGEST = 3
AROUND = 4
EDGE = "^"

Span = tuple[int, int]


class Candidate(NamedTuple):
    """An amount that may be a fact, and the day of writing it is counted back from, where the text names one."""

    amount: Amount
    now: Day | date | None
    anchor: Amount | None


def view(text: str, repairs: Mapping[str, str]) -> tuple[list[Word], list[Amount]]:
    """The words of a text as they were meant, and its amounts."""
    words = repaired(words_of(text), repairs)
    return words, amounts(words)


def ngrams(words: Sequence[Word], named: Sequence[Amount]) -> dict[str, Span]:
    """Runs of up to three words of a sentence, with amounts masked, and where each first stands.

    Example:
        >>> words, named = view("Got it 3 days ago", {})
        >>> sorted(ngrams(words, named))[:4]
        ['<duration>', '<duration> ago', 'ago', 'got']
    """
    pieces = _masked(words, named)
    found: dict[str, Span] = {}
    for at, (text, start, end, sentence) in enumerate(pieces):
        name = text
        found.setdefault(name, (start, end))
        for following, _, end_there, sentence_there in pieces[at + 1 : at + LONGEST]:
            if sentence_there != sentence:
                break
            name = f"{name} {following}"
            found.setdefault(name, (start, end_there))
    return found


def _masked(words: Sequence[Word], named: Sequence[Amount]) -> list[tuple[str, int, int, int]]:
    """Words and amounts as (text, first character, end, sentence)."""
    by_first = {one.first: one for one in named}
    pieces, at = [], 0
    while at < len(words):
        text, start, end, sentence, _ = words[at]
        one = by_first.get(at)
        at += 1
        if one is not None:
            text, end, at = f"<{one.kind}>", words[one.stop - 1].end, one.stop
        pieces.append((text, start, end, sentence))
    return pieces


def candidates(named: Sequence[Amount], kinds: set[str], today: date | None) -> list[Candidate]:
    """The amounts of fitting kinds; a date once for each later day it may be counted back from.

    Example:
        >>> _, named = view("came 3 May, now it is 9 May, for $5", {})
        >>> [(one.amount.kind, one.anchor is not None) for one in candidates(named, {"date", "money"}, None)]
        [('date', True), ('money', False)]
    """
    found = []
    dates = [one for one in named if one.day is not None]
    for one in named:
        if one.kind not in kinds:
            continue
        if one.day is None or one.day.ago is not None:
            found.append(Candidate(one, None, None))
            continue
        later = [other for other in dates if other is not one and other.day and other.day.month]
        found += [Candidate(one, other.day, other) for other in later if days_before(one.day, other.day)]
        if today is not None and days_before(one.day, today):
            found.append(Candidate(one, today, None))
    return [one for one in found if one.anchor is None or one.anchor.first > one.amount.first]


def surroundings(words: Sequence[Word], one: Candidate) -> list[str]:
    """Features of a candidate: the words around it and around its day of writing."""
    found = [f"kind={one.amount.kind}", f"unit={words[one.amount.stop - 1].text}"]
    found += _around(words, one.amount, "")
    return [*found, *(_around(words, one.anchor, "now:") if one.anchor else ["no anchor"])]


def _around(words: Sequence[Word], amount: Amount, prefix: str) -> Iterator[str]:
    sentence = words[amount.first].sentence
    clause = words[amount.first].clause
    texts = {
        step: _text(words, amount.first + step if step < 0 else amount.stop - 1 + step, sentence)
        for step in range(-AROUND, AROUND + 1)
        if step
    }
    for step, text in texts.items():
        yield f"{prefix}{step}={text}"
        yield f"{prefix}{'left' if step < 0 else 'right'}={text}"
    yield f"{prefix}-2-1={texts[-2]} {texts[-1]}"
    yield f"{prefix}-3-1={texts[-3]} {texts[-2]} {texts[-1]}"
    yield f"{prefix}+1+2={texts[1]} {texts[2]}"
    same = {word.text for word in words if word.clause == clause and word.text.isalpha()}
    yield from (f"{prefix}in={text}" for text in sorted(same))


def _text(words: Sequence[Word], at: int, sentence: int) -> str:
    return words[at].text if 0 <= at < len(words) and words[at].sentence == sentence else EDGE
