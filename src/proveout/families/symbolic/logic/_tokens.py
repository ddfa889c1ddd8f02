"""Sentences and words of controlled English."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from proveout.errors import TextNotUnderstood
from proveout.families.symbolic.logic._program import Sentence

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["CLOSED", "MOST_SHOWN", "is_content", "not_understood", "sentences", "words"]

SENTENCE = re.compile(r"[^\s.](?:[^.]++|\.(?=[^\s.]))*+\.?")
WORD = re.compile(r"[^\W_]+(?:['\u2019-][^\W_]+)*|,")
WORDS = re.compile(rf"(?:\s*+(?:{WORD.pattern}))*+")
SHORT = {"isn't": ("is", "not"), "aren't": ("are", "not"), "doesn't": ("does", "not"), "don't": ("do", "not")}
MOST_SHOWN = 200
# Words with a job in the grammar.
JOBS = """
    a all an and any anybody anyone anything are do does each every everybody everyone everything he her herself
    him himself if is it itself no nobody not nothing she somebody someone something that the them themself
    themselves then they who
"""
# Words of English with a job for which this grammar has no place, so that a sentence with them is not misread.
STRANGERS = """
    about above after again almost also although always am another as at barely be became because become becomes
    been before being below both but by can cannot certainly commonly could definitely did during either else
    enough ever exactly except few for frequently from generally had hardly has have having hence hers his how
    however i in into its just least less likewise mainly many may maybe me merely might mine more most mostly
    much must my nearly necessarily neither never none nor normally of off often on once one ones only onto or
    other others otherwise ought our ours out over own perhaps possibly probably quite rarely rather really same
    seem seems seldom several shall should since so some somehow sometimes soon still such surely than their
    theirs there therefore these this those though through thus to too toward typically under unless until up
    upon us usually very via was we were what when where whether which while whom whose why will with within
    without would yet you your yours
"""
# Neither can be the name of a thing, quality or action.
CLOSED = frozenset([",", *JOBS.split(), *STRANGERS.split()])


def not_understood(sentence: Sentence, why: str) -> TextNotUnderstood:
    """The error that names a sentence and says what it lacks."""
    shown = sentence.text if len(sentence.text) <= MOST_SHOWN else sentence.text[:MOST_SHOWN] + " ..."
    return TextNotUnderstood(
        f"the sentence {shown!r} is not understood",
        why=why,
        fix="say it as one of the sentences of docs/design/logic.md, or leave it out",
        about=f"characters {sentence.start} to {sentence.end}",
    )


def sentences(text: str) -> Iterator[Sentence]:
    """The sentences of a text: each ends with a full stop before white space, or with the text.

    Example:
        >>> [one.text for one in sentences("Anne is kind.  Bob is big")]
        ['Anne is kind.', 'Bob is big']
    """
    for found in SENTENCE.finditer(text):
        said = found.group().rstrip()
        yield Sentence(said, found.start(), found.start() + len(said))


def words(sentence: Sentence) -> list[str]:
    """The words and commas of a sentence, short forms written out.

    Raises:
        TextNotUnderstood: the sentence has another mark than a comma, or no words.

    Example:
        >>> words(Sentence("Anne, Bob isn't big.", 0, 20))
        ['Anne', ',', 'Bob', 'is', 'not', 'big']
    """
    said = sentence.text.removesuffix(".")
    rest = WORDS.match(said)
    left = said[rest.end() if rest else 0 :].lstrip()
    if left:
        raise not_understood(sentence, f"it has {left[0]!r}, and only words and commas are read")
    found: list[str] = WORD.findall(said)
    if not found:
        raise not_understood(sentence, "it has no words")
    if "'" not in said and "\u2019" not in said:
        return found
    return [part for word in found for part in SHORT.get(word.lower().replace("\u2019", "'"), (word,))]


def is_content(word: str) -> bool:
    """Whether a lower-case word can name a thing, quality or action.

    Example:
        >>> is_content("kind"), is_content("is"), is_content("very")
        (True, False, False)
    """
    return word not in CLOSED
