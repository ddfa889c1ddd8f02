"""Phrases: a small pattern language over words that is matched in one pass, whatever is written in it.

A phrase is words, with ``(a|b c)`` for either, ``[x]`` for what may be missing, ``word*`` for a beginning, ``...`` for
up to four words, and ``{money}``, ``{duration}``, ``{date}``, ``{number}`` for an amount. It matches inside one
sentence. It is compiled to a nondeterministic automaton that is simulated state by state (Thompson 1968), so the time
is at most words times states: nothing a text holds can make it backtrack.
"""

from __future__ import annotations

import re
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from proveout.errors import PolicyInvalid
from proveout.families.symbolic.facts._words import words_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from proveout.families.symbolic.facts._grammars import Amount
    from proveout.families.symbolic.facts._words import Word

__all__ = ["Found", "Phrase", "PhraseBook", "parse_phrase"]

MOST_CHARACTERS = 300
MOST_DEPTH = 4
GAP = 4
# The apostrophe that word processors write.
TYPOGRAPHIC = "\u2019"
SLOTS = ("money", "duration", "date", "number")
TOKEN = re.compile(r"\.\.\.|\{[^{}]*\}|[()\[\]|]|[^\s()\[\]{}|]+|[{}]")


class _Edge(NamedTuple):
    """From a state to another: by a word, a beginning, any word, an amount, or nothing (``kind`` "")."""

    kind: str
    what: str
    to: int


class _Arc(NamedTuple):
    """From a state to all that its end leads to: by a word, a beginning, any word, or an amount."""

    kind: str
    what: str
    to: tuple[int, ...]


class Phrase(msgspec.Struct, frozen=True):
    """A compiled phrase.

    Attributes:
        text: as written.
        begins: the states it begins in.
        arcs: out of each state; the last state accepts.
        words: that it may hold, for repairing spellings.
        slots: kinds of amount it holds.
        firsts: words it may begin with, and amounts as ``{money}``; None when it can begin with any word.
    """

    text: str
    begins: tuple[int, ...]
    arcs: tuple[tuple[_Arc, ...], ...]
    words: frozenset[str]
    slots: frozenset[str]
    firsts: frozenset[str] | None


class Found(NamedTuple):
    """Where a phrase stands: first word, the one after the last, and the amount in it."""

    first: int
    stop: int
    amount: Amount | None


def parse_phrase(text: str, about: str) -> Phrase:
    """Compile a phrase.

    Args:
        text: as written.
        about: where, for the error.

    Raises:
        PolicyInvalid: it is empty, too long, nested too deep, not closed, or names an unknown amount.

    Example:
        >>> phrase = parse_phrase("(bought|ordered) it {duration} ago", "facts.yaml")
        >>> sorted(phrase.firsts), sorted(phrase.slots)
        (['bought', 'ordered'], ['duration'])
    """
    if len(text) > MOST_CHARACTERS:
        raise _wrong(text, f"it has {len(text)} characters, and {MOST_CHARACTERS} are read", about)
    compiled = _Compiler(TOKEN.findall(text.replace(TYPOGRAPHIC, "'")), text, about)
    stop = compiled.alternatives(0, 0)
    if compiled.at < len(compiled.tokens):
        raise _wrong(text, f"{compiled.tokens[compiled.at]!r} closes nothing", about)
    compiled.edges.append([])
    compiled.edges[stop].append(_Edge("", "", len(compiled.edges) - 1))
    edges, begins = compiled.edges, _closure(compiled.edges, 0)
    if len(edges) - 1 in begins:
        raise _wrong(text, "it matches no words at all", about)
    arcs = tuple(
        tuple(_Arc(edge.kind, edge.what, _closure(edges, edge.to)) for edge in one if edge.kind) for one in edges
    )
    named = {kind: frozenset(arc.what for one in arcs for arc in one if arc.kind == kind) for kind in ("word", "slot")}
    first = [arc for state in begins for arc in arcs[state]]
    firsts = frozenset(f"{{{arc.what}}}" if arc.kind == "slot" else arc.what for arc in first)
    is_plain = all(arc.kind in named for arc in first)
    return Phrase(text, begins, arcs, named["word"], named["slot"], firsts if is_plain else None)


def _wrong(text: str, why: str, about: str) -> PolicyInvalid:
    fix = "write words, (a|b), [x], word*, ... and {money}, {duration}, {date} or {number}"
    return PolicyInvalid(f"the phrase {text[:80]!r} cannot be read", why=why, fix=fix, about=about)


