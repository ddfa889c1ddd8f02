"""Words of phrases: their stems, their negation, and how much two phrases have in common."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import takewhile
from typing import TYPE_CHECKING

import msgspec

from proveout.families.symbolic.causal._vocabulary import (
    ATTRIBUTES,
    BEFORE_QUALITY_WORDS,
    EMPTY_WORDS,
    ENDINGS,
    IRREGULAR_WORDS,
    LITTLE_WORDS,
    MUCH_WORDS,
    NEGATED_WORDS,
    NEGATIVE_WORDS,
    OPPOSITES,
    WHOLE_WORDS,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Bag", "attribute", "bag", "contrasting", "first_place", "met", "overlap", "signed"]

WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)?")
# What ends or is not there: "out of wax", "recovers from flu", "cured of flu", "free from tax", "tax-free".
WITHOUT = re.compile(
    r"\bout[ -]of[ -]|\b(?:recover\w*|freed?|escap\w+|heal(?:s|ed|ing)) from |\b(?:cured|free|rid|devoid) of "
)
# "A degree or higher" says how much, and more than the words beside it.
OR_MORE = re.compile(r"\bor (?:higher|more|above|over|older|greater|better|longer|later)\b")
OR_LESS = re.compile(r"\bor (?:lower|less|below|under|younger|fewer|smaller|worse|shorter|earlier)\b")
OFF = re.compile(r"\b(?:turned|switched|been|is|are|was|were) off\b|\boff$")
FREE = re.compile(r"\b(\w+)-free\b")
SPELLED = {WITHOUT: "without ", FREE: r"without \1", OFF: "not", OR_MORE: "atleast", OR_LESS: "atmost"}
PREFIXES = ("non", "un")
WITHOUT_SUFFIX = "less"
ARTICLES = frozenset(["a", "an", "the"])
SHORTEST = 3
FUNCTION = frozenset((EMPTY_WORDS + NEGATIVE_WORDS).split())
BEFORE_QUALITY = frozenset(BEFORE_QUALITY_WORDS.split())
EMPTY, NEGATIVE, WHOLE, MUCH, LITTLE = (
    frozenset(words.split()) for words in (EMPTY_WORDS, NEGATIVE_WORDS, WHOLE_WORDS, MUCH_WORDS, LITTLE_WORDS)
)
SUFFIXES = tuple(ENDINGS.split())


def _table(lines: str) -> dict[str, list[str]]:
    """Words by the word they are listed under."""
    rows = (line.partition(":") for line in lines.split(";"))
    return {name.strip(): words.split() for name, _, words in rows}


IRREGULAR = {word: base for base, words in _table(IRREGULAR_WORDS).items() for word in words}
NEGATED = {word: base for base, words in _table(NEGATED_WORDS).items() for word in words}


class Bag(msgspec.Struct, frozen=True):
    """A phrase: stems of its words, the words, if it is negated, stems with their qualities, and all stems in order."""

    stems: frozenset[str]
    words: frozenset[str]
    negated: bool
    qualities: frozenset[tuple[str, str]] = frozenset()
    order: tuple[str, ...] = ()


@lru_cache(maxsize=4096)
def stem(word: str) -> str:
    """A word without its ending; short words are left alone.

    Example:
        >>> stem("smokers"), stem("smoking"), stem("famous"), stem("fame"), stem("xevu")
        ('smok', 'smok', 'fam', 'fam', 'xevu')
    """
    base = word.removesuffix("'s")
    base = IRREGULAR.get(base, base)
    changed = True
    while changed:
        changed = False
        for suffix in SUFFIXES:
            if base.endswith(suffix) and len(base) - len(suffix) >= SHORTEST:
                base, changed = base[: -len(suffix)], True
                break
    if len(base) > SHORTEST and base[-1] == base[-2]:
        base = base[:-1]
    return base


@lru_cache(maxsize=4096)
def bag(text: str) -> Bag:
    """The words of a phrase.

    Example:
        >>> bag("people who do not smoke").negated, sorted(bag("nonsmokers").stems), bag("nonsmokers").negated
        (True, ['smok'], True)
    """
    plain = text.lower().replace("\u2019", "'")
    for pattern, instead in SPELLED.items():
        plain = pattern.sub(instead, plain)
    words = WORD.findall(plain)
    negations = sum(word in NEGATIVE for word in words)
    kept = [word for word in words if word not in EMPTY and word not in NEGATIVE]
    bare = []
    for word in kept:
        inner = _bare(word)
        negations += inner != word
        bare.append(inner)
    stems = frozenset([stem(word) for word in bare])
    order = tuple([stem(_bare(word)) for word in words])
    return Bag(stems, frozenset(bare), negations % 2 == 1, frozenset(_qualities(words)), order)


def _qualities(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Pairs of stems such as ("curl", "hair"): what begins a run of words as their quality, and each of them."""
    for at, (before, quality) in enumerate(zip(["a", *words], words, strict=False)):
        if before in BEFORE_QUALITY and quality not in FUNCTION and not quality.endswith("ing"):
            # "To sell the shop": what is done to a thing is told over its article.
            over = ARTICLES if before == "to" else frozenset[str]()
            run = takewhile(lambda word, over=over: word not in FUNCTION - over, words[at + 1 :])  # type: ignore[misc]
            yield from ((stem(_bare(quality)), stem(_bare(word))) for word in run if word not in over)


