"""new: a task's folder from files of examples."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import tomli_w

from proveout import data
from proveout.errors import TaskInvalid
from proveout.store import write_atomic
from proveout.task import FILE_NAME, Kind, Task, load_task, parse_task

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["new"]

# More distinct values than this is free text, not a set of labels.
MOST_LABELS = 2_000
# In this order: True is an int to Python.
JSON_TYPES: dict[type, str] = {
    bool: "boolean",
    int: "number",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
    type(None): "null",
}
SIMULATED = """
# No answers of a real incumbent are recorded, so a simulated one stands in for it: right answers with seeded errors,
# and an assumed latency and price. Replace it by mode = "recorded" (with data.incumbent) or mode = "endpoint".
"""
DESCRIPTION = "# The contract of one LLM feature. Every key: docs/reference/task-toml.md\n"


def new(  # noqa: PLR0913  one keyword for each fact about the files
    folder: Path,
    *,
    kind: Kind,
    examples: Sequence[Path] = (),
    test: Sequence[Path] = (),
    inputs: Sequence[str],
    outputs: Sequence[str],
    out_of_scope: str = "",
    format: str = "",  # noqa: A002  the key's name in task.toml
    id: str = "",  # noqa: A002  as above
    time: str = "",
    segment: str = "",
    session: str = "",
    incumbent: str = "",
) -> Task:
    """Write ``folder/task.toml`` for files of examples, which stay where they are.

    The labels of a ``classify`` or ``decide`` task are read from the examples, never from the test rows; the types of
    the inputs too, and from the test rows only where there is nothing else.

    Raises:
        TaskInvalid: the folder holds a task already, or the pieces do not make a valid one.
        ColumnMissing: a named column is not in the files.
        DataError: a file cannot be read.
    """
    path = folder / FILE_NAME
    if path.exists():
        fix = "choose another folder, or edit the file"
        raise TaskInvalid("a task is here already", why=f"{FILE_NAME} exists", fix=fix, about=str(folder))
    columns = {"id": id, "time": time, "segment": segment, "session": session, "incumbent": incumbent}
    named = [*inputs, *outputs, *filter(None, columns.values())]
    values, lacking = _distinct(examples, outputs, named, format)
    types = _input_types(examples or test, inputs, format)
    document = {
        "name": folder.resolve().name,
        "kind": kind,
        **({"target": outputs[0]} if kind in {"classify", "decide"} else {}),
        **({"out_of_scope": out_of_scope} if out_of_scope else {}),
        "input": _schema({column: {"type": types[column]} for column in inputs}),
        "output": _schema(
            {column: _output(kind, values[column], out_of_scope, may_lack=column in lacking) for column in outputs}
        ),
        "data": {
            **({"examples": [_relative(file, folder) for file in examples]} if examples else {}),
            **({"test": [_relative(file, folder) for file in test]} if test else {}),
            **({"format": format} if format else {}),
            **{key: column for key, column in columns.items() if column},
            **_shares(has_test=bool(test)),
            **({"by": "time"} if time else {}),
        },
        "certificate": {"alpha": 0.01, "delta": 0.05},
    }
    content = DESCRIPTION + tomli_w.dumps(document) + _incumbent(recorded=bool(incumbent) or format == "openai")
    parse_task(content.encode(), where=str(path))
    write_atomic(path, content.encode())
    return load_task(folder)


def _distinct(
    files: Sequence[Path], outputs: Sequence[str], named: Sequence[str], importer: str
) -> tuple[dict[str, set[str]], set[str]]:
    """The values of each output column, and the columns that are null in a row; a column a file lacks is an error."""
    lacking: set[str] = set()
    values: dict[str, set[str]] = {column: set() for column in outputs}
    checked = outputs if importer == "openai" else named
    for file in files:
        for row in data.read_rows(file, importer):
            data.check_columns(row.values, checked, row.where)
            for column in outputs:
                value = row.values[column]
                if value is None:
                    lacking.add(column)
                elif value != "":
                    values[column].add(str(value))
    return values, lacking


def _input_types(files: Sequence[Path], inputs: Sequence[str], importer: str) -> dict[str, str | list[str]]:
    """JSON types of each input column; a column of texts, of nothing, or of recorded calls is a string."""
    found: dict[str, set[str]] = {column: set() for column in inputs}
    if importer != "openai":
        for row in (row for file in files for row in data.read_rows(file, importer)):
            data.check_columns(row.values, inputs, row.where)
            for column in inputs:
                found[column].add(_json_type(row.values[column]))
    return {column: _one_or_many(types) for column, types in found.items()}


def _json_type(value: Any) -> str:
    """The JSON type of a value, ``number`` for integers too; whatever JSON does not know is written as a string."""
    return next((name for kind, name in JSON_TYPES.items() if isinstance(value, kind)), "string")


def _one_or_many(types: set[str]) -> str | list[str]:
    named = sorted(types) or ["string"]
    if named == ["null"]:
        named = ["null", "string"]
    return named[0] if len(named) == 1 else named


def _incumbent(*, recorded: bool) -> str:
    comment, mode = ("\n", "recorded") if recorded else (SIMULATED, "simulated")
    return f'{comment}[incumbent]\nmode = "{mode}"\n'


def _schema(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": list(properties), "properties": properties}


def _output(kind: Kind, values: set[str], out_of_scope: str, *, may_lack: bool) -> dict[str, Any]:
    if kind not in {"classify", "decide"} or not values:
        return {"type": ["string", "null"] if may_lack else "string"}
    labels = values | ({out_of_scope} if out_of_scope else set())
    if len(labels) > MOST_LABELS:
        why = f"the examples hold {len(labels):,} different values"
        raise TaskInvalid("too many labels", why=why, fix="use --kind answer or extract", about=FILE_NAME)
    return {"type": "string", "enum": sorted(labels)}


def _shares(*, has_test: bool) -> dict[str, float]:
    if has_test:
        return {"train": 0.8, "select": 0.1, "certify": 0.1}
    return {"train": 0.6, "select": 0.1, "certify": 0.1, "test_share": 0.2}


def _relative(file: Path, folder: Path) -> str:
    return os.path.relpath(file.resolve(), folder.resolve())
