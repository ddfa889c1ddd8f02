"""Facts, definitions and rules from the tree of a policy file."""

from __future__ import annotations

import re
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, NoReturn, cast, get_args

from proveout.errors import PolicyInvalid
from proveout.families.symbolic.policy._expressions import Expression, parse_expression
from proveout.families.symbolic.policy._model import Cite, Definition, Fact, FactType, Rule, Scalar
from proveout.families.symbolic.policy._types import near
from proveout.families.symbolic.policy._units import canonical_unit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from proveout.families.symbolic.policy._read_yaml import Node

__all__ = ["Reader", "exact", "iso_date", "read_definition", "read_fact", "read_rule"]

FACT_KEYS = ("name", "type", "unit", "values", "range", "step", "question", "mutable", "world", "default")
DEFINITION_KEYS = ("name", "means", "cites")
RULE_KEYS = ("id", "if", "then", "priority", "overrides", "cites", "starts", "ends")
QUANTITIES = {"number", "money", "duration"}
# What counts of such facts are multiples of when the file does not say.
_STEPS = {"money": Fraction(1, 100), "duration": Fraction(1)}
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_EXACT = re.compile(r"[-+]?\d{1,400}(?:\.\d{1,400}|/0*[1-9]\d{0,399})?", re.ASCII)
_REQUIRED: Any = object()


def iso_date(text: str) -> date:
    """The day written as ``2026-01-31``.

    Raises:
        ValueError: it is not written so, or there is no such day.
    """
    if not _ISO.fullmatch(text):
        raise ValueError(f"{text[:40]!r} is not written like 2026-01-31")
    return date.fromisoformat(text)


def exact(text: str) -> int | Fraction:
    """The number written as ``24.5``, ``-3`` or ``49/2``.

    Raises:
        ValueError: it is no number.

    Example:
        >>> exact("24.5"), exact("6/3")
        (Fraction(49, 2), 2)
    """
    if not _EXACT.fullmatch(text):
        raise ValueError(f"{text[:40]!r} is no number")
    value = Fraction(text)
    return value.numerator if value.denominator == 1 else value


class Reader:
    """One mapping of the file, read key by key.

    Args:
        node: the mapping.
        where: the file.
        noun: what it describes, for errors.
        keys: those it may have.

    Attributes:
        noun: as given.
    """

    def __init__(self, node: Node, where: str, noun: str, keys: Sequence[str]) -> None:
        self._where, self.noun, self._line = where, noun, node.line
        if not isinstance(node.value, dict):
            self.wrong("not a mapping", f"it is {_shown(node.value)}", "write its keys and their values")
        self._found: dict[str, Node] = node.value
        for key, value in self._found.items():
            if key not in keys:
                why = f"it is set to {_shown(value.value)} and means nothing here"
                self.wrong(f"unknown key {key[:60]!r}", why, near(key, keys), value.line)

    def wrong(self, what: str, why: str, fix: str, line: int = 0) -> NoReturn:
        """Raise the error, with file and line."""
        at = line or self._line
        place = f"{self._where}:{at}" if at else self._where
        raise PolicyInvalid(what, why=why, fix=fix, about=f"{place}: {self.noun}")

    def text(self, key: str, default: str = _REQUIRED) -> str:
        """A text."""
        return cast("str", self._get(key, default, str, "a text"))

    def whole(self, key: str, default: int = _REQUIRED) -> int:
        """A whole number."""
        return cast("int", self._get(key, default, int, "a whole number"))

    def flag(self, key: str, *, default: bool) -> bool:
        """True or false."""
        return cast("bool", self._get(key, default, bool, "true or false"))

    def one_of(self, key: str, allowed: Sequence[str], default: str = _REQUIRED) -> str:
        """One of some words."""
        value = self.text(key, default)
        if value not in allowed:
            self.wrong(f"wrong value for {key!r}", f"it is {_shown(value)}", near(value, allowed), self.line(key))
        return value

    def texts(self, key: str, default: tuple[str, ...] = _REQUIRED) -> tuple[str, ...]:
        """A list of texts, without repeats."""
        nodes = self.items(key) if key in self._found or default is _REQUIRED else []
        found = tuple(node.value for node in nodes)
        if any(not isinstance(value, str) or not value for value in found) or len(set(found)) != len(found):
            why = f"it is {_shown([node.value for node in nodes])}"
            self.wrong(f"wrong value for {key!r}", why, "write a list of different texts", self.line(key))
        if not found and default is _REQUIRED:
            self.wrong(f"{key!r} is missing", "it must name at least one", f"add {key}: [...]", self.line(key))
        return found or default

    def items(self, key: str) -> list[Node]:
        """The nodes of a list; none where the key is missing."""
        return cast("list[Node]", self._get(key, [], list, "a list"))

    def day(self, key: str) -> date | None:
        """A date, or None."""
        text = self.text(key, "")
        try:
            return iso_date(text) if text else None
        except ValueError as error:
            self.wrong(f"wrong value for {key!r}", str(error), "write a day of the calendar", self.line(key))

    def cites(self) -> Cite | None:
        """What the key ``cites`` names."""
        if "cites" not in self._found:
            return None
        inner = Reader(self._found["cites"], self._where, f"{self.noun}: cites", ("document", "section"))
        section = inner.node("section")
        plain = section.value if section is not None else ""
        # A section 6.10 is a name, and no number whose last zero may be dropped.
        if not isinstance(plain, str):
            inner.wrong("wrong value for 'section'", f"it is {_shown(plain)}", 'put it in quotes, as "6.1"')
        return Cite(inner.text("document"), plain)

    def expression(self, key: str) -> tuple[Expression, str]:
        """An expression and its text; ``if: true`` is one as well."""
        node = self.node(key)
        value = node.value if node is not None else None
        text = str(value) if isinstance(value, bool | int) else self.text(key)
        at = self.line(key)
        place = f"{self._where}:{at}: {self.noun}" if at else f"{self._where}: {self.noun}"
        return parse_expression(text, place), text.strip()

    def node(self, key: str) -> Node | None:
        """The node as it is."""
        return self._found.get(key)

    def line(self, key: str) -> int:
        """Where the key's value stands."""
        node = self._found.get(key)
        return node.line if node is not None else self._line

    def _get(self, key: str, default: Any, kind: type, name: str) -> Any:
        node = self._found.get(key)
        if node is None:
            if default is _REQUIRED:
                self.wrong(f"{key!r} is missing", f"it must be {name}", f"add {key}: ...")
            return default
        value: Any = node.value
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            what = f"wrong value for {key!r}"
            self.wrong(what, f"it must be {name}, and is {_shown(value)}", f"write {name}", node.line)
        if default is _REQUIRED and isinstance(value, str) and not value.strip():
            self.wrong(f"{key!r} is empty", f"it must be {name}", f"write {name}", node.line)
        return value


