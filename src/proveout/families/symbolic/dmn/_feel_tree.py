"""The syntax tree of FEEL expressions and unary tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "Between",
    "Call",
    "Chain",
    "Compare",
    "ContextOf",
    "Filter",
    "For",
    "FunctionOf",
    "If",
    "In",
    "Input",
    "InstanceOf",
    "Iterator",
    "ListOf",
    "Literal",
    "Name",
    "Negative",
    "Node",
    "Path",
    "Quantified",
    "RangeOf",
    "Tests",
    "TypeOf",
    "walk",
]


class Literal(msgspec.Struct, frozen=True):
    """A number, string, boolean, null or ``@"..."`` value."""

    value: Any


class Name(msgspec.Struct, frozen=True):
    """A name; ``known`` when it was in scope where it stands."""

    name: str
    known: bool


class Input(msgspec.Struct, frozen=True):
    """The ``?`` of a unary test: the value that is tested."""


class Chain(msgspec.Struct, frozen=True):
    """Operators of one precedence, applied from the left; a chain, so that a long sum is not a deep tree."""

    first: Node
    rest: tuple[tuple[str, Node], ...]


class Negative(msgspec.Struct, frozen=True):
    """An arithmetic negation."""

    of: Node


class Compare(msgspec.Struct, frozen=True):
    """One of ``= != < <= > >=``; in a unary test the left side is the input."""

    operator: str
    left: Node
    right: Node


class Between(msgspec.Struct, frozen=True):
    """``value between low and high``, both ends included."""

    value: Node
    low: Node
    high: Node


class Tests(msgspec.Struct, frozen=True):
    """Unary tests, of which one must hold; none at all for ``-``."""

    tests: tuple[Node, ...]
    negated: bool = False


class In(msgspec.Struct, frozen=True):
    """``value in tests``."""

    value: Node
    tests: Tests


class TypeOf(msgspec.Struct, frozen=True):
    """A type's name, with those of its parts: of a list's or range's elements, or of a context's entries."""

    name: str
    parts: tuple[tuple[str, TypeOf], ...] = ()


class InstanceOf(msgspec.Struct, frozen=True):
    """``value instance of type``."""

    value: Node
    type: TypeOf


class If(msgspec.Struct, frozen=True):
    """Conditions with their values, in order, and the value when none is true."""

    branches: tuple[tuple[Node, Node], ...]
    otherwise: Node


class Iterator(msgspec.Struct, frozen=True):
    """A name and what it ranges over: a list, or whole numbers or dates up to ``until``."""

    name: str
    over: Node
    until: Node | None = None


class For(msgspec.Struct, frozen=True):
    """``for ... return body``; ``partial`` in the body is the list so far."""

    iterators: tuple[Iterator, ...]
    body: Node


class Quantified(msgspec.Struct, frozen=True):
    """``some`` or ``every`` ... ``satisfies condition``."""

    every: bool
    iterators: tuple[Iterator, ...]
    condition: Node


class FunctionOf(msgspec.Struct, frozen=True):
    """``function(parameters) body``."""

    parameters: tuple[str, ...]
    types: tuple[TypeOf | None, ...]
    body: Node


class Call(msgspec.Struct, frozen=True):
    """A call; ``names`` has each argument's parameter, or is empty when they are positional."""

    function: Node
    arguments: tuple[Node, ...]
    names: tuple[str, ...] = ()


class Path(msgspec.Struct, frozen=True):
    """``base.name``."""

    base: Node
    name: str


class Filter(msgspec.Struct, frozen=True):
    """``base[condition]``: an index from 1, from the end when negative, or a predicate over ``item``."""

    base: Node
    condition: Node


class ListOf(msgspec.Struct, frozen=True):
    """``[a, b]``."""

    items: tuple[Node, ...]


class ContextOf(msgspec.Struct, frozen=True):
    """``{a: 1, b: a + 1}``; later entries see earlier ones."""

    entries: tuple[tuple[str, Node], ...]


class RangeOf(msgspec.Struct, frozen=True):
    """``[a..b]`` or, with an end of None, ``(< b)``."""

    start: Node | None
    end: Node | None
    start_included: bool
    end_included: bool


Node: TypeAlias = (
    Literal
    | Name
    | Input
    | Chain
    | Negative
    | Compare
    | Between
    | In
    | Tests
    | InstanceOf
    | If
    | For
    | Quantified
    | FunctionOf
    | Call
    | Path
    | Filter
    | ListOf
    | ContextOf
    | RangeOf
)


def walk(node: Node) -> Iterable[Any]:
    """The tree's nodes, each before its parts.

    Example:
        >>> [type(one).__name__ for one in walk(Negative(Name("a", known=True)))]
        ['Negative', 'Name']
    """
    waiting: list[Any] = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, tuple):
            waiting.extend(reversed(one))
        elif isinstance(one, msgspec.Struct):
            yield one
            if not isinstance(one, Literal | TypeOf):
                waiting.extend(getattr(one, field) for field in reversed(one.__struct_fields__))
