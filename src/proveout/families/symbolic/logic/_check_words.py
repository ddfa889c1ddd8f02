"""The checker's own view of words: which are nouns or adjectives, and which forms belong together."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from proveout.families.symbolic.logic._check_reading import SORTS, Clause, Said, Unreadable, X, clause_of

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Fact", "Reading", "Step", "read_all"]

# What a base ends with, and what the ending becomes in a plural or in "she sees".
CHANGES = (
    ("", "s"), ("", "es"), ("y", "ies"), ("f", "ves"), ("fe", "ves"), ("is", "es"), ("us", "i"), ("um", "a"),
    ("on", "a"), ("a", "ae"), ("ex", "ices"), ("ix", "ices"), ("man", "men"), ("z", "zzes"), ("s", "sses"),
)  # fmt: skip
ODD = {
    "mouse": "mice", "louse": "lice", "goose": "geese", "foot": "feet", "tooth": "teeth", "child": "children",
    "ox": "oxen", "die": "dice",
}  # fmt: skip
SAME = {"sheep", "fish", "deer", "moose", "swine", "bison", "salmon", "trout", "squid", "aircraft", "bacteria"}


class Fact(msgspec.Struct, frozen=True, order=True, forbid_unknown_fields=True):
    """A literal, as in a proof."""

    predicate: str
    args: tuple[str, ...]
    positive: bool

    def about(self, name: str) -> Fact:
        """The literal with ``name`` for the variable."""
        return Fact(self.predicate, tuple(name if arg == X else arg for arg in self.args), self.positive)

    def denied(self) -> Fact:
        """The negation."""
        return Fact(self.predicate, self.args, not self.positive)


class Step(NamedTuple):
    """A rule that a sentence states."""

    sentence: int
    head: Fact
    body: frozenset[Fact]

    @property
    def variable(self) -> bool:
        """Whether it is about anybody."""
        return any(X in one.args for one in (self.head, *self.body))


class Reading(NamedTuple):
    """All that a context says, and what is asked."""

    spans: list[tuple[int, int]]
    rules: list[Step]
    asked: list[Fact]
    names: set[str]


def _spans(text: str) -> list[tuple[int, int]]:
    """Where the sentences of a text stand: each up to a full stop before white space, or up to the end."""
    found, start = [], 0
    for stop in [*(match.end() for match in re.finditer(r"\.(?=[\s.]|$)", text)), len(text)]:
        piece = text[start:stop].rstrip()
        skipped = len(piece) - len(piece.lstrip(" .\t\n\r\f\v"))
        if skipped < len(piece):
            found.append((start + skipped, start + len(piece)))
        start = stop
    return found


class _Words:
    """The words of some clauses, by what they are there."""

    def __init__(self, clauses: Iterable[Clause]) -> None:
        said = [one for clause in clauses for one in (*clause.body, *clause.heads)]
        self.nouns = {one.words[-1] for one in said if one.kind == "one" and one.words[-1] not in SORTS}
        self.plurals = {
            one.words[-1] for one in said if one.kind == "many" or (one.kind == "either" and len(one.words) > 1)
        }
        self.verbs = {one.words[0] for one in said if one.kind == "base"}
        self.forms: dict[str, set[str]] = {}
        for base in self.nouns | self.verbs:
            for form in _forms(base):
                self.forms.setdefault(form, set()).add(base)
        self.adjectives = {one.words[0] for one in said if len(one.words) == 1 and self.is_adjective(one)}
        self.adjectives |= {
            word for one in said if one.kind in {"one", "either"} and one.words[-1] in SORTS for word in one.words[:-1]
        }

    def is_adjective(self, one: Said) -> bool:
        """Whether one word is said of somebody as an adjective."""
        word = one.words[0]
        same = word in self.nouns and (word in SAME or word.endswith("s"))
        noun = word in self.plurals or same or self.forms.get(word, set()) & self.nouns
        return one.kind == "adjective" or (one.kind == "either" and not noun)

    def base(self, word: str, among: set[str]) -> str:
        """The base of a form that stands in the text, or the form itself where none does."""
        found = (self.forms.get(word, set()) | {word}) & among
        if len(found) > 1:
            raise Unreadable(f"{word!r} has two bases")
        return found.pop() if found else word

    def facts(self, one: Said) -> list[Fact]:
        """The literals of what is said."""
        found = [Fact(predicate, one.args, one.positive) for predicate in self.predicates(one)]
        if len(found) > 1 and not one.positive:
            raise Unreadable("several things are denied at once")
        return found

    def predicates(self, one: Said) -> list[str]:
        """What the words of a kind stand for."""
        if one.kind in {"base", "third"}:
            return [one.words[0] if one.kind == "base" else self.base(one.words[0], self.verbs)]
        if one.words[-1] in SORTS and one.kind != "adjective":
            return [f"is {word}" for word in one.words[:-1]]
        if len(one.words) == 1 and self.is_adjective(one):
            return [f"is {one.words[0]}"]
        *modifiers, noun = one.words
        split = next((at for at, word in enumerate(modifiers) if word not in self.adjectives), len(modifiers))
        noun = noun if one.kind == "one" else self.base(noun, self.nouns)
        return [*(f"is {word}" for word in modifiers[:split]), "is a " + " ".join((*modifiers[split:], noun))]


def _forms(base: str) -> set[str]:
    """All that could be a base's plural, or its form behind "she"."""
    regular = {base[: len(base) - len(old)] + new for old, new in CHANGES if base.endswith(old)}
    return regular | ({ODD[base]} if base in ODD else set())


def read_all(context: str, statement: str) -> Reading:
    """Everything a context says, with the statement asked about.

    Raises:
        Unreadable: a sentence is not of the English that is read.
    """
    found = _spans(context)
    clauses = [clause_of(context[start:end]) for start, end in found]
    asked = clause_of(statement)
    if asked.body or asked.never or len(_spans(statement)) != 1 or any(X in one.args for one in asked.heads):
        raise Unreadable("the statement is not about somebody named")
    words = _Words([*clauses, asked])
    rules = [rule for at, clause in enumerate(clauses) for rule in _rules(at, clause, words)]
    said = [fact for one in asked.heads for fact in words.facts(one)]
    everything = [*said, *(fact for rule in rules for fact in (rule.head, *rule.body))]
    return Reading(found, rules, said, {arg for fact in everything for arg in fact.args} - {X})


def _rules(at: int, clause: Clause, words: _Words) -> list[Step]:
    """The rules of a clause."""
    body = frozenset(fact for one in clause.body for fact in words.facts(one))
    heads = [fact for one in clause.heads for fact in words.facts(one)]
    if not clause.never:
        return [Step(at, head, body) for head in heads]
    return [Step(at, one.denied(), (body | {*heads}) - {one}) for one in body | {*heads}]
