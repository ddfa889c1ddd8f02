"""Extraction patterns, in the order in which they are tried, and the YAML file that a person edits."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from proveout.errors import PolicyInvalid
from proveout.families.symbolic._plain import plain_yaml, table
from proveout.families.symbolic.patterns._tokens import words_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = [
    "CLASS",
    "DOCUMENT",
    "END",
    "LIST",
    "NAME",
    "NUMBER",
    "START",
    "WORDS",
    "Counts",
    "Pattern",
    "PatternList",
    "elements_of",
    "read_patterns",
    "written_patterns",
]

VERSION = 1
DOCUMENT = "patterns.yaml"
FILE_KEYS = ("version", "common", "classes", "lists", "patterns")
PATTERN_KEYS = ("id", "field", "before", "value", "after", "with", "train", "select")
WORDS, NAME, NUMBER, START, END = "<words>", "<name>", "<number>", "<start>", "<end>"
CLASS, LIST, FOUND = re.compile(r"<(\w+)>"), re.compile(r"\{(\S|\S.*\S)\}"), re.compile(r"\[(\S|\S.*\S)\]")
ELEMENT = re.compile(r"\{(?=\S)[^{}]*[^{}\s]\}|\[(?=\S)[^\[\]]*[^\[\]\s]\]|\S+")


class Counts(msgspec.Struct, frozen=True):
    """Of the values that a pattern found, after all the patterns before it, how many were right."""

    right: int = 0
    found: int = 0


class Pattern(msgspec.Struct, frozen=True, kw_only=True, rename={"also": "with"}):
    """What stands between ``before`` and ``after`` and is of the form ``value`` is a value of ``field``.

    Attributes:
        id: unique in the list.
        field: that the value is of.
        value: elements of the value; ``<words>`` for up to the first place where ``after`` stands; or ``<name>`` for
            as many words as stand together, none of them common or in a value that was found before.
        before: elements that stand before the value, separated by spaces; may be empty.
        after: elements that stand after the value; may be empty.
        also: words that must be in the text, or fields in brackets of which a value was found before.
        train: on the rows it was learned from.
        select: on rows set apart.
    """

    id: str
    field: str
    value: str
    before: str = ""
    after: str = ""
    also: tuple[str, ...] = ()
    train: Counts = Counts()
    select: Counts = Counts()


class PatternList(msgspec.Struct, frozen=True, kw_only=True):
    """Patterns in the order in which they are tried.

    An element is a word in lower case; a class as ``<month>``; a value of a list as ``{city}``; beside the value, one
    of a field that an earlier pattern found as ``[city]``; ``<start>`` or ``<end>`` of the text. The class
    ``<number>`` holds digits besides its words.

    Attributes:
        common: words that are in no ``<name>``.
        classes: words by class.
        lists: values in lower case by name.
        patterns: what an earlier one found, a later one may not overlap.
    """

    common: tuple[str, ...] = ()
    classes: dict[str, tuple[str, ...]] = {}
    lists: dict[str, tuple[str, ...]] = {}
    patterns: tuple[Pattern, ...] = ()


def elements_of(text: str) -> tuple[str, ...]:
    """The elements that a text is made of; the name of a list or field may have spaces.

    Example:
        >>> elements_of("to <month> {home town} [ x ]")
        ('to', '<month>', '{home town}', '[', 'x', ']')
    """
    return tuple(ELEMENT.findall(text))


def written_patterns(patterns: PatternList) -> bytes:
    """The list as YAML, in a fixed form that `read_patterns` reads back.

    Example:
        >>> one = Pattern(id="p1", field="city", before="to", value="<words>", after="<end>")
        >>> read_patterns(written_patterns(PatternList(patterns=(one,)))) == PatternList(patterns=(one,))
        True
    """
    import yaml  # noqa: PLC0415  only when a list is written

    plain = msgspec.to_builtins(patterns)
    plain["patterns"] = [_filled(one) for one in plain["patterns"]]
    document = {"version": VERSION, **{key: plain[key] for key in FILE_KEYS[1:]}}
    text: str = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=10_000, default_flow_style=None)
    return text.encode()


def _filled(pattern: dict[str, Any]) -> dict[str, Any]:
    """In the order of the keys, without what is empty."""
    return {key: pattern[key] for key in PATTERN_KEYS if pattern[key]}


def read_patterns(content: bytes, fields: Sequence[str] = (), about: str = DOCUMENT) -> PatternList:
    """Read a list that a build wrote or a person edited.

    Args:
        content: of the file.
        fields: that patterns may be of; any when empty.
        about: path of the file, for errors.

    Raises:
        PolicyInvalid: an unknown key, field, class or list, two patterns of one id, or an element that is none.
    """
    raw = table(plain_yaml(content, about), FILE_KEYS, "the file", about)
    version = raw.pop("version", None)
    if version != VERSION:
        fix = f"write version: {VERSION}"
        raise PolicyInvalid("unknown version", why=f"it is {version!r}", fix=fix, about=about)
    for pattern in raw.get("patterns") or ():
        table(pattern, PATTERN_KEYS, "a pattern", about)
    try:
        patterns = msgspec.convert(raw, type=PatternList)
    except msgspec.ValidationError as error:
        fix = "write it as a build writes it"
        raise PolicyInvalid("the patterns are not of their form", why=str(error), fix=fix, about=about) from error
    for what, which in _problems(patterns, fields):
        raise PolicyInvalid(what, why=f"it is {which!r}", fix="correct the file", about=about)
    return patterns


def _problems(patterns: PatternList, fields: Sequence[str]) -> Iterator[tuple[str, str]]:
    ids: set[str] = set()
    for one in patterns.patterns:
        if one.id in ids:
            yield "two patterns have one id", one.id
        ids.add(one.id)
        if fields and one.field not in fields:
            yield f"the field of pattern {one.id} is none that is read from the text", one.field
        if not one.value.split() or (one.value == WORDS and not (one.before.split() and one.after.split())):
            yield "a pattern says neither what the value is nor what stands on both sides of it", one.id
        yield from ((f"an element of pattern {one.id} is not known", wrong) for wrong in _unknown(one, patterns))
    for words in (patterns.common, *patterns.classes.values(), *patterns.lists.values()):
        yield from (("a word is not in lower case", word) for word in words if " ".join(words_of(word).words) != word)


def _unknown(one: Pattern, patterns: PatternList) -> Iterator[str]:
    value = () if one.value in {WORDS, NAME} else elements_of(one.value)
    before, after = elements_of(one.before), elements_of(one.after)
    before, after = before[before[:1] == (START,) :], after[: len(after) - (after[-1:] == (END,))]
    yield from (part for part in (*before, *after) if not (FOUND.fullmatch(part) or _is_part(part, patterns)))
    yield from (part for part in value if not _is_part(part, patterns))
    yield from (part for part in one.also if not (FOUND.fullmatch(part) or _is_word(part)))


def _is_part(part: str, patterns: PatternList) -> bool:
    in_class, in_list = CLASS.fullmatch(part), LIST.fullmatch(part)
    if in_list:
        return in_list[1] in patterns.lists
    return in_class[1] in {"number", *patterns.classes} if in_class else _is_word(part)


def _is_word(text: str) -> bool:
    return words_of(text).words == (text,)
