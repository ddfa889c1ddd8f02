"""Rows that micro-models learn from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from proveout.errors import BuildFailed
from proveout.families._spans import Span, align
from proveout.task import content_hash

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from proveout.data import SelectSplit, TrainSplit
    from proveout.task import Example, Task

__all__ = ["MicroRow", "MicroRows", "known_label", "micro_rows", "rows_hash", "stated_facts"]


class MicroRow(msgspec.Struct, frozen=True, kw_only=True):
    """One text and what is known of it; each kind of micro-model reads what it learns from.

    Attributes:
        text: the input.
        intent: what it asks for; "" where that is not known.
        domain: of the intent; "" where it is not known.
        inside: False for a text that is out of scope.
        spans: its values; None where they are not known.
        facts: what it states, of a policy's facts; None where that is not known.
        labelled: whether the row has an expected output.
        answer: the expected answer, or answers, to a question; None where the documents hold none.
    """

    text: str
    intent: str = ""
    domain: str = ""
    inside: bool = True
    spans: tuple[Span, ...] | None = None
    facts: dict[str, Any] | None = None
    labelled: bool = False
    answer: Any = None

    @classmethod
    def of(cls, text: str, *, intent: str = "", spans: Sequence[tuple[int, int, str]] | None = None) -> MicroRow:
        """A row of plain values; spans are start, end (exclusive) and name.

        Example:
            >>> MicroRow.of("to Bonn", spans=[(3, 7, "city")]).spans
            (Span(start=3, end=7, field='city'),)
        """
        made = None if spans is None else tuple(sorted(Span(*one) for one in spans))
        return cls(text=text, intent=intent, spans=made)


class MicroRows(msgspec.Struct, frozen=True, kw_only=True):
    """Rows to learn from, and rows to choose on: of a TrainSplit and of a SelectSplit, never of a test."""

    train: tuple[MicroRow, ...] = ()
    select: tuple[MicroRow, ...] = ()


def micro_rows(  # noqa: PLR0913  each kind of model reads other columns
    task: Task,
    train: TrainSplit,
    select: SelectSplit,
    *,
    intent: str = "",
    domain: str = "",
    slots: Sequence[str] = (),
    facts: str = "",
    answer: str = "",
) -> MicroRows:
    """The rows of a task's splits.

    Args:
        task: whose rows these are.
        train: rows to learn from.
        select: rows to choose on.
        intent: output field or column that holds the intent; the task's ``out_of_scope`` marks rows outside.
        domain: output field or column that holds its domain.
        slots: output fields whose values stand in the text.
        facts: column that holds the facts a text states, as JSON.
        answer: output field that holds the answer to a question.

    Raises:
        BuildFailed: a row states facts that are not JSON.
    """
    named = (intent, domain, tuple(slots), facts, answer)
    made = (tuple(_row(task, example, named) for example in split.examples) for split in (train, select))
    return MicroRows(train=next(made), select=next(made))


def _row(task: Task, example: Example, named: tuple[str, str, tuple[str, ...], str, str]) -> MicroRow:
    intent, domain, slots, facts, answer = named
    output = example.expected or example.incumbent or {}
    text = task.text(example.inputs)
    label = known_label(intent, example, output)
    outside = bool(task.out_of_scope) and label == task.out_of_scope
    spans = align(text, {name: output[name] for name in slots if name in output})[0] if slots and output else None
    return MicroRow(
        text=text,
        intent="" if outside else label,
        domain=known_label(domain, example, output),
        inside=not outside,
        spans=spans,
        facts=stated_facts(facts, example),
        labelled=example.expected is not None,
        answer=(example.expected or {}).get(answer) if answer else None,
    )


def known_label(name: str, example: Example, output: Mapping[str, Any]) -> str:
    """What an output field, or else a column, says of a row, as text; "" where it says nothing."""
    # False and 0 are labels too.
    value = next((one for one in (output.get(name), example.meta.get(name)) if one not in (None, "")), None)
    return str(value) if name and value is not None else ""


def stated_facts(column: str, example: Example) -> dict[str, Any] | None:
    """The facts that a row states; None where it states none.

    Raises:
        BuildFailed: they are no JSON object.
    """
    given = example.meta.get(column) if column else None
    if given is None or given == "":
        return None
    try:
        return msgspec.convert(msgspec.json.decode(given) if isinstance(given, str) else given, dict[str, Any])
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        why, fix = f"column {column}: {error}", "write them as a JSON object"
        raise BuildFailed("no facts", why=why, fix=fix, about=example.provenance or example.id) from error


def rows_hash(rows: MicroRows, fields: Iterable[str]) -> str:
    """A hash over some fields of the rows: what a model does not read does not change it.

    Example:
        >>> one, other = (MicroRows(train=(MicroRow(text="hi", intent=name),)) for name in ("a", "b"))
        >>> (
        ...     rows_hash(one, ["text"]) == rows_hash(other, ["text"]),
        ...     rows_hash(one, ["intent"]) == rows_hash(other, ["intent"]),
        ... )
        (True, False)
    """
    names = sorted(fields)
    return content_hash(
        [[[getattr(row, name) for name in names] for row in part] for part in (rows.train, rows.select)]
    )
