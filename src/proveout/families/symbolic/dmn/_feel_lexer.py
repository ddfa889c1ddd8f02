"""Tokens of FEEL; names with spaces and signs are resolved against the names in scope, the longest first."""

from __future__ import annotations

import itertools
import re
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

from proveout.errors import DecisionModelInvalid

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["KEYWORDS", "Lexer", "Token", "normal_name"]

KEYWORDS = frozenset(
    [
        "if",
        "then",
        "else",
        "for",
        "return",
        "in",
        "some",
        "every",
        "satisfies",
        "and",
        "or",
        "between",
        "instance",
        "of",
        "function",
        "true",
        "false",
        "null",
    ]
)
LONGEST_TEXT = 100_000
SPACE = re.compile(r"(?:\s|[\u00a0\u2028\u2029\ufeff]|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
NUMBER = re.compile(r"(?:\d{1,400}(?:\.\d{1,400})?|\.\d{1,400})(?:[eE][+-]?\d{1,4})?", re.ASCII)
START = r"(?:[^\W\d]|[\U00010000-\U000EFFFF])"
WORD = re.compile(START + r"(?:\w|[\u00b7\u0300-\u036f\u203f\u2040\U00010000-\U000EFFFF])*")
PARTS = re.compile(r"\w+|[^\w\s]")
STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{6}|.)", re.DOTALL)
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "'": "'", "\\": "\\"}
OPERATOR = re.compile(r"\*\*|\.\.|!=|<=|>=|->|[-+*/=<>()\[\]{},.:@?]")
# What may stand in a name that is being declared: the words and signs of the grammar's rules 27 to 29.
DECLARED = re.compile(r"[^\W\d](?:\w|[ .'\u2019*/+\u00b7-]){0,200}")
LAST = 0x10FFFF


class Token(msgspec.Struct, frozen=True):
    """A piece of the text from ``start`` to ``end``; kind is number, string, name, unknown, word, operator or end."""

    kind: str
    text: str
    start: int
    end: int


def normal_name(name: str) -> str:
    """A name with single spaces.

    Example:
        >>> normal_name("  Risk   Category ")
        'Risk Category'
    """
    return " ".join(name.split())


@lru_cache(maxsize=4096)
def _pattern(name: str) -> re.Pattern[str]:
    parts = PARTS.findall(name)
    joined = re.escape(parts[0]) if parts else "(?!)"
    for before, after in itertools.pairwise(parts):
        joined += (r"\s+" if before[-1].isalnum() and after[0].isalnum() else r"\s*") + re.escape(after)
    # A name may not end in the middle of a word.
    return re.compile(joined + (r"(?!\w)" if name[-1:].isalnum() else ""))


@lru_cache(maxsize=256)
def _indexed(names: frozenset[str]) -> dict[str, list[str]]:
    """Names by their first part, the longest first."""
    found: dict[str, list[str]] = {}
    for name in sorted(names, key=lambda one: (-len(one), one)):
        parts = PARTS.findall(name)
        if parts:
            found.setdefault(parts[0], []).append(name)
    return found