class _Compiler:
    """Tokens to states; each method goes from a state and gives the state it ends in."""

    def __init__(self, tokens: Sequence[str], text: str, about: str) -> None:
        self.tokens, self.text, self.about = tokens, text, about
        self.at = 0
        self.edges: list[list[_Edge]] = [[]]

    def alternatives(self, start: int, depth: int) -> int:
        if depth > MOST_DEPTH:
            raise _wrong(self.text, f"its brackets are nested more than {MOST_DEPTH} deep", self.about)
        ends = [self._sequence(start, depth)]
        while self._next() == "|":
            self.at += 1
            ends.append(self._sequence(start, depth))
        return self._joined(ends)

    def _joined(self, ends: Sequence[int]) -> int:
        join = self._state()
        for end in ends:
            self.edges[end].append(_Edge("", "", join))
        return join

    def _next(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def _state(self) -> int:
        self.edges.append([])
        return len(self.edges) - 1

    def _sequence(self, start: int, depth: int) -> int:
        here = self._joined([start])
        while self._next() not in {"", "|", ")", "]"}:
            here = self._part(here, depth)
        return here

    def _part(self, here: int, depth: int) -> int:
        piece = self._next()
        self.at += 1
        if piece in {"(", "["}:
            return self._bracket(here, piece, depth)
        if piece == "...":
            return self._gap(here)
        if piece.startswith("{"):
            return self._slot(here, piece)
        return self._words(here, piece)

    def _bracket(self, here: int, opened: str, depth: int) -> int:
        end = self.alternatives(here, depth + 1)
        if self._next() != {"(": ")", "[": "]"}[opened]:
            raise _wrong(self.text, f"a {opened!r} is not closed", self.about)
        self.at += 1
        return self._joined([end, here] if opened == "[" else [end])

    def _gap(self, here: int) -> int:
        ends = [here]
        for _ in range(GAP):
            after = self._state()
            self.edges[ends[-1]].append(_Edge("any", "", after))
            ends.append(after)
        return self._joined(ends)

    def _slot(self, here: int, token: str) -> int:
        name = token[1:-1]
        if name not in SLOTS:
            raise _wrong(self.text, f"{token} is none of {', '.join(SLOTS)}", self.about)
        after = self._state()
        self.edges[here].append(_Edge("slot", name, after))
        return after

    def _words(self, here: int, token: str) -> int:
        if token.endswith("*") and token[:-1].isalpha():
            after = self._state()
            self.edges[here].append(_Edge("prefix", token[:-1].lower(), after))
            return after
        words = words_of(token)
        if "*" in token or not words:
            raise _wrong(self.text, f"{token!r} is no word", self.about)
        for word in words:
            after = self._state()
            self.edges[here].append(_Edge("word", word.text, after))
            here = after
        return here


def _closure(edges: Sequence[Sequence[_Edge]], start: int) -> tuple[int, ...]:
    """The states that a state leads to without a word, itself among them, less those that only lead on."""
    todo, seen = [start], {start}
    while todo:
        for edge in edges[todo.pop()]:
            if edge.kind == "" and edge.to not in seen:
                seen.add(edge.to)
                todo.append(edge.to)
    last = len(edges) - 1
    return tuple(sorted(state for state in seen if state == last or any(edge.kind for edge in edges[state])))


class _Node(NamedTuple):
    """A state of some phrase of a book: by word what follows it, where words alone lead on; else its arcs."""

    after: Mapping[str, tuple[int, ...]] | None
    arcs: tuple[_Arc, ...]
    phrase: int


class PhraseBook:
    """Phrases with what each stands for, found together: the states of all of them are one automaton.

    Example:
        >>> from proveout.families.symbolic.facts._words import words_of
        >>> book = PhraseBook([(parse_phrase("final sale", ""), True)])
        >>> [(key, found.first, found.stop) for key, found in book.find(words_of("It was final sale"), [])]
        [(True, 2, 4)]
    """

    def __init__(self, phrases: Sequence[tuple[Phrase, Any]]) -> None:
        self._keys = [key for _, key in phrases]
        self._firsts = [phrase.firsts for phrase, _ in phrases]
        self._nodes: list[_Node] = []
        # The states to begin in: anywhere, at a word or an amount, at a word before another.
        self._any: tuple[int, ...] = ()
        self._by_first: dict[str, tuple[int, ...]] = {}
        self._by_pair: dict[tuple[str, str], tuple[int, ...]] = {}
        self.words: frozenset[str] = frozenset().union(*(phrase.words for phrase, _ in phrases))
        for number, (phrase, _) in enumerate(phrases):
            begins = tuple(state + len(self._nodes) for state in phrase.begins)
            self._nodes += _nodes(phrase, len(self._nodes), number)
            if phrase.firsts is None:
                self._any += begins
            for first in phrase.firsts or ():
                seconds = _seconds(phrase, first)
                if seconds is None:
                    self._by_first[first] = self._by_first.get(first, ()) + begins
                for second in seconds or ():
                    self._by_pair[first, second] = self._by_pair.get((first, second), ()) + begins

    def find(self, words: Sequence[Word], amounts: Sequence[Amount]) -> Iterator[tuple[Any, Found]]:
        """For each place and phrase that begins there, the longest match."""
        slots = {amount.first: amount for amount in amounts}
        texts = [word.text for word in words]
        for at, pair in enumerate(pairwise([*texts, ""])):
            begins = self._any + self._by_first.get(pair[0], ()) + self._by_pair.get(pair, ())
            if at in slots:
                begins += self._by_first.get(f"{{{slots[at].kind}}}", ())
            if begins:
                matches = self._matches(words, slots, at, begins)
                for number in sorted(matches, key=partial(self._rank, word=pair[0])):
                    yield self._keys[number], matches[number]

    def _rank(self, number: int, word: str) -> tuple[int, int]:
        """Phrases that begin with a word stand before those with an amount, and these before those with anything."""
        firsts = self._firsts[number]
        return 2 if firsts is None else int(word not in firsts), number

    def _matches(
        self, words: Sequence[Word], slots: Mapping[int, Amount], at: int, begins: Sequence[int]
    ) -> dict[int, Found]:
        """By phrase, the longest match from a word on; of equals, the first amount."""
        live: dict[int, dict[int, Amount | None]] = {at: dict.fromkeys(begins)}
        found: dict[int, Found] = {}
        here, nodes = at, self._nodes
        while live:
            states = live.pop(here, {})
            word = words[here] if here < len(words) and words[here].sentence == words[at].sentence else None
            for state, held in states.items():
                after, arcs, phrase = nodes[state]
                if phrase >= 0:
                    found[phrase] = Found(at, here, held)
                elif word is None:
                    continue
                elif after is None:
                    _follow(arcs, live, (word, slots.get(here), here), held)
                elif word.text in after:
                    later = live.setdefault(here + 1, {})
                    for one in after[word.text]:
                        later.setdefault(one, held)
            if word is None:
                break
            here += 1
        return found


def _seconds(phrase: Phrase, first: str) -> frozenset[str] | None:
    """The words of which one must follow the first word; None where something else may, or nothing."""
    arcs = [arc for state in phrase.begins for arc in phrase.arcs[state] if (arc.kind, arc.what) == ("word", first)]
    after = [phrase.arcs[state] for arc in arcs for state in arc.to]
    is_open = not after or any(not one or any(arc.kind != "word" for arc in one) for one in after)
    return None if is_open else frozenset(arc.what for one in after for arc in one)


def _nodes(phrase: Phrase, offset: int, number: int) -> Iterator[_Node]:
    last = len(phrase.arcs) - 1
    for state, arcs in enumerate(phrase.arcs):
        moved = tuple(_Arc(arc.kind, arc.what, tuple(one + offset for one in arc.to)) for arc in arcs)
        after: dict[str, tuple[int, ...]] = {}
        for arc in moved:
            after[arc.what] = (*after.get(arc.what, ()), *arc.to)
        words_alone = all(arc.kind == "word" for arc in arcs)
        yield _Node(after if words_alone else None, () if words_alone else moved, number if state == last else -1)


def _follow(
    arcs: Sequence[_Arc],
    live: dict[int, dict[int, Amount | None]],
    place: tuple[Word, Amount | None, int],
    held: Amount | None,
) -> None:
    """Follow the arcs that a word, or the amount that begins with it, fits."""
    word, named, here = place
    for arc in arcs:
        stop, amount = _taken(arc, word, named, here)
        if stop:
            later = live.setdefault(stop, {})
            for after in arc.to:
                later.setdefault(after, amount or held)


def _taken(arc: _Arc, word: Word, amount: Amount | None, here: int) -> tuple[int, Amount | None]:
    """The index of the word that an arc leads to, 0 for none, and the amount it took."""
    if arc.kind == "slot":
        return (amount.stop, amount) if amount is not None and amount.kind == arc.what else (0, None)
    fits = arc.kind == "any" or word.text == arc.what or (arc.kind == "prefix" and word.text.startswith(arc.what))
    return (here + 1 if fits else 0), None
