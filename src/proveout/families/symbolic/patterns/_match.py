"""Finds what an ordered list of patterns finds in a text."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from proveout.families.symbolic.patterns._patterns import END, NAME, NUMBER, START, WORDS, elements_of
from proveout.families.symbolic.patterns._tokens import is_number

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from proveout.families.symbolic.patterns._patterns import PatternList
    from proveout.families.symbolic.patterns._tokens import Words

    Steps = Mapping[int, Sequence[tuple[str, int]]]

__all__ = ["LONGEST", "Match", "Matcher", "edges", "names_in", "values_by_text", "values_in"]

# Tokens of a value that is any words, or a name.
LONGEST = 12


class Match(NamedTuple):
    """A value that the pattern at a place in the list finds: tokens from ``first`` to before ``stop``."""

    at: int
    first: int
    stop: int


def values_by_text(lists: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    """The elements, as ``{city}``, of the lists that a value is in."""
    found: dict[str, set[str]] = {}
    for name, values in lists.items():
        for value in values:
            found.setdefault(value, set()).add(f"{{{name}}}")
    return {value: tuple(sorted(names)) for value, names in found.items()}


def values_in(words: Sequence[str], values: Mapping[str, Sequence[str]], longest: int) -> set[tuple[int, int, str]]:
    """Where values of lists stand: first token, the one after the last, and the list's element."""
    return {
        (first, stop, name)
        for first in range(len(words))
        for stop in range(first + 1, min(len(words), first + longest) + 1)
        for name in values.get(" ".join(words[first:stop]), ())
    }


def edges(spans: Iterable[tuple[int, int, str]]) -> tuple[Steps, Steps]:
    """By first and by last token, the values of lists, without those inside a longer one of the same list."""
    starts: dict[int, list[tuple[str, int]]] = {}
    ends: dict[int, list[tuple[str, int]]] = {}
    furthest: dict[str, int] = {}
    for first, stop, name in sorted(spans, key=lambda one: (one[0], -one[1], one[2])):
        if stop > furthest.get(name, -1):
            furthest[name] = stop
            starts.setdefault(first, []).append((name, stop))
            ends.setdefault(stop, []).append((name, first))
    return starts, ends


def names_in(words: Sequence[str], common: Collection[str], taken: Sequence[bool]) -> dict[int, int]:
    """First and last token, exclusive, of words that stand together, none common or taken."""
    found: dict[int, int] = {}
    first = 0
    for at in range(len(words) + 1):
        if at < len(words) and not taken[at] and words[at][0].isalpha() and words[at] not in common:
            continue
        if first < at <= first + LONGEST:
            found[first] = at
        first = at + 1
    return found


class _Reading:
    """A text, the values of lists in it, and what was found so far."""

    def __init__(self, words: Sequence[str], lists: tuple[Steps, Steps]) -> None:
        self.words = words
        self.starts, self.ends = lists
        self.taken = [False] * len(words)
        self.begun: dict[int, tuple[str, int]] = {}
        self.ended: dict[int, tuple[str, int]] = {}
        self.fields: set[str] = set()

    def take(self, field: str, first: int, stop: int) -> None:
        """Keep a value."""
        self.taken[first:stop] = [True] * (stop - first)
        self.begun[first], self.ended[stop] = (f"[{field}]", stop), (f"[{field}]", first)
        self.fields.add(f"[{field}]")

    def is_free(self, first: int, stop: int) -> bool:
        """Whether no value has any of some tokens."""
        return not any(self.taken[first:stop])


class _Parts(NamedTuple):
    """A pattern taken apart, and what must be in a text for it to match."""

    before: tuple[str, ...]
    value: tuple[str, ...]
    after: tuple[str, ...]
    words: frozenset[str]
    lists: frozenset[str]
    fields: frozenset[str]


