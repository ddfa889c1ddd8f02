"""What two texts may not differ in and still share an answer: numbers, names, negations and opposites."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["difference"]

# A number with its separators, sign and unit of money, or a name that holds a digit: 12.5, $3,000, A-17, 2024-05-01.
_NUMBER = re.compile(r"[-+€$£¥%]?[^\W_]*\d[\w.,:/+-]*[%€$£¥]?")
_ADDRESS = re.compile(r"\S+@\S+|\w+://\S+")
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
_SENTENCE = re.compile(r"(?:^|[.!?:;\n]\s*|[\"“«(]\s*)$")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Counted, so that a double negation is not taken for none. English, German, French, Spanish, Italian, Dutch.
_NEGATIONS = _words(
    "no not never none nobody nothing neither nor without cannot except unless hardly"
    " nicht nie niemals kein keine keinen keinem keiner keines nichts ohne weder außer"
    " ne n pas jamais rien aucun aucune sans ni non nunca jamás nada sin ningún ninguna ninguno"
    " mai niente senza nessuno nessuna niet geen nooit niets zonder"
)
_NUMBER_WORDS = _words(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million billion half"
    " double triple first second third fourth fifth last next previous once twice"
    " today tomorrow yesterday monday tuesday wednesday thursday friday saturday sunday january february march april"
    " may june july august september october november december"
)
_OPPOSITES = (
    "on off",
    "in out",
    "up down",
    "before after",
    "above below",
    "over under",
    "more less",
    "most least",
    "open close opened closed opening closing",
    "start stop begin end started stopped",
    "enable disable enabled disabled",
    "activate deactivate",
    "allow forbid deny allowed forbidden denied",
    "accept reject decline accepted rejected declined",
    "increase decrease raise lower increased decreased",
    "add remove added removed",
    "buy sell bought sold",
    "send receive sent received",
    "subscribe unsubscribe",
    "lock unlock block unblock locked unlocked blocked unblocked",
    "login logout",
    "win lose won lost",
    "credit debit",
    "lend borrow",
    "import export",
    "upload download",
    "minimum maximum min max",
    "with without",
    "always never",
    "all some any none",
    "he she they",
    "cancel keep confirm",
    "upgrade downgrade",
    "men women male female",
)
_SIDES = {word: number for number, group in enumerate(_OPPOSITES) for word in group.split()}


def difference(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """Why two inputs must not share an answer, however alike they look to an embedder; "" when nothing forbids it.

    Embedders place "cancel order 123" beside "cancel order 124", and "refund it" beside "do not refund it". Numbers,
    names and addresses must be the same in the same order, so that "from Rome to Oslo" is not "from Oslo to Rome".
    It errs on the side of a difference: the worst is a request that is answered anew.

    Example:
        >>> difference({"text": "Cancel my order 123"}, {"text": "Please cancel my order 124"})
        'text: numbers differ'
        >>> difference({"text": "Do refund it"}, {"text": "Do not refund it"})
        'text: a negation differs'
        >>> difference({"text": "Where is my card?"}, {"text": "where is my card, please"})
        ''
    """
    for field in sorted(one.keys() | other.keys()):
        left, right = one.get(field), other.get(field)
        if left == right and type(left) is type(right):
            continue
        if not (isinstance(left, str) and isinstance(right, str)):
            return f"{field}: values differ"
        found = _differs(_plain(left), _plain(right))
        if found:
            return f"{field}: {found}"
    return ""


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).replace("\u2019", "'")


def _differs(left: str, right: str) -> str:
    for what, marks in _MARKS:
        if marks(left) != marks(right):
            return what
    return ""


def _addresses(text: str) -> list[str]:
    return [found.rstrip(".,;:!?)") for found in _ADDRESS.findall(text.lower())]


def _numbers(text: str) -> list[str]:
    marks = [(match.start(), match.group().lower().rstrip(".,:/-+")) for match in _NUMBER.finditer(text)]
    words = ((match.start(), match.group()) for match in _WORD.finditer(text.lower()))
    marks += [(at, word) for at, word in words if word in _NUMBER_WORDS]
    return [mark for _, mark in sorted(marks)]


def _negations(text: str) -> int:
    return sum(word in _NEGATIONS or word.endswith("n't") for word in _WORD.findall(text.lower()))


def _names(text: str) -> list[str]:
    """Words with a capital that no sentence begins with; a text all in capitals has none that tell."""
    if text.isupper():
        return []
    return [
        match.group().lower()
        for match in _WORD.finditer(text)
        if match.group() not in ("I", "I'm", "I've", "I'd", "I'll") and _named(text, match)
    ]


def _named(text: str, match: re.Match[str]) -> bool:
    word = match.group()
    if any(letter.isupper() for letter in word[1:]):
        return True
    return word[0].isupper() and not _SENTENCE.search(text[max(0, match.start() - 8) : match.start()])


def _sides(text: str) -> list[tuple[int, str]]:
    return sorted({(_SIDES[word], word) for word in _WORD.findall(text.lower()) if word in _SIDES})


_MARKS = (
    ("addresses differ", _addresses),
    ("numbers differ", _numbers),
    ("a negation differs", _negations),
    ("names differ", _names),
    ("an opposite differs", _sides),
)


def texts_of(inputs: Mapping[str, Any]) -> Iterator[str]:
    """The text of an input, field by field in the order of their names."""
    for field in sorted(inputs):
        value = inputs[field]
        yield value if isinstance(value, str) else msgspec.json.encode(value).decode()
