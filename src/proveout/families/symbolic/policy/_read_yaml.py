"""Plain YAML and nothing more: no tags, anchors, aliases or duplicate keys, with the line of each value."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import msgspec
import yaml

from proveout.errors import PolicyInvalid

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MOST_BYTES", "Node", "read_json_tree", "read_yaml"]

MOST_BYTES = 5_000_000
MOST_DEPTH = 50
MOST_DIGITS = 400
_NUMBER = re.compile(r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d{1,3})?")
_WORDS: dict[str, bool | None] = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}


class Node(msgspec.Struct, frozen=True, gc=False):
    """A value and where it stands.

    Attributes:
        value: None, bool, int, Fraction or str; a list of nodes; or a dict of nodes by key.
        line: in the file, from 1; 0 when it comes from no file.
    """

    value: Any
    line: int = 0


def read_yaml(content: bytes | str, where: str) -> Node:
    """Read one plain YAML document whose top is a mapping.

    Scalars are read as YAML 1.2's core schema does, without its octal and hexadecimal numbers: ``true``, ``false`` and
    ``null`` are what they are in JSON, decimal numbers are exact, and all else is text: ``no``, ``on``, ``2026-01-31``.

    Raises:
        PolicyInvalid: it is larger than 5 MB, nested over 50 deep, not UTF-8, not YAML, or not plain.

    Example:
        >>> read_yaml("a: [no, 1.50, true]", "here").value["a"].value[1].value
        Fraction(3, 2)
    """
    data = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    if len(data) > MOST_BYTES:
        raise _invalid(where, 0, f"it has {len(data):,} bytes, and {MOST_BYTES:,} are allowed")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _invalid(where, data[: error.start].count(b"\n") + 1, f"it is not UTF-8: {error.reason}") from error
    try:
        return _Builder(where).document(yaml.parse(text, Loader=_parser()))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        why = str(getattr(error, "problem", None) or error).replace("\n", " ")
        raise _invalid(where, mark.line + 1 if mark else 0, why) from error


def read_json_tree(value: Any) -> Node:
    """The same tree from a decoded JSON value; numbers that are not whole are text in it."""
    if isinstance(value, dict):
        return Node({key: read_json_tree(item) for key, item in value.items()})
    if isinstance(value, list):
        return Node([read_json_tree(item) for item in value])
    return Node(value)


def _parser() -> Any:
    """The parser of libyaml where PyYAML has it: 10,000 rules take a tenth of the time."""
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _invalid(where: str, line: int, why: str) -> PolicyInvalid:
    fix = "write plain YAML in UTF-8: mappings, lists and scalars"
    return PolicyInvalid("not a policy file", why=why, fix=fix, about=f"{where}:{line}" if line else where)


class _Builder:
    """Makes the tree from the parser's events, so that nothing is constructed that was not looked at."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._line = 0

    def document(self, events: Iterator[Any]) -> Node:
        found: list[Node] = []
        for event in events:
            self._line = event.start_mark.line + 1
            if isinstance(event, yaml.NodeEvent):
                if found:
                    raise self._refused("a second document")
                found.append(self._node(event, events, 0))
        if not found or not isinstance(found[0].value, dict):
            self._line = found[0].line if found else 0
            raise self._refused("a file whose top is not a mapping")
        return found[0]

    def _refused(self, what: str) -> PolicyInvalid:
        return _invalid(self._where, self._line, f"{what} is not allowed")

    def _node(self, event: Any, events: Iterator[Any], depth: int) -> Node:
        self._line = event.start_mark.line + 1
        if depth > MOST_DEPTH:
            raise self._refused(f"nesting deeper than {MOST_DEPTH}")
        self._plain(event)
        line = self._line
        if isinstance(event, yaml.ScalarEvent):
            return Node(self._scalar(event), line)
        if isinstance(event, yaml.SequenceStartEvent):
            return Node(self._sequence(events, depth), line)
        return Node(self._mapping(events, depth), line)

    def _plain(self, event: Any) -> None:
        if event.anchor is not None or isinstance(event, yaml.AliasEvent):
            raise self._refused("an anchor or alias")
        if event.tag is not None:
            raise self._refused(f"the tag {event.tag[:60]!r}")

    def _sequence(self, events: Iterator[Any], depth: int) -> list[Node]:
        items = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            items.append(self._node(event, events, depth + 1))
        return items

    def _mapping(self, events: Iterator[Any], depth: int) -> dict[str, Node]:
        found: dict[str, Node] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            self._line = event.start_mark.line + 1
            if not isinstance(event, yaml.ScalarEvent):
                raise self._refused("a key that is not a word")
            self._plain(event)
            if event.value in found:
                raise self._refused(f"the key {event.value[:60]!r} twice")
            found[event.value] = self._node(next(events), events, depth + 1)
        return found

    def _scalar(self, event: Any) -> Any:
        text = event.value
        if event.style not in {None, ""}:
            return text
        if text in _WORDS:
            return _WORDS[text]
        if not _NUMBER.fullmatch(text):
            return text
        if len(text) > MOST_DIGITS:
            raise self._refused(f"a number of {len(text)} digits")
        number = Fraction(text)
        return number.numerator if number.denominator == 1 else number
