"""A table and a question as the arrays that estimators take, checked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np

from proveout.data import read_rows
from proveout.errors import ColumnMissing, DataEmpty, FactInvalid, GraphInvalid, OneClass, RowInvalid, SplitTooSmall
from proveout.families.symbolic.effects._dag import adjustment, descendants, parents_of, separated

Array = np.ndarray[Any, Any]
Column = Sequence[Any]

__all__ = ["Design", "Question", "columns_of", "design_of"]

TRUE, FALSE = {"1", "1.0", "true"}, {"0", "0.0", "false"}


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of a table: how much does the treatment change the outcome?

    Attributes:
        treatment: a column of 0 and 1, or false and true.
        outcome: a column of numbers.
        causes: columns that cause both and are adjusted for; with ``edges`` they are found in the graph instead.
        edges: a causal graph as (cause, effect) pairs; a node that is no column is unobserved.
        instruments: columns that move the treatment and the outcome only through it.
        categories: causes whose numbers are names and have no order; text always is.
        target: ``ate``, the mean over all rows, or ``att``, the mean over the treated.
    """

    treatment: str
    outcome: str
    causes: tuple[str, ...] = ()
    edges: tuple[tuple[str, str], ...] = ()
    instruments: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    target: Literal["ate", "att"] = "ate"


class Design(msgspec.Struct, frozen=True):
    """The arrays of a question.

    Attributes:
        outcome: shape (n,).
        treated: 0 or 1, shape (n,).
        causes: adjusted for, text as indicators, each of mean 0 and deviation 1, shape (n, d).
        instruments: shape (n, i).
        names: of the columns of ``causes``.
        target: ``ate`` or ``att``.
    """

    outcome: Array
    treated: Array
    causes: Array
    instruments: Array
    names: tuple[str, ...]
    target: str

    def rows(self, index: Array) -> Design:
        """The design of some rows, in that order; an index may occur twice."""
        return Design(
            self.outcome[index],
            self.treated[index],
            self.causes[index],
            self.instruments[index],
            self.names,
            self.target,
        )


def columns_of(table: Any) -> dict[str, Column]:
    """The columns of a CSV, JSON Lines or Parquet file, an Arrow table, a data frame or a mapping of columns.

    Raises:
        DataError: the file cannot be read as it is.
        RowInvalid: it is none of these, or its columns differ in length.

    Example:
        >>> columns_of({"t": [0, 1], "y": [2.0, 3.0]})
        {'t': [0, 1], 'y': [2.0, 3.0]}
    """
    if isinstance(table, str | Path):
        rows = [row.values for row in read_rows(Path(table))]
        return {name: [row.get(name) for row in rows] for name in dict.fromkeys(name for row in rows for name in row)}
    if hasattr(table, "to_pydict"):
        columns = table.to_pydict()
    elif hasattr(table, "to_dict"):
        columns = table.to_dict("list")
    elif isinstance(table, Mapping):
        columns = {str(name): list(values) for name, values in table.items()}
    else:
        raise _invalid("not a table", f"it is a {type(table).__name__}", "give a file or a mapping of columns", "table")
    if len({len(values) for values in columns.values()}) > 1:
        raise _invalid("the columns differ in length", "a row lacks a value", "give every column each row", "table")
    return dict(columns)


def design_of(table: Any, question: Question) -> Design:
    """The arrays of a question.

    Raises:
        ColumnMissing: a named column is not in the table.
        RowInvalid: a value is missing or of the wrong type.
        OneClass: all rows are treated or none is, or the outcome never varies.
        SplitTooSmall: an arm has fewer rows than there are columns to adjust for, and two.
        GraphInvalid: the graph has a cycle, or no observed columns block its back-door paths.
    """
    columns = columns_of(table)
    causes = _causes(question, columns)
    _check_names(columns, question, causes)
    if not columns[question.outcome]:
        raise DataEmpty("the table has no rows", why="its columns are empty", fix="export again", about="table")
    treated, outcome = _binary(columns, question.treatment), _numbers(columns, question.outcome)
    _check_varies(question, treated, outcome)
    blocks = [_block(columns, name, categorical=name in question.categories) for name in causes]
    width = sum(len(names) for names, _ in blocks)
    _check_rows(question, treated, width)
    values = np.concatenate([block for _, block in blocks], axis=1) if blocks else np.zeros((len(treated), 0))
    instruments = [_numbers(columns, name) for name in question.instruments]
    stacked = np.column_stack(instruments) if instruments else np.zeros((len(treated), 0))
    names = tuple(name for found, _ in blocks for name in found)
    return Design(outcome, treated, values, stacked, names, question.target)