class Matcher:
    """Finds values: by the earliest pattern first, of one pattern's that overlap the longest, of these the first.

    Args:
        patterns: in their order.
        single: fields of at most one value.

    Example:
        >>> from proveout.families.symbolic.patterns import Pattern, PatternList, words_of
        >>> one = Pattern(id="p1", field="city", before="to", value="<words>", after="<end>")
        >>> Matcher(PatternList(patterns=(one,))).found(words_of("a flight to New York"))
        [Match(at=0, first=3, stop=5)]
    """

    def __init__(self, patterns: PatternList, single: Collection[str] = ()) -> None:
        self._single = {f"[{field}]" for field in single}
        self._fields = [one.field for one in patterns.patterns]
        self._common = frozenset(patterns.common)
        self._classes = {f"<{name}>": frozenset(words) for name, words in patterns.classes.items()}
        self._values = values_by_text(patterns.lists)
        self._longest = max((value.count(" ") + 1 for value in self._values), default=0)
        self._parts = [
            _apart(elements_of(one.before), elements_of(one.value), elements_of(one.after), one.also)
            for one in patterns.patterns
        ]
        counts = Counter(word for one in self._parts for word in one.words)
        self._keyed: dict[str, list[int]] = {}
        for at, one in enumerate(self._parts):
            rarest = min(one.words, key=lambda word: (counts[word], word), default="")
            self._keyed.setdefault(rarest, []).append(at)

    def found(self, text: Words) -> list[Match]:
        """The values in a text, in the order in which they are found."""
        words = set(text.words)
        reading = _Reading(text.words, edges(values_in(text.words, self._values, self._longest)))
        lists = {name for found in reading.starts.values() for name, _ in found}
        tried = [at for key in ("", *words) for at in self._keyed.get(key, ())]
        kept: list[Match] = []
        for at in sorted(tried):
            parts = self._parts[at]
            if parts.words <= words and parts.lists <= lists and parts.fields <= reading.fields:
                kept += self._taken(at, reading)
        return kept

    def _taken(self, at: int, reading: _Reading) -> Iterator[Match]:
        field = self._fields[at]
        matches = sorted(set(self._matches(self._parts[at], reading)), key=lambda one: (one[0] - one[1], one[0]))
        for first, stop in matches:
            is_full = f"[{field}]" in self._single & reading.fields
            if not is_full and reading.is_free(first, stop):
                reading.take(field, first, stop)
                yield Match(at, first, stop)

    def _matches(self, parts: _Parts, reading: _Reading) -> list[tuple[int, int]]:
        starts = [first for first in range(len(reading.words)) if self._back(parts.before, first, reading)]
        if not starts:
            return []
        if parts.value == (WORDS,):
            stops = [stop for stop in range(len(reading.words) + 1) if self._ahead(parts.after, stop, reading)]
            nexts = ((first, bisect_right(stops, first)) for first in starts)
            found = [(first, stops[at]) for first, at in nexts if at < len(stops)]
            return [(first, stop) for first, stop in found if stop <= first + LONGEST]
        return [
            (first, stop)
            for first, stop in self._valued(parts.value, starts, reading)
            if stop > first and self._ahead(parts.after, stop, reading)
        ]

    def _valued(self, value: Sequence[str], starts: Sequence[int], reading: _Reading) -> list[tuple[int, int]]:
        if value == (NAME,):
            names = names_in(reading.words, self._common, reading.taken)
            return [(first, names[first]) for first in starts if first in names]
        return [(first, stop) for first in starts for stop in self._ahead(value, first, reading)]

    def _ahead(self, elements: Sequence[str], at: int, reading: _Reading) -> set[int]:
        """Where elements that begin at a token end."""
        reached = {at}
        for element in elements:
            if _is_list(element):
                reached = {stop for one in reached for name, stop in reading.starts.get(one, ()) if name == element}
            elif _is_found(element):
                begun = (reading.begun.get(one, ("", 0)) for one in reached)
                reached = {stop for name, stop in begun if name == element}
            elif element == END:
                reached &= {len(reading.words)}
            else:
                reached = {one + 1 for one in reached if self._is_of(element, one, reading)}
        return reached

    def _back(self, elements: Sequence[str], at: int, reading: _Reading) -> set[int]:
        """Where elements that end before a token begin."""
        reached = {at}
        for element in reversed(elements):
            if _is_list(element):
                reached = {first for one in reached for name, first in reading.ends.get(one, ()) if name == element}
            elif _is_found(element):
                ended = (reading.ended.get(one, ("", 0)) for one in reached)
                reached = {first for name, first in ended if name == element}
            elif element == START:
                reached &= {0}
            else:
                reached = {one - 1 for one in reached if self._is_of(element, one - 1, reading)}
        return reached

    def _is_of(self, element: str, at: int, reading: _Reading) -> bool:
        """Whether there is a token at a place, and it is the word or of the class."""
        if not 0 <= at < len(reading.words):
            return False
        word = reading.words[at]
        return word == element or word in self._classes.get(element, ()) or (element == NUMBER and is_number(word))


def _is_list(element: str) -> bool:
    return len(element) > 1 and element[0] == "{"


def _is_found(element: str) -> bool:
    return len(element) > 1 and element[0] == "["


def _apart(before: tuple[str, ...], value: tuple[str, ...], after: tuple[str, ...], also: Sequence[str]) -> _Parts:
    around = (*before, *value, *after, *also)
    return _Parts(
        before,
        value,
        after,
        frozenset(one for one in around if len(one) == 1 or one[0] not in "<{["),
        frozenset(one for one in around if _is_list(one)),
        frozenset(one for one in around if _is_found(one)),
    )
