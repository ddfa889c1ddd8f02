"""Checks a proof of kind ``patterns`` against the patterns as YAML holds them and the text, by matching them anew.

It shares nothing with what made the proof: a pattern is matched by walking over the tokens with backtracking, and a
value that was found is one that no earlier pattern's, and no longer or earlier one of the same pattern, overlaps.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

__all__ = ["check_output", "check_patterns"]

KEYS = {"kind", "values", "none", "closed"}
VALUE_KEYS = {"field", "pattern", "start", "end", "text"}
# Scripts that are written without spaces are cut at each character.
UNSPACED = "\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
TOKEN = re.compile(rf"\d+(?:[.,:]\d+)*|[{UNSPACED}]_*|[^\W\d{UNSPACED}]+|[^\w\s]")
NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
AMOUNT = re.compile(r"[-+]?\d+(?:,\d{3})*(?:\.\d+)?")
ELEMENT = re.compile(r"\{(?=\S)[^{}]*[^{}\s]\}|\[(?=\S)[^\[\]]*[^\[\]\s]\]|\S+")
LONGEST = 12
Span = tuple[int, int]
Taken = list[tuple[int, int, str]]


def check_patterns(proof: Any, document: Any, text: str, fields: Any) -> list[str]:
    """What is wrong with a proof; nothing where it is accepted.

    Args:
        proof: which pattern found which value, and which fields have none.
        document: the patterns, as ``yaml.safe_load`` gives ``patterns.yaml``.
        text: of the input.
        fields: those that are read from the text, and of each whether it may have several values.

    Example:
        >>> pattern = {"id": "p1", "field": "city", "before": "to", "value": "<words>", "after": "<end>"}
        >>> document = {"common": [], "classes": {}, "lists": {}, "patterns": [pattern]}
        >>> value = {"field": "city", "pattern": "p1", "start": 3, "end": 7, "text": "Bonn"}
        >>> proof = {"kind": "patterns", "values": [value], "none": [], "closed": {}}
        >>> check_patterns(proof, document, "to Bonn", {"city": False})
        []
        >>> check_patterns(proof | {"values": []}, document, "to Bonn", {"city": False})
        ['p1 finds city at 3 to 7, and the proof does not say so']
    """
    if not isinstance(proof, dict) or set(proof) != KEYS or proof["kind"] != "patterns":
        return ["it is no proof of kind patterns"]
    claimed = [_claimed(value, text) for value in proof["values"]]
    if None in claimed:
        return ["a value is not of its form, or not in the text"]
    found = _found(document, text, fields)
    problems = [f"{by} finds {field} at {a} to {b}, and the proof does not say so" for field, by, a, b in found
                if (field, by, a, b) not in claimed]  # fmt: skip
    problems += [f"{one} is not found" for one in claimed if one not in found]
    if not problems and claimed != found:
        problems.append("the values are not in the order in which they are found, or twice")
    none = sorted(set(fields) - {one[0] for one in found})
    return problems if proof["none"] == none else [*problems, f"the fields without a value are not {none}"]


def check_output(proof: Any, output: Any, forms: Any, spelled: Any) -> list[str]:
    """Whether the fields that are read from the text hold what the proof's values say, in the output's form.

    Args:
        proof: one that `check_patterns` accepts.
        output: what was answered.
        forms: of the fields, as they are stored.
        spelled: by field, how a text in lower case is spelled in outputs.
    """
    problems = []
    for form in forms:
        if not form["in_text"]:
            continue
        name = form["name"]
        mine = [value for value in proof["values"] if value["field"] == name]
        mine = sorted(mine, key=lambda value: value["start"]) if form["many"] else mine[:1]
        texts = [" ".join(value["text"].split()) for value in mine]
        texts = [spelled.get(name, {}).get(one.lower(), one) for one in texts]
        values = [one for one in map(_number, texts) if one is not None] if form["numeric"] else texts
        wanted = (values if form["many"] else values[0]) if values else (form["empty"] or [None])[0]
        stated = name in output or not (values or form["empty"])
        if not stated or output.get(name) != wanted:
            problems.append(f"the output's {name} is not {wanted!r}")
    return problems


def _number(text: str) -> float | int | None:
    number = float(text.replace(",", "")) if AMOUNT.fullmatch(text) else float("inf")
    return None if abs(number) == float("inf") else int(number) if number.is_integer() else number


def _claimed(value: Any, text: str) -> tuple[str, str, int, int] | None:
    if not isinstance(value, dict) or set(value) != VALUE_KEYS:
        return None
    start, end = value["start"], value["end"]
    if type(start) is not int or type(end) is not int or not 0 <= start < end <= len(text):
        return None
    return (value["field"], value["pattern"], start, end) if text[start:end] == value["text"] else None


def _found(document: Any, text: str, fields: Any) -> list[tuple[str, str, int, int]]:
    """Field, pattern and characters of each value, in the order in which they are found."""
    reader = _Reader(document, text)
    found = []
    for pattern in document["patterns"]:
        field = pattern["field"]
        for first, stop in sorted(reader.matches(pattern), key=lambda one: (one[0] - one[1], one[0])):
            overlaps = any(first < b and a < stop for a, b, _ in reader.taken)
            if not overlaps and (fields[field] or all(name != field for *_, name in reader.taken)):
                reader.taken.append((first, stop, field))
                found.append((field, pattern["id"], reader.spans[first][0], reader.spans[stop - 1][1]))
    return found


class _Reader:
    """A text and the values found in it so far, for one pattern after the other."""

    def __init__(self, document: Any, text: str) -> None:
        shown = "".join("_" if unicodedata.category(one) in {"Mn", "Mc", "Me", "Cf"} else one for one in text)
        self.spans: list[Span] = [one.span() for one in TOKEN.finditer(shown)]
        self.words = [text[a:b].lower() for a, b in self.spans]
        self.taken: Taken = []
        self._common = set(document["common"])
        self._classes = {f"<{name}>": set(words) for name, words in document["classes"].items()}
        self._listed = {f"{{{name}}}": self._places(set(values)) for name, values in document["lists"].items()}

    def _places(self, values: set[str]) -> set[Span]:
        """Where values of a list stand, none inside a longer one."""
        size, longest = len(self.words), max((one.count(" ") + 1 for one in values), default=0)
        pairs = ((a, b) for a in range(size) for b in range(a + 1, min(size, a + longest) + 1))
        furthest, kept = 0, set()
        for a, b in sorted((a, -b) for a, b in pairs if " ".join(self.words[a:b]) in values):
            if -b > furthest:
                furthest = -b
                kept.add((a, furthest))
        return kept

    def matches(self, pattern: Any) -> set[Span]:
        """Tokens of each value that a pattern finds."""
        before, after = (ELEMENT.findall(pattern.get(part, "")) for part in ("before", "after"))
        if not all(self._is_with(one) for one in pattern.get("with", ())) or not self._may_be(before + after):
            return set()
        values = [(a, b) for a, b in self._values(pattern["value"], after) if self._leads(before, a)]
        return {(a, b) for a, b in values if self._follows(after, b)}

    def _is_with(self, sign: str) -> bool:
        return sign in self.words or (len(sign) > 1 and sign in {f"[{name}]" for *_, name in self.taken})

    def _may_be(self, elements: list[str]) -> bool:
        return all(one in self.words or (len(one) > 1 and one[0] in "<{[") for one in elements)

    def _values(self, value: str, after: list[str]) -> list[Span]:
        size = len(self.words)
        if value == "<words>":
            stops = [at for at in range(size + 1) if self._follows(after, at)]
            ends = {a: next((b for b in stops if a < b <= a + LONGEST), 0) for a in range(size)} if stops else {}
            return [(a, b) for a, b in ends.items() if b]
        if value == "<name>":
            free = [self._is_open(at) for at in range(size)] + [False]
            firsts = [a for a in range(size) if free[a] and not (a and free[a - 1])]
            return [(a, b) for a in firsts if (b := free.index(False, a)) <= a + LONGEST]
        elements = ELEMENT.findall(value)
        return (
            [(a, b) for a in range(size) for b in self._stops(elements, a) if b > a] if self._may_be(elements) else []
        )

    def _is_open(self, at: int) -> bool:
        word = self.words[at]
        return word[0].isalpha() and word not in self._common and not any(a <= at < b for a, b, _ in self.taken)

    def _leads(self, elements: list[str], at: int) -> bool:
        return not elements or any(at in self._stops(elements, first) for first in range(at + 1))

    def _follows(self, elements: list[str], at: int) -> bool:
        return bool(self._stops(elements, at))

    def _stops(self, elements: list[str], at: int) -> set[int]:
        """Where elements that begin at a token end."""
        if not elements:
            return {at}
        element, rest = elements[0], elements[1:]
        return {stop for middle in self._one(element, at) for stop in self._stops(rest, middle)}

    def _one(self, element: str, at: int) -> list[int]:
        size, word = len(self.words), self.words[at] if at < len(self.words) else ""
        if len(element) > 1 and element[0] in "{[":
            taken = {(a, b) for a, b, name in self.taken if f"[{name}]" == element}
            return [b for a, b in self._listed.get(element, taken) if a == at]
        if element in {"<start>", "<end>"}:
            return [at] if at == (0 if element == "<start>" else size) else []
        is_of = word in self._classes.get(element, ()) or (element == "<number>" and NUMBER.fullmatch(word))
        return [at + 1] if word and (word == element or is_of) else []
