"""The parts of a decision model, as read from JSON or XML (OMG DMN 1.3, 6.3 and 7.3)."""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

__all__ = [
    "AGGREGATIONS",
    "POLICIES",
    "Binding",
    "Conditional",
    "Context",
    "Decision",
    "DecisionNode",
    "Entry",
    "Feel",
    "Finding",
    "FunctionBox",
    "InputNode",
    "Invocation",
    "Iteration",
    "ListBox",
    "Logic",
    "Relation",
    "Rule",
    "Table",
    "TableInput",
    "TableOutput",
]

POLICIES = {
    "U": "UNIQUE",
    "A": "ANY",
    "P": "PRIORITY",
    "F": "FIRST",
    "R": "RULE ORDER",
    "O": "OUTPUT ORDER",
    "C": "COLLECT",
}
AGGREGATIONS = {"SUM": "sum", "MIN": "min", "MAX": "max", "COUNT": "count"}


class Feel(msgspec.Struct, frozen=True):
    """A literal expression."""

    text: str


class TableInput(msgspec.Struct, frozen=True):
    """A column of conditions; ``allowed`` has unary tests that its value must pass."""

    expression: str
    type: str | None = None
    allowed: str | None = None


class TableOutput(msgspec.Struct, frozen=True):
    """A column of outputs; ``values`` has those allowed, in order of priority."""

    name: str | None = None
    type: str | None = None
    values: str | None = None
    default: str | None = None


class Rule(msgspec.Struct, frozen=True):
    """A row: a unary test for each input, an expression for each output."""

    tests: tuple[str, ...]
    outputs: tuple[str, ...]


class Table(msgspec.Struct, frozen=True):
    """A decision table."""

    policy: str
    aggregation: str | None
    inputs: tuple[TableInput, ...]
    outputs: tuple[TableOutput, ...]
    rules: tuple[Rule, ...]


class Entry(msgspec.Struct, frozen=True):
    """An entry of a context; one without a name is the context's result."""

    name: str | None
    value: Logic
    type: str | None = None


class Context(msgspec.Struct, frozen=True):
    """A boxed context: later entries see earlier ones."""

    entries: tuple[Entry, ...]


class Binding(msgspec.Struct, frozen=True):
    """A parameter and what it is bound to."""

    parameter: str
    value: Logic


class Invocation(msgspec.Struct, frozen=True):
    """A call of a business knowledge model."""

    function: str
    bindings: tuple[Binding, ...]


class FunctionBox(msgspec.Struct, frozen=True):
    """A function definition."""

    parameters: tuple[str, ...]
    types: tuple[str | None, ...]
    body: Logic


class ListBox(msgspec.Struct, frozen=True):
    """A boxed list."""

    items: tuple[Logic, ...]


class Relation(msgspec.Struct, frozen=True):
    """A list of contexts, written as a table."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Logic, ...], ...]


class Conditional(msgspec.Struct, frozen=True):
    """A boxed if (DMN 1.4)."""

    condition: Logic
    then: Logic
    otherwise: Logic


class Iteration(msgspec.Struct, frozen=True):
    """A boxed ``for``, ``some``, ``every`` or ``filter`` (DMN 1.4)."""

    how: str
    variable: str
    over: Logic
    body: Logic


Logic: TypeAlias = Feel | Table | Context | Invocation | FunctionBox | ListBox | Relation | Conditional | Iteration


class InputNode(msgspec.Struct, frozen=True):
    """Input data of a model."""

    name: str
    type: str | None = None


class DecisionNode(msgspec.Struct, frozen=True):
    """A decision or, with logic of a function, a business knowledge model; without logic its value is handed in."""

    name: str
    requires: tuple[str, ...] = ()
    logic: Logic | None = None
    type: str | None = None


class Decision(msgspec.Struct, frozen=True):
    """What a decision came to.

    Attributes:
        value: as JSON.
        proof: of kind ``dmn``, for `check_dmn`.
        errors: why something on the way was null.
    """

    value: Any
    proof: dict[str, Any]
    errors: tuple[str, ...] = ()


class Finding(msgspec.Struct, frozen=True):
    """Something that is wrong, or may be, with a model.

    Attributes:
        kind: ``overlap``, ``gap``, ``unreachable``, ``unknown name``, ``type`` or ``not checked``.
        decision: the decision or business knowledge model it is in.
        what: it in words.
        rules: numbers of the rules concerned, from 1.
        witness: an input value for each column that shows it; empty where none is needed.
    """

    kind: str
    decision: str
    what: str
    rules: tuple[int, ...] = ()
    witness: dict[str, Any] = {}