def read_fact(node: Node, where: str) -> Fact:
    """The fact described by a mapping.

    Raises:
        PolicyInvalid: a key or a value is wrong.
    """
    reader = Reader(node, where, "a fact", FACT_KEYS)
    name = reader.text("name")
    reader.noun = f"fact {name}"
    kind = cast("FactType", reader.one_of("type", get_args(FactType)))
    low, high = _range(reader, kind)
    default = reader.node("default")
    return Fact(
        name=name,
        type=kind,
        unit=canonical_unit(reader.text("unit", "")),
        values=reader.texts("values", ()),
        low=low,
        high=high,
        step=_step(reader, kind),
        question=reader.text("question", ""),
        mutable=reader.flag("mutable", default=False),
        world=cast("Literal['open', 'closed']", reader.one_of("world", ("open", "closed"), "open")),
        default=None if default is None or default.value is None else _value(reader, kind, default, "default"),
    )


def read_definition(node: Node, where: str) -> Definition:
    """The definition described by a mapping.

    Raises:
        PolicyInvalid: a key or a value is wrong.
    """
    reader = Reader(node, where, "a definition", DEFINITION_KEYS)
    name = reader.text("name")
    reader.noun = f"definition {name}"
    return Definition(name=name, means=reader.expression("means")[0], cites=reader.cites())


def read_rule(node: Node, where: str) -> Rule:
    """The rule described by a mapping.

    Raises:
        PolicyInvalid: a key or a value is wrong.
    """
    reader = Reader(node, where, "a rule", RULE_KEYS)
    name = reader.text("id")
    reader.noun = f"rule {name}"
    when, text = reader.expression("if")
    return Rule(
        id=name,
        when=when,
        then=reader.text("then"),
        priority=reader.whole("priority", 0),
        overrides=reader.texts("overrides", ()),
        cites=reader.cites(),
        starts=reader.day("starts"),
        ends=reader.day("ends"),
        text=text,
    )


def _range(reader: Reader, kind: str) -> tuple[Scalar | None, Scalar | None]:
    nodes = reader.items("range")
    if not nodes:
        return None, None
    if len(nodes) != 2:  # noqa: PLR2004  a range has two ends
        why, fix = f"it has {len(nodes)} entries", "write [smallest, largest], with null for no limit"
        reader.wrong("wrong value for 'range'", why, fix, reader.line("range"))
    low, high = (None if node.value is None else _value(reader, kind, node, "range") for node in nodes)
    return low, high


def _step(reader: Reader, kind: str) -> Fraction | None:
    node = reader.node("step")
    if node is None:
        return _STEPS.get(kind)
    if node.value == "any":
        return None
    step = _value(reader, "number", node, "step")
    if not isinstance(step, int | Fraction) or step <= 0 or kind not in QUANTITIES:
        why, fix = f"it is {_shown(node.value)}", "give a number, money or duration a step above 0, or `any`"
        reader.wrong("wrong value for 'step'", why, fix, node.line)
    return Fraction(step)


def _value(reader: Reader, kind: str, node: Node, key: str) -> Scalar:
    """A value of a fact of that type, as the file writes it."""
    try:
        return _VALUES[kind](node.value)
    except (ValueError, TypeError) as error:
        why = f"a {kind} cannot be {_shown(node.value)}: {error}"
        return reader.wrong(f"wrong value for {key!r}", why, f"write a {kind}", node.line)


def _number(value: Any) -> Scalar:
    if isinstance(value, str):
        return exact(value)
    if isinstance(value, bool) or not isinstance(value, int | Fraction):
        raise TypeError("it is no number")
    return value


def _typed(kind: type) -> Callable[[Any], Scalar]:
    def read(value: Any) -> Scalar:
        if not isinstance(value, kind):
            raise TypeError("it is of another type")
        return cast("Scalar", value)

    return read


_VALUES: dict[str, Callable[[Any], Scalar]] = {
    "boolean": _typed(bool),
    "number": _number,
    "money": _number,
    "duration": _number,
    "date": iso_date,
    "enum": _typed(str),
    "text": _typed(str),
}


def _shown(value: Any) -> str:
    plain = _plain(value)
    text = repr(plain)
    return text if len(text) <= 60 else f"{text[:57]}..."  # noqa: PLR2004  what fits a line beside the rest


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(node.value) for key, node in list(value.items())[:5]}
    if isinstance(value, list):
        return [_plain(getattr(node, "value", node)) for node in value[:5]]
    return str(value) if isinstance(value, Fraction) else value
