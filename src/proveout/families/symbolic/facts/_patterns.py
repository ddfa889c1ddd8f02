"""The pattern reader: phrases of a file beside the policy say which words state which fact."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec

from proveout.errors import FactInvalid, PolicyInvalid
from proveout.families.symbolic._plain import known_key, plain_yaml, table
from proveout.families.symbolic.facts._dates import days_before
from proveout.families.symbolic.facts._grammars import GRAMMAR_WORDS, amounts
from proveout.families.symbolic.facts._negation import is_negated
from proveout.families.symbolic.facts._phrases import Found, Phrase, PhraseBook, parse_phrase
from proveout.families.symbolic.facts._types import Said, fact_value
from proveout.families.symbolic.facts._words import repair_table, repaired, words_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from proveout.families.symbolic.facts._dates import Day
    from proveout.families.symbolic.facts._grammars import Amount
    from proveout.families.symbolic.facts._types import Value
    from proveout.families.symbolic.facts._words import Word
    from proveout.families.symbolic.policy import Fact

__all__ = ["PatternReader", "Prepared", "amount_values"]

FILE_KEYS = ("version", "policy", "today", "elsewhere", "hedges", "known", "facts")
FACT_KEYS = ("values", "amount", "ignore", "negation")
VERSION = 1
Negation = Literal["flip", "drop", "keep"]
KINDS = {"number": {"number"}, "money": {"money", "number"}, "duration": {"duration", "date", "number"}}
TODAY, ELSEWHERE, HEDGE, IGNORE = "today", "elsewhere", "hedges", "ignore"


class _Key(NamedTuple):
    """What a phrase is for: a part of the file, or a fact with the value it says; None takes the amount in it."""

    part: str
    fact: str = ""
    value: Any = None


class _Match(NamedTuple):
    key: _Key
    found: Found


class Prepared(NamedTuple):
    """A text as readers see it.

    Attributes:
        words: as they were meant.
        amounts: that it names and that are not about something else.
        now: the day of writing, as far as it is known.
        covered: indexes of words that are about something else.
    """

    words: list[Word]
    amounts: list[Amount]
    now: Day | date | None
    covered: frozenset[int]


class PatternReader:
    """Reads facts by the phrases of ``facts.yaml``.

    Args:
        content: of the file.
        facts: of the policy.
        about: path of the file, for errors.

    Raises:
        PolicyInvalid: an unknown key, fact or value, or a phrase that cannot be read.

    Example:
        >>> from proveout.families.symbolic.policy import Fact
        >>> file = b'facts: {opened: {values: {true: ["(opened|used) it"]}}}'
        >>> reader = PatternReader(file, [Fact(name="opened", type="boolean")])
        >>> reader.read("I have not opened it yet", None)["opened"].values
        (False,)
    """

    name = "patterns"

    def __init__(self, content: bytes, facts: Sequence[Fact], about: str = "facts.yaml") -> None:
        self._facts = {fact.name: fact for fact in facts}
        self._negation: dict[str, Negation] = {}
        self._about = about
        self.content = content
        raw = table(plain_yaml(content, about), FILE_KEYS, "the file", about)
        if raw.get("version", VERSION) != VERSION:
            why = f"it is of version {raw['version']!r}, and {VERSION} is read"
            raise PolicyInvalid("unknown version", why=why, fix=f"write version: {VERSION}", about=about)
        phrases = [*self._parts(raw), *self._of_facts(raw.get("facts", {}))]
        self._apart = PhraseBook([(phrase, key) for phrase, key in phrases if not key.fact])
        self._book = PhraseBook([(phrase, key) for phrase, key in phrases if key.fact])
        known = _phrases(raw.get("known", []), "known", about)
        vocabulary = self._apart.words | self._book.words | GRAMMAR_WORDS
        allowed = {word for text in known for word in text.lower().split()}
        self._repairs = {
            wrong: word for wrong, word in repair_table(vocabulary | allowed).items() if word not in allowed
        }

    def _parts(self, raw: dict[str, Any]) -> Iterator[tuple[Phrase, _Key]]:
        for part in (TODAY, ELSEWHERE, HEDGE):
            for text in _phrases(raw.get(part, []), part, self._about):
                phrase = parse_phrase(text, f"{self._about}: {part}")
                if part == TODAY and phrase.slots != {"date"}:
                    fix = "write where the date stands, as in: today is {date}"
                    raise PolicyInvalid("no date in today", why=f"{text!r} holds none", fix=fix, about=self._about)
                yield phrase, _Key(part)

    def _of_facts(self, raw: Any) -> Iterator[tuple[Phrase, _Key]]:
        for name, entry in table(raw, sorted(self._facts), "facts", self._about).items():
            fact, where = self._facts[name], f"facts.{name}"
            given = table(entry, FACT_KEYS, where, self._about)
            default = "flip" if fact.type == "boolean" else "keep"
            self._negation[name] = given.get("negation", default)
            known_key(self._negation[name], ["flip", "drop", "keep"], f"{where}.negation", self._about)
            for text in _phrases(given.get("amount", []), f"{where}.amount", self._about):
                yield self._amount(fact, text, where), _Key("", name)
            for text in _phrases(given.get("ignore", []), f"{where}.ignore", self._about):
                yield parse_phrase(text, f"{self._about}: {where}"), _Key(IGNORE, name)
            for value, texts in self._values(fact, given.get("values", {}), where):
                for text in texts:
                    yield parse_phrase(text, f"{self._about}: {where}"), _Key("", name, (value,))

    def _amount(self, fact: Fact, text: str, where: str) -> Phrase:
        phrase = parse_phrase(text, f"{self._about}: {where}")
        allowed = KINDS.get(fact.type, set())
        if not phrase.slots or not phrase.slots <= allowed:
            why = f"{text!r} holds {', '.join(sorted(phrase.slots)) or 'no amount'}, and the fact is a {fact.type}"
            fix = f"use {', '.join(f'{{{kind}}}' for kind in sorted(allowed)) or 'values'}"
            raise PolicyInvalid("a phrase without a fitting amount", why=why, fix=fix, about=f"{self._about}: {where}")
        return phrase

    def _values(self, fact: Fact, raw: Any, where: str) -> Iterator[tuple[Value, list[str]]]:
        if not isinstance(raw, dict):
            fix = "write phrases for each value"
            raise PolicyInvalid(f"{where}.values is no mapping", why=f"{raw!r:.80}", fix=fix, about=self._about)
        for key, texts in raw.items():
            try:
                value = fact_value(fact, key)
            except FactInvalid as error:
                why, fix = error.why, "write one of the policy's values"
                raise PolicyInvalid(f"a wrong value in {where}", why=why, fix=fix, about=self._about) from error
            yield value, _phrases(texts, f"{where}.values.{key}", self._about)

    def prepare(self, text: str, today: date | None) -> Prepared:
        """The words of a text, what it is not about, and when it was written."""
        words = repaired(words_of(text), self._repairs)
        named = amounts(words)
        apart = [_Match(*one) for one in self._apart.find(words, named)]
        covered = _covered(apart, {ELSEWHERE, TODAY})
        hedged = _covered(apart, {HEDGE})
        days = [one.found.amount.day for one in apart if one.key.part == TODAY and one.found.amount]
        named_day = days[0] if days and days[0] is not None and days[0].month else None
        if named_day is not None and named_day.year is None and today is not None:
            named_day = msgspec.structs.replace(named_day, year=today.year)
        kept = [
            msgspec.structs.replace(one, doubtful=True) if hedged & set(range(one.first, one.stop)) else one
            for one in named
            if not covered & set(range(one.first, one.stop))
        ]
        return Prepared(words, kept, named_day or today, covered)

    def read(self, text: str, today: date | None) -> dict[str, Said]:
        """What the phrases find, by fact; silent on facts that no phrase states."""
        prepared = self.prepare(text, today)
        by_fact: dict[str, list[_Match]] = {}
        for key, found in self._book.find(prepared.words, prepared.amounts):
            if not prepared.covered & set(range(found.first, found.stop)):
                by_fact.setdefault(key.fact, []).append(_Match(key, found))
        said = {name: self._said(name, _longest(matches), prepared) for name, matches in sorted(by_fact.items())}
        return {name: one for name, one in said.items() if one is not None}

    def _said(self, name: str, matches: Sequence[_Match], prepared: Prepared) -> Said | None:
        values: dict[Value, _Match] = {}
        doubtful = False
        for match in (one for one in matches if one.key.part != IGNORE):
            negated = is_negated(prepared.words, match.found.first)
            if negated and self._negation[name] == "drop":
                continue
            said, doubt = self._says(match, prepared, flip=negated and self._negation[name] == "flip")
            doubtful |= doubt
            for value in said:
                values.setdefault(value, match)
        if not values and not doubtful:
            return None
        sure = len(values) == 1 and not doubtful
        span = _span(prepared.words, next(iter(values.values()), matches[0]).found)
        return Said(verdict="value" if sure else "doubt", values=tuple(values), span=span)

    def _says(self, match: _Match, prepared: Prepared, *, flip: bool) -> tuple[tuple[Value, ...], bool]:
        fact, amount = self._facts[match.key.fact], match.found.amount
        if match.key.value is not None:
            value = match.key.value[0]
            return ((not value) if flip else value,), False
        if amount is None:
            return (), False
        return amount_values(fact, amount, prepared.now)


def amount_values(fact: Fact, amount: Amount, now: Day | date | None) -> tuple[tuple[Value, ...], bool]:
    """The values of a fact that an amount can be, and whether that is doubtful.

    Args:
        fact: of type number, money or duration.
        amount: named by a text.
        now: the day of writing, for dates.

    Example:
        >>> from proveout.families.symbolic.facts._words import words_of
        >>> from proveout.families.symbolic.policy import Fact
        >>> price = Fact(name="price", type="money", unit="USD")
        >>> [amount_values(price, one, None) for one in amounts(words_of("$5, or about 7 euros"))]
        [((5,), False), ((), True)]
    """
    if amount.day is not None:
        raw: list[Any] = list(days_before(amount.day, now))
    elif amount.value is None or (amount.unit and amount.unit != fact.unit):
        raw = []
    else:
        raw = [amount.value]
    values = [value for one in raw if (value := _value(fact, one)) is not None]
    return tuple(values), amount.doubtful or len(values) != 1


def _value(fact: Fact, raw: Any) -> Value | None:
    try:
        value = fact_value(fact, raw)
    except FactInvalid:
        return None
    step = fact.step or (Fraction(1) if fact.type == "duration" else None)
    whole = step is None or not isinstance(value, int | Fraction) or (value / step).denominator == 1
    return value if whole else None


def _phrases(raw: Any, where: str, about: str) -> list[str]:
    if not isinstance(raw, list) or not all(isinstance(one, str) for one in raw):
        fix = "write a list of phrases, in quotes where YAML needs them"
        raise PolicyInvalid(f"{where} is no list of phrases", why=f"it is {raw!r:.80}", fix=fix, about=about)
    return raw


def _covered(matches: Sequence[_Match], parts: set[str]) -> frozenset[int]:
    ranges = (range(one.found.first, one.found.stop) for one in matches if one.key.part in parts)
    return frozenset(at for one in ranges for at in one)


def _longest(matches: Sequence[_Match]) -> list[_Match]:
    """Matches that no longer one overlaps, in the text's order."""
    kept: list[_Match] = []
    for match in sorted(matches, key=lambda one: (one.found.first - one.found.stop, one.found.first)):
        if all(match.found.stop <= one.found.first or one.found.stop <= match.found.first for one in kept):
            kept.append(match)
    return sorted(kept, key=lambda one: one.found.first)


def _span(words: Sequence[Word], found: Found) -> tuple[int, int]:
    return words[found.first].start, words[found.stop - 1].end
