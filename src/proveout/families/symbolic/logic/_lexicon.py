"""Nouns, adjectives and verbs of one text, told apart by where they stand and how they are inflected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proveout.families.symbolic.logic._program import Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from proveout.families.symbolic.logic._grammar import Said, SaidRule, Word

__all__ = ["Lexicon", "bases"]

# Endings of plurals, of "she sees" too, and what stands in a base for them. Which of the bases a text means is told by
# the text: the one that it uses.
ENDINGS = (
    ("s", ("",)),
    ("es", ("", "is")),
    ("ies", ("y",)),
    ("ves", ("f", "fe")),
    ("men", ("man",)),
    ("i", ("us",)),
    ("a", ("um", "on")),
    ("ae", ("a",)),
    ("ices", ("ex", "ix")),
    ("zzes", ("z",)),
    ("sses", ("s",)),
)
IRREGULAR = {
    "mice": "mouse",
    "lice": "louse",
    "geese": "goose",
    "feet": "foot",
    "teeth": "tooth",
    "children": "child",
    "oxen": "ox",
    "dice": "die",
}
# Nouns whose plural is the same word. Others are taken for one only where nothing but a noun can stand.
SAME = {"sheep", "fish", "deer", "moose", "swine", "bison", "salmon", "trout", "squid", "aircraft", "bacteria"}


def bases(word: str) -> Iterator[str]:
    """What a plural noun or a verb in the third person can come from, itself not among them.

    Example:
        >>> sorted(bases("axes"))
        ['ax', 'axe', 'axis']
    """
    if word in IRREGULAR:
        yield IRREGULAR[word]
    for ending, instead in ENDINGS:
        if word.endswith(ending) and len(word) > len(ending):
            for base in instead:
                yield word[: len(word) - len(ending)] + base


class Lexicon:
    """The words of the sentences given, which are all that the text and the statement to be judged say."""

    def __init__(self, rules: Iterable[SaidRule]) -> None:
        by_form: dict[str, set[tuple[str, ...]]] = {}
        for rule in rules:
            for said in (*rule.body, *rule.heads):
                by_form.setdefault(said.word.form, set()).add(said.word.words)
        self.singular = {words[-1] for words in by_form.get("one", ())}
        self.plural = {words[-1] for words in by_form.get("many", ())}
        self.verbs = {words[0] for words in by_form.get("do", ())}
        self.adjectives = {words[0] for words in by_form.get("adjective", ())}
        either = by_form.get("either", set())
        self.plural |= {words[-1] for words in either if len(words) > 1}
        self.adjectives |= {words[0] for words in either if len(words) == 1 and not self.is_noun(words[0])}
        self.kinds: set[tuple[str, ...]] = set()

    def is_noun(self, word: str) -> bool:
        """Whether what follows "are" is a plural noun: elsewhere it is one, or it is a plural of a noun there."""
        if word in self.plural or (word in self.singular and (word in SAME or word.endswith("s"))):
            return True
        return any(base in self.singular for base in bases(word))

    def base(self, word: str, used: set[str]) -> str:
        """The form under which an inflected word is known: the base that the text uses, or itself where it uses none.

        Raises:
            ValueError: the text uses two that it could come from.
        """
        found = {base for base in (word, *bases(word)) if base in used}
        if len(found) > 1:
            raise ValueError(f"{word!r} can come from {' and '.join(map(repr, sorted(found)))}")
        return found.pop() if found else word

    def literals(self, said: Said) -> list[Literal]:
        """What is said, as literals, which hold together.

        Raises:
            ValueError: a word is ambiguous, or a conjunction is denied.
        """
        found = [Literal(predicate, said.args, said.positive) for predicate in self.predicates(said.word)]
        if len(found) > 1 and not said.positive:
            raise ValueError(f"it is not clear what of {' '.join(said.word.words)!r} is denied")
        return found

    def predicates(self, word: Word) -> list[str]:
        """The predicates a word, or words that may name a kind, stand for."""
        form, words = word
        if form == "do":
            return [words[0]]
        if form == "does":
            return [self.base(words[0], self.verbs)]
        if form == "adjective" or (form == "either" and len(words) == 1 and not self.is_noun(words[0])):
            return [f"is {words[0]}"]
        noun = words[-1] if form == "one" else self.base(words[-1], self.singular)
        modifiers = list(words[:-1])
        described = []
        while modifiers and modifiers[0] in self.adjectives:
            described.append(f"is {modifiers.pop(0)}")
        kind = (*modifiers, noun)
        self.kinds.add(kind)
        return [*described, f"is a {' '.join(kind)}"]

    def compounds(self) -> tuple[str, ...]:
        """Kinds of several words whose last word is a kind of its own; known after all literals were read."""
        return tuple(
            sorted(f"is a {' '.join(kind)}" for kind in self.kinds if len(kind) > 1 and kind[-1:] in self.kinds)
        )