def _bare(word: str) -> str:
    """A word without a beginning or end that negates it."""
    if word in WHOLE:
        return word
    if word in NEGATED:
        return NEGATED[word]
    if word.endswith(WITHOUT_SUFFIX) and len(word) - len(WITHOUT_SUFFIX) >= SHORTEST:
        return word.removesuffix(WITHOUT_SUFFIX)
    for prefix in PREFIXES:
        if word.startswith(prefix) and len(word) - len(prefix) > SHORTEST:
            return word[len(prefix) :]
    return word


def _alike(one: str, other: str) -> float:
    """How sure it is that two stems are of one word: 1, less for a common beginning, or 0."""
    if one == other:
        return 1.0
    if one[: SHORTEST + 1] != other[: SHORTEST + 1]:
        return 0.0
    short, long = sorted((one, other), key=len)
    if len(short) > SHORTEST and long.startswith(short):
        return 0.8
    same = next((at for at, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    return 0.7 if same > SHORTEST and same >= 0.7 * len(long) and len(long) > SHORTEST + 1 else 0.0


def overlap(one: Bag, other: Bag) -> float:
    """The number of words that two phrases share, a common beginning counted as less.

    Example:
        >>> overlap(bag("eating citrus"), bag("citrus intake"))
        1.0
    """
    return sum([met(stem_, other) for stem_ in one.stems])


def met(stem_: str, other: Bag) -> float:
    """How sure it is that a phrase has a word with a stem."""
    if stem_ in other.stems:
        return 1.0
    return max([_alike(stem_, found) for found in other.stems], default=0.0)


_PAIRS = frozenset(frozenset(stem(word) for word in pair.split()) for pair in OPPOSITES.split(","))
_MUCH, _LITTLE = (frozenset(map(stem, words)) for words in (MUCH, LITTLE))


def first_place(name: Bag, phrase: Bag) -> int:
    """Where in a phrase the first word of a name stands, in words; far away when none does.

    Example:
        >>> first_place(bag("employee"), bag("the CEO who fires an employee"))
        5
    """
    return next((at for at, word in enumerate(phrase.order) if word in name.stems), FAR)


FAR = 99


def opposite(one: Bag, other: Bag) -> bool:
    """Whether two phrases differ by words at the two ends of a scale."""
    left, right = one.stems - other.stems, other.stems - one.stems
    if (left & _MUCH and right & _LITTLE) or (left & _LITTLE and right & _MUCH):
        return True
    return any(frozenset((a, b)) in _PAIRS for a in left for b in right)


def contrasting(one: Bag, other: Bag) -> bool:
    """Whether two phrases give one thing different qualities, neither of which the other phrase has.

    Example:
        >>> contrasting(bag("the child has straight hair"), bag("curly hair"))
        True
        >>> contrasting(bag("eats bread"), bag("bread intake")), contrasting(bag("high pay"), bag("increased pay"))
        (False, False)
    """
    return any(
        word == same
        and not ({left} & other.stems or {right} & one.stems or {left, right} <= _MUCH or {left, right} <= _LITTLE)
        for left, word in one.qualities
        for right, same in other.qualities
        if not _alike(left, right)
    )


def signed(one: Bag, other: Bag, *, qualities: bool = False) -> float:
    """How much two phrases say the same (positive) or the contrary (negative) of one thing, between -1 and 1.

    With ``qualities``, another quality of the same thing counts as its contrary, and one of a negated thing as neither.

    Example:
        >>> signed(bag("not smoking"), bag("smoker")), signed(bag("low salary"), bag("high salary"))
        (-1.0, -1.0)
    """
    against = opposite(one, other)
    if qualities and not against and contrasting(one, other):
        if one.negated != other.negated:
            # "Restless sleep" beside "sound sleep": whether it is the quality that is negated, words do not say.
            return 0.0
        against = True
    shared = overlap(one, other)
    if against:
        shared += 1
    total = max(1, min(len(one.stems), len(other.stems)))
    size = min(1.0, shared / total)
    return -size if (one.negated != other.negated) != against else size


_ATTRIBUTES = {stem(name): frozenset(map(stem, words)) for name, words in _table(ATTRIBUTES).items()}


def attribute(name: Bag, value: Bag) -> bool:
    """Whether a phrase says a value of what a name calls.

    Example:
        >>> attribute(bag("gender"), bag("men who are tall")), attribute(bag("age"), bag("male"))
        (True, False)
    """
    return any(_ATTRIBUTES.get(stem_, frozenset()) & value.stems for stem_ in name.stems)
