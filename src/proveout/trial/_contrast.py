"""Contrast rows: pairs of inputs that differ in one fact, with the right output of both."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import msgspec

from proveout.data import check_columns, read_examples
from proveout.errors import DataUnreadable, RowInvalid
from proveout.task import DataSpec, Example
from proveout.trial._entries import ContrastOpened

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from proveout.ledger import Ledger
    from proveout.task import Task

__all__ = ["ContrastRow", "open_contrast"]

ROLES = ("causal", "non-causal", "protected")


class ContrastRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row of a contrast set (Gardner et al., Findings of EMNLP 2020, arXiv:2004.02709).

    Attributes:
        id: unique in the set.
        pair: id of the row it was made from; its own for a row that was made from none.
        factor: what was changed.
        role: of the factor.
        value: the factor's number in this row; None where it has none.
        example: inputs and the right output.
    """

    id: str
    pair: str
    factor: str
    role: str
    value: float | None
    example: Example


def open_contrast(task: Task, ledger: Ledger, snapshot: str, purpose: str) -> tuple[ContrastRow, ...]:
    """Read the task's contrast rows; the opening and the hash of each file are in the ledger before a row is read.

    They are test data that came after the snapshot, as a rule, and no build ever reads them. So they are tied to the
    trial by their hash, and adding some makes no candidate that was built a stranger to its task.

    Raises:
        DataError: a file, a column or a row cannot be used.
    """
    files = task.causal.contrast
    if not files:
        return ()
    hashes = {name: _hash(task.root / name) for name in files}
    ledger.append(ContrastOpened(snapshot=snapshot, purpose=purpose, files=hashes))
    # The other columns of [data] are about traffic; contrast rows are written by hand or by a generator.
    spec = DataSpec(
        inputs=task.data.inputs, expected=task.data.expected, id=task.data.id or "id", format=task.data.format
    )
    examples = read_examples(msgspec.structs.replace(task, data=spec), files)
    rows = tuple(_row(task, example) for example in examples)
    _check_pairs(rows)
    return rows


def _hash(path: Path) -> str:
    try:
        return hashlib.blake2b(path.read_bytes(), digest_size=32).hexdigest()
    except OSError as error:
        fix = "correct causal.contrast in task.toml, or write the file"
        raise DataUnreadable("cannot read contrast rows", why=str(error), fix=fix, about=str(path)) from error


def _row(task: Task, example: Example) -> ContrastRow:
    meta = example.meta
    check_columns(meta, ("pair", "factor", "role"), example.provenance)
    pair = str(meta["pair"] or "") or example.id
    factor, role = str(meta["factor"] or ""), str(meta["role"] or "")
    if example.expected is None:
        raise _bad(example, "a contrast row without an expected output", "its output columns are empty")
    if pair != example.id:
        _check_edit(task, example, factor, role)
    return ContrastRow(id=example.id, pair=pair, factor=factor, role=role, value=_value(meta, example), example=example)


def _check_edit(task: Task, example: Example, factor: str, role: str) -> None:
    if role not in ROLES:
        raise _bad(example, "an unknown role", f"it is {role!r}, and known are {', '.join(ROLES)}")
    if not factor:
        raise _bad(example, "an edit of no factor", "its column 'factor' is empty")
    stated = next((one.role for one in task.causal.factors if one.name == factor), role)
    if stated != role:
        raise _bad(example, "two roles of one factor", f"{factor!r} is {stated} in task.toml and {role} here")


def _value(meta: Mapping[str, Any], example: Example) -> float | None:
    value = meta.get("value")
    if value is None or value == "":
        return None
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise _bad(example, "a value that is no number", f"it is {value!r}") from error


def _check_pairs(rows: Sequence[ContrastRow]) -> None:
    bases = {row.id for row in rows if row.pair == row.id}
    for row in rows:
        if row.pair not in bases:
            raise _bad(row.example, "an edit of an unknown row", f"no row with the id {row.pair!r} is its own pair")


def _bad(example: Example, what: str, why: str) -> RowInvalid:
    return RowInvalid(what, why=why, fix="correct that row of the contrast file", about=example.provenance)