def _causes(question: Question, columns: Mapping[str, Column]) -> tuple[str, ...]:
    """What to adjust for: as named, or as the graph says."""
    if not question.edges:
        return question.causes
    parents = parents_of(question.edges)
    for name in (question.treatment, question.outcome):
        if name not in parents:
            raise _graph(f"{name} is not in it", f"add the edges of {name}", name)
    if question.instruments:
        return _instrumented(question, parents)
    found = adjustment(parents, question.treatment, question.outcome, columns)
    if found is None:
        why = "an unobserved cause of both treatment and outcome remains, whatever is adjusted for"
        raise _graph(why, "measure it, or name an instrument", question.treatment)
    return found


def _instrumented(question: Question, parents: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """No adjustment, once each instrument is one: connected to the treatment and, without it, not to the outcome."""
    without = {node: [one for one in of if one != question.treatment] for node, of in parents.items()}
    for name in question.instruments:
        given = set(question.causes)
        unknown = name not in parents or not given <= set(parents)
        if unknown or separated(parents, name, question.treatment, given):
            raise _graph(f"{name} does not move the treatment", "name another instrument", name)
        if not separated(without, name, question.outcome, given) or given & descendants(parents, question.treatment):
            raise _graph(f"{name} reaches the outcome in another way", "name another instrument", name)
    return question.causes


def _check_names(columns: Mapping[str, Column], question: Question, causes: Sequence[str]) -> None:
    named = (question.treatment, question.outcome, *causes, *question.instruments)
    for name in named:
        if name not in columns:
            why = f"the table has {', '.join(columns) or 'no columns'}"
            raise ColumnMissing("a column is missing", why=why, fix="correct the name, or add the column", about=name)
    twice = sorted({name for name in named if named.count(name) > 1})
    if twice:
        raise FactInvalid(
            "a column has two parts", why=f"{twice[0]} is named twice", fix="name it once", about=twice[0]
        )


def _check_varies(question: Question, treated: Array, outcome: Array) -> None:
    for name, values, why in (
        (question.treatment, treated, "every row is treated, or none is"),
        (question.outcome, outcome, "every row has the same outcome"),
    ):
        if np.all(values == values[0]):
            raise OneClass("there is nothing to compare", why=why, fix="add rows that differ", about=name)


def _check_rows(question: Question, treated: Array, width: int) -> None:
    least, needed = int(min(treated.sum(), len(treated) - treated.sum())), width + 2
    if least < needed:
        why = f"the smaller arm has {least} rows, and adjusting for {width} columns needs {needed}"
        fix = "add rows, or adjust for fewer causes"
        raise SplitTooSmall("there are too few rows", why=why, fix=fix, about=question.treatment)


def _binary(columns: Mapping[str, Column], name: str) -> Array:
    values = _present(columns, name)
    found = [str(value).strip().lower() for value in values]
    other = [at for at, value in enumerate(found) if value not in TRUE | FALSE]
    if other:
        why = f"row {other[0] + 1} has {values[other[0]]!r}"
        raise _invalid("the treatment is not binary", why, "write it as 0 and 1", name)
    return np.array([float(value in TRUE) for value in found])


def _numbers(columns: Mapping[str, Column], name: str) -> Array:
    values = _present(columns, name)
    for at, value in enumerate(values):
        if not _is_number(value):
            raise _invalid("not a number", f"row {at + 1} has {value!r}", "write numbers there", name)
    return np.array([float(value) for value in values])


def _block(columns: Mapping[str, Column], name: str, *, categorical: bool) -> tuple[list[str], Array]:
    """Columns of one cause: itself, or an indicator for each of its values but the first; none that never varies."""
    values = _present(columns, name)
    if categorical or not all(_is_number(value) for value in values):
        texts = np.array([str(value) for value in values])
        levels = sorted(set(texts.tolist()))[1:]
        names, block = (
            [f"{name}={level}" for level in levels],
            np.array([texts == level for level in levels], dtype=float).T,
        )
        block = block.reshape(len(values), len(levels))
    else:
        names, block = [name], np.array([float(value) for value in values]).reshape(-1, 1)
    spread = block.std(axis=0)
    kept = np.flatnonzero(spread > 0)
    return [names[at] for at in kept], (block[:, kept] - block[:, kept].mean(axis=0)) / spread[kept]


def _present(columns: Mapping[str, Column], name: str) -> Column:
    values = columns[name]
    missing = [at for at, value in enumerate(values) if _is_missing(value)]
    if missing:
        why = f"{len(missing)} of {len(values)} rows have no value, the first of them row {missing[0] + 1}"
        raise _invalid("values are missing", why, "drop those rows, or fill them in and say how", name)
    return values


def _is_missing(value: Any) -> bool:
    return value is None or value == "" or (isinstance(value, float) and math.isnan(value))


def _is_number(value: Any) -> bool:
    try:
        return math.isfinite(float(value))
    except (TypeError, ValueError):
        return False


def _invalid(what: str, why: str, fix: str, about: str) -> RowInvalid:
    return RowInvalid(what, why=why, fix=fix, about=about)


def _graph(why: str, fix: str, about: str) -> GraphInvalid:
    return GraphInvalid("the graph does not identify the effect", why=why, fix=fix, about=about)
