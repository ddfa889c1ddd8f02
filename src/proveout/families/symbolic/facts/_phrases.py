"""Phrases: a small pattern language over words that is matched in one pass, whatever is written in it.

A phrase is words, with ``(a|b c)`` for either, ``[x]`` for what may be missing, ``word*`` for a beginning, ``...`` for up
to four words, and ``{money}``, ``{duration}``, ``{date}``, ``{number}`` for an amount. It matches inside one sentence. It
is compiled to a nondeterministic automaton that is simulated state by state (Thompson 1968), so the time is at most
words times states: nothing a text holds can make it backtrack.
"""

from __future__ import annotations

import re
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
SLOTS = ("money", "duration", "date", "number")
TOKEN = re.compile(r"\.\.\.|\{[^{}]*\}|[()\[\]|]|[^\s()\[\]{}|]+|[{}]")


class _Edge(NamedTuple):
    """From a state to another: by a word, a beginning, any word, an amount, or nothing (``kind`` "")."""

    kind: str
    what: str
    to: int


class Phrase(msgspec.Struct, frozen=True):
    """A compiled phrase.

    Attributes:
        text: as written.
        edges: of each state; state 0 begins, the last accepts.
        words: that it may hold, for repairing spellings.
        firsts: words it may begin with; None when it can begin with something else.
    """

    text: str
    edges: tuple[tuple[_Edge, ...], ...]
    words: frozenset[str]
    firsts: frozenset[str] | None

    @property
    def has_slot(self) -> bool:
        """Whether it holds an amount."""
        return any(edge.kind == "slot" for edges in self.edges for edge in edges)


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
        >>> sorted(phrase.firsts), phrase.has_slot
        (['bought', 'ordered'], True)
    """
    if len(text) > MOST_CHARACTERS:
        raise _wrong(text, f"it has {len(text)} characters, and {MOST_CHARACTERS} are read", about)
    compiled = _Compiler(TOKEN.findall(text.replace("’", "'")), text, about)
    stop = compiled.alternatives(0, 0)
    if compiled.at < len(compiled.tokens):
        raise _wrong(text, f"{compiled.tokens[compiled.at]!r} closes nothing", about)
    compiled.edges.append([])
    compiled.edges[stop].append(_Edge("", "", len(compiled.edges) - 1))
    edges = tuple(tuple(one) for one in compiled.edges)
    if len(edges) - 1 in _closure(edges, {0}):
        raise _wrong(text, "it matches no words at all", about)
    words = frozenset(edge.what for one in edges for edge in one if edge.kind == "word")
    return Phrase(text, edges, words, _firsts(edges))


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
        token = self._next()
        self.at += 1
        if token in {"(", "["}:
            return self._bracket(here, token, depth)
        if token == "...":
            return self._gap(here)
        if token.startswith("{"):
            return self._slot(here, token)
        return self._words(here, token)

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


def _closure(edges: Sequence[Sequence[_Edge]], states: set[int]) -> set[int]:
    todo, seen = list(states), set(states)
    while todo:
        for edge in edges[todo.pop()]:
            if edge.kind == "" and edge.to not in seen:
                seen.add(edge.to)
                todo.append(edge.to)
    return seen


def _firsts(edges: Sequence[Sequence[_Edge]]) -> frozenset[str] | None:
    first = [edge for state in _closure(edges, {0}) for edge in edges[state] if edge.kind]
    return frozenset(edge.what for edge in first) if all(edge.kind == "word" for edge in first) else None


class PhraseBook:
    """Phrases with what each stands for, found together by their first words.

    Example:
        >>> from proveout.families.symbolic.facts._words import words_of
        >>> book = PhraseBook([(parse_phrase("final sale", ""), True)])
        >>> [(key, found.first, found.stop) for key, found in book.find(words_of("It was final sale"), [])]
        [(True, 2, 4)]
    """

    def __init__(self, phrases: Sequence[tuple[Phrase, Any]]) -> None:
        self._any: list[tuple[Phrase, Any]] = []
        self._by_first: dict[str, list[tuple[Phrase, Any]]] = {}
        self.words: frozenset[str] = frozenset().union(*(phrase.words for phrase, _ in phrases))
        for phrase, key in phrases:
            for first in sorted(phrase.firsts or ()):
                self._by_first.setdefault(first, []).append((phrase, key))
            if phrase.firsts is None:
                self._any.append((phrase, key))

    def find(self, words: Sequence[Word], amounts: Sequence[Amount]) -> Iterator[tuple[Any, Found]]:
        """For each place and phrase that begins there, the longest match."""
        slots: dict[int, list[Amount]] = {}
        for amount in amounts:
            slots.setdefault(amount.first, []).append(amount)
        for at, word in enumerate(words):
            for phrase, key in (*self._by_first.get(word.text, ()), *self._any):
                found = _match(phrase, words, slots, at)
                if found is not None:
                    yield key, found


def _match(phrase: Phrase, words: Sequence[Word], slots: Mapping[int, Sequence[Amount]], at: int) -> Found | None:
    """The longest match from a word on; of equals, the first amount."""
    live: dict[int, dict[int, Amount | None]] = {at: dict.fromkeys(_closure(phrase.edges, {0}))}
    best: Found | None = None
    for here in range(at, len(words) + 1):
        states = live.pop(here, {})
        if len(phrase.edges) - 1 in states:
            best = Found(at, here, states[len(phrase.edges) - 1])
        if here == len(words) or words[here].sentence != words[at].sentence or not (states or live):
            break
        for state, held in sorted(states.items(), key=lambda one: one[0]):
            for edge in phrase.edges[state]:
                for stop, amount in _taken(edge, words[here], slots.get(here, ()), here):
                    for after in _closure(phrase.edges, {edge.to}):
                        live.setdefault(stop, {}).setdefault(after, amount or held)
    return best


def _taken(edge: _Edge, word: Word, slots: Sequence[Amount], here: int) -> Iterator[tuple[int, Amount | None]]:
    """Where an edge leads from a word: the index of the next word, and the amount it took."""
    if edge.kind == "slot":
        yield from ((one.stop, one) for one in slots if one.kind == edge.what)
    elif edge.kind == "any" or (edge.kind == "word" and word.text == edge.what):
        yield here + 1, None
    elif edge.kind == "prefix" and word.text.startswith(edge.what):
        yield here + 1, None
