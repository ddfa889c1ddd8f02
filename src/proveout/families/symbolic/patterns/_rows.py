"""Rows to learn patterns from: their values, and all the ways in which patterns may describe a place."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from proveout.families.symbolic.patterns._match import LONGEST, edges, names_in, values_by_text, values_in
from proveout.families.symbolic.patterns._patterns import END, NAME, NUMBER, START, WORDS
from proveout.families.symbolic.patterns._tokens import is_number, words_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from proveout.families._spans import Span
    from proveout.families.symbolic.patterns._match import Steps
    from proveout.families.symbolic.patterns._tokens import Words

__all__ = ["Key", "Row", "Value", "Vocabulary", "gold_of", "rows_of", "shape_of", "vocabulary_of"]

MOST_BEFORE, MOST_AFTER, MOST_SHAPED = 3, 2, 6
# A word that stands outside values at least so often, and in so many of its places, is in no name.
COMMON_ROWS, COMMON_SHARE = 2, 0.5
Value = tuple[int, int, str]


class Key(NamedTuple):
    """What a pattern looks for."""

    before: str
    value: str
    after: str


class Vocabulary(NamedTuple):
    """What patterns are made of: values by list, elements of classes by word, and words that are in no name."""

    lists: dict[str, tuple[str, ...]]
    classes: dict[str, str]
    common: frozenset[str]


class Row:
    """One text with its values; what is around each token changes as values are taken.

    Args:
        text: its tokens.
        gold: its values.
        lists: values of lists in it.
        words: what patterns are made of.
    """

    def __init__(self, text: Words, gold: frozenset[Value], lists: tuple[Steps, Steps], words: Vocabulary) -> None:
        self.text, self.gold, self._words = text, gold, words
        self.starts, self._ends = lists
        self.taken: list[Value] = []
        size = len(text.words) + 1
        self.before = [_before(text.words, at, self._ends, words.classes) for at in range(size)]
        self.after = [_after(text.words, at, self.starts, words.classes) for at in range(size)]
        self.shapes = _shapes(text.words, words.classes)
        self.signs = frozenset(text.words)
        self.names: dict[int, int] = {}
        self._known = 0
        self.refresh()

    def refresh(self) -> None:
        """Describe each place by what was taken since."""
        around = (START, *self.text.words, END)
        covered = [False] * len(self.text.words)
        for first, stop, _ in self.taken:
            covered[first:stop] = [True] * (stop - first)
        self.names = names_in(self.text.words, self._words.common, covered)
        for first, stop, field in self.taken[self._known :]:
            self.before[stop] = [*self.before[stop], f"[{field}]", f"{around[first]} [{field}]"]
            self.after[first] = [*self.after[first], f"[{field}]", f"[{field}] {around[stop + 1]}"]
            self.signs |= {f"[{field}]"}
        self._known = len(self.taken)

    def is_free(self, first: int, stop: int) -> bool:
        """Whether no value that was taken has any of some tokens."""
        return not any(first < other and one < stop for one, other, _ in self.taken)

    def forms(self, first: int, stop: int, field: str) -> list[str]:
        """The forms by which a value of a field may be known."""
        found = [f"{{{field}}}"] if (f"{{{field}}}", stop) in self.starts.get(first, ()) else []
        shaped = self.shapes.get((first, stop))
        found += [shaped] if shaped else []
        return found + ([NAME] if self.names.get(first) == stop else [])

    def places(self, values: Collection[str]) -> Iterator[tuple[int, int, str]]:
        """Free places of some forms, any words apart."""
        found = [(first, stop, name) for first, ends in self.starts.items() for name, stop in ends]
        found += [(first, stop, shape) for (first, stop), shape in self.shapes.items()]
        found += [(first, stop, NAME) for first, stop in self.names.items()]
        return (one for one in found if one[2] in values and self.is_free(one[0], one[1]))

    def stretches(self, afters: Mapping[str, Collection[str]]) -> Iterator[tuple[Key, int, int]]:
        """Any words between what stands before and the first place where what is looked for stands after."""
        size = len(self.text.words)
        for first in range(size):
            for before in self.before[first]:
                wanted = afters.get(before)
                seen: set[str] = set()
                for stop in range(first + 1, min(size, first + LONGEST) + 1) if wanted else ():
                    new = [after for after in self.after[stop] if after in (wanted or ()) and after not in seen]
                    seen.update(new)
                    if new and self.is_free(first, stop):
                        yield from ((Key(before, WORDS, after), first, stop) for after in new)


def _before(words: Sequence[str], at: int, ends: Steps, classes: Mapping[str, str]) -> list[str]:
    around = (START, *words)
    found = ["", *(" ".join(around[at + 1 - size : at + 1]) for size in range(1, MOST_BEFORE + 1) if size <= at + 1)]
    kind = _class(words[at - 1], classes) if at else ""
    found += [kind, f"{around[at - 1]} {kind}"] if kind else []
    for name, first in ends.get(at, ()):
        found += [name, f"{around[first]} {name}"]
    return found


def _after(words: Sequence[str], at: int, starts: Steps, classes: Mapping[str, str]) -> list[str]:
    around = (*words, END)
    found = ["", *(" ".join(around[at : at + size]) for size in range(1, MOST_AFTER + 1) if at + size <= len(around))]
    kind = _class(words[at], classes) if at < len(words) else ""
    found += [kind, f"{kind} {around[at + 1]}"] if kind else []
    for name, stop in starts.get(at, ()):
        found += [name, f"{name} {around[stop]}"]
    return found


def _class(word: str, classes: Mapping[str, str]) -> str:
    return NUMBER if is_number(word) else classes.get(word, "")


def _shapes(words: Sequence[str], classes: Mapping[str, str]) -> dict[tuple[int, int], str]:
    size = len(words)
    ends = ((first, stop) for first in range(size) for stop in range(first + 1, min(size, first + MOST_SHAPED) + 1))
    found = ((place, shape_of(words[slice(*place)], classes)) for place in ends)
    return {place: shape for place, shape in found if shape}


def shape_of(words: Sequence[str], classes: Mapping[str, str]) -> str:
    """A value with the classes of its words in their place; "" where none has one.

    Example:
        >>> shape_of(["in", "20", "minutes"], {"minutes": "<unit>"})
        'in <number> <unit>'
    """
    kinds = [_class(word, classes) for word in words]
    return " ".join(kind or word for kind, word in zip(kinds, words, strict=True)) if any(kinds) else ""


def gold_of(text: str, spans: Sequence[Span]) -> tuple[Words, frozenset[Value]]:
    """The tokens of a text, and its values by token; a value that begins or ends inside a number is none."""
    words = words_of(text)
    starts = {place.start: at for at, place in enumerate(words.places)}
    stops = {place.end: at + 1 for at, place in enumerate(words.places)}
    return words, frozenset(
        (starts[one.start], stops[one.end], one.field) for one in spans if one.start in starts and one.end in stops
    )


def vocabulary_of(rows: Sequence[tuple[Words, frozenset[Value]]], classes: Mapping[str, str]) -> Vocabulary:
    """Lists of the values of each field, and the words that are common.

    Args:
        rows: texts with their values.
        classes: elements of classes by word.
    """
    lists: dict[str, set[str]] = {}
    inside, seen = dict[str, int](), dict[str, int]()
    for text, gold in rows:
        covered = {at for first, stop, _ in gold for at in range(first, stop)}
        for first, stop, field in gold:
            lists.setdefault(field, set()).add(" ".join(text.words[first:stop]))
        for at, word in enumerate(text.words):
            seen[word] = seen.get(word, 0) + 1
            inside[word] = inside.get(word, 0) + (at in covered)
    outside = {word: count - inside[word] for word, count in seen.items()}
    common = {word for word, count in outside.items() if count >= max(COMMON_ROWS, COMMON_SHARE * seen[word])}
    values = {name: tuple(sorted(found)) for name, found in sorted(lists.items())}
    return Vocabulary(values, dict(classes), frozenset(common))


def rows_of(texts: Sequence[tuple[Words, frozenset[Value]]], words: Vocabulary) -> list[Row]:
    """Rows, in each of which a list lacks the value that only this row taught it.

    Else a list would seem to know every value, as it does on the rows it was made of and on no others.
    """
    counts: dict[tuple[str, str], int] = {}
    for text, gold in texts:
        for first, stop, field in gold:
            key = field, " ".join(text.words[first:stop])
            counts[key] = counts.get(key, 0) + 1
    values = values_by_text(words.lists)
    longest = max((value.count(" ") + 1 for value in values), default=0)
    made = []
    for text, gold in texts:
        own = {
            (first, stop, f"{{{field}}}")
            for first, stop, field in gold
            if counts[field, " ".join(text.words[first:stop])] == 1
        }
        made.append(Row(text, gold, edges(values_in(text.words, values, longest) - own), words))
    return made