class Lexer:
    """One text, a place in it, and the names in scope there."""

    def __init__(self, text: str, names: Collection[str], about: str) -> None:
        self.text = text
        self.about = about
        self.at = 0
        self._scopes: list[dict[str, list[str]]] = []
        self._peeked: Token | None = None
        if len(text) > LONGEST_TEXT:
            raise self.invalid(f"the text has {len(text)} characters, more than {LONGEST_TEXT}", 0)
        self.push(names)

    def invalid(self, why: str, at: int | None = None) -> DecisionModelInvalid:
        """The error to raise for what stands at ``at``, or at the next token."""
        place = self.peek().start if at is None else at
        near = self.text[place : place + 20]
        return DecisionModelInvalid(
            "FEEL text cannot be read",
            why=f"{why} at character {place + 1}: {near!r}" if near else f"{why} at character {place + 1}, the end",
            fix="correct the expression",
            about=self.about,
        )

    def push(self, names: Collection[str]) -> None:
        """Bring names into scope, from the token that would be read next."""
        # An empty scope is one that names are added to, so it may not be the shared one.
        self._scopes.append(_indexed(frozenset(names)) if names else {})
        self._peeked = None

    def add(self, name: str) -> None:
        """Bring one more name into the innermost scope."""
        parts = PARTS.findall(name)
        if parts:
            several = self._scopes[-1].setdefault(parts[0], [])
            several.append(name)
            several.sort(key=len, reverse=True)
        self._peeked = None

    def reset(self, at: int) -> None:
        """Go back to a place that was passed."""
        self.at, self._peeked = at, None

    def pop(self) -> None:
        """Leave the innermost scope."""
        self._scopes.pop()
        self._peeked = None

    def peek(self) -> Token:
        """The next token, without taking it."""
        if self._peeked is None:
            self._peeked = self._read()
        return self._peeked

    def take(self) -> Token:
        """The next token, taken."""
        token = self.peek()
        self.at, self._peeked = token.end, None
        return token

    def skip(self, text: str) -> bool:
        """Take the next token if it is that operator or keyword."""
        token = self.peek()
        if token.kind in {"operator", "word"} and token.text == text:
            self.take()
            return True
        return False

    def expect(self, text: str) -> None:
        """Take that operator or keyword, which must stand here."""
        if not self.skip(text):
            raise self.invalid(f"expected {text!r}")

    def _read(self) -> Token:
        space = SPACE.match(self.text, self.at)
        start = space.end() if space else self.at
        if start >= len(self.text):
            return Token("end", "", start, start)
        for read in (self._name, self._number, self._string, self._operator):
            token = read(start)
            if token is not None:
                return token
        raise self.invalid("this character has no meaning here", start)

    def _name(self, start: int) -> Token | None:
        word = WORD.match(self.text, start)
        known = self._known(start)
        length = word.end() - start if word else 0
        if known is not None and (known.end - start > length or (word and word.group() not in KEYWORDS)):
            return known
        if word is None:
            return None
        text = word.group()
        return Token("word" if text in KEYWORDS else "unknown", text, start, word.end())

    def _known(self, start: int) -> Token | None:
        first = PARTS.match(self.text, start)
        best: Token | None = None
        for scope in self._scopes:
            for name in scope.get(first.group(), ()) if first else ():
                found = _pattern(name).match(self.text, start)
                if found and (best is None or found.end() >= best.end):
                    best = Token("name", name, start, found.end())
                    break
        return best

    def _number(self, start: int) -> Token | None:
        # ".." after digits is a range, which the pattern leaves alone since a point must be followed by a digit.
        found = NUMBER.match(self.text, start)
        return Token("number", found.group(), start, found.end()) if found else None

    def _string(self, start: int) -> Token | None:
        if self.text[start] != '"':
            return None
        found = STRING.match(self.text, start)
        if found is None:
            raise self.invalid("a string is not closed", start)
        return Token(
            "string", ESCAPE.sub(lambda one: self._unescaped(one, start), found.group()[1:-1]), start, found.end()
        )

    def _unescaped(self, found: re.Match[str], start: int) -> str:
        code = found[1]
        if len(code) == 1:
            # FEEL text often holds regular expressions, so an unknown escape keeps its backslash.
            return ESCAPES.get(code, found.group())
        if int(code[1:], 16) > LAST:
            raise self.invalid("a string has an escape beyond Unicode", start)
        return chr(int(code[1:], 16))

    def _operator(self, start: int) -> Token | None:
        found = OPERATOR.match(self.text, start)
        return Token("operator", found.group(), start, found.end()) if found else None

    def member(self, names: Collection[str]) -> str:
        """The name after a point: one of these, else as many words as follow."""
        scopes, self._scopes, self._peeked = self._scopes, [_indexed(frozenset(names))], None
        try:
            return self._member()
        finally:
            self._scopes, self._peeked = scopes, None

    def _member(self) -> str:
        token = self.take()
        if token.kind == "name":
            return token.text
        if token.kind != "unknown":
            raise self.invalid("expected a name", token.start)
        words = [token.text]
        while self.peek().kind == "unknown":
            words.append(self.take().text)
        return " ".join(words)

    def declared(self, ends: str) -> str | None:
        """A name that is being declared, up to one of the ``ends`` (a regular expression); None if none stands here."""
        space = SPACE.match(self.text, self.at)
        start = space.end() if space else self.at
        for found in re.finditer(ends, self.text[start : start + 200]):
            name = self.text[start : start + found.start()].strip()
            if not DECLARED.fullmatch(name):
                return None
            self.at, self._peeked = start + found.start(), None
            return normal_name(name)
        return None
