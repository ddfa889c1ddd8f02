"""Raw rows to Examples, checked against the task's schemas."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import msgspec

from proveout.data._importers import read_rows
from proveout.errors import ColumnMissing, DuplicateIds, RowInvalid
from proveout.task import Example, content_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from proveout.data._importers import RawRow
    from proveout.task import Task

    Check = Callable[[Any], str | None]

__all__ = ["check_columns", "read_examples"]

_ID_LENGTH = 16
_PLAIN_KEYS = {"type", "enum", "description", "title"}
_MILLISECONDS = 1e11


def read_examples(task: Task, files: Iterable[str], *, any_label: bool = False) -> list[Example]:
    """Read and validate files named in ``task.toml``.

    With ``any_label`` the target's ``enum`` is not enforced, so that a caller can say more about a label of test rows.
    Rows without an id column are named by the hash of their content, so that an inserted row renames no other.

    Raises:
        DataError: a file, a column or a row cannot be used; the error names it.
    """
    mapper = _Mapper(task, any_label=any_label)
    rows = (row for file in files for row in read_rows(task.root / file, task.data.format))
    return _unique([mapper.example(row) for row in rows], numbered=bool(task.data.id))


def check_columns(values: dict[str, Any], wanted: Iterable[str], about: str) -> None:
    """Refuse a row that lacks a column, naming the nearest one.

    Raises:
        ColumnMissing: with the columns there are.
    """
    for column in wanted:
        if column not in values:
            near = get_close_matches(column, values, n=1, cutoff=0.4)
            hint = f"did you mean {near[0]!r}? " if near else ""
            why = f"the file has no column {column!r}"
            fix = f"{hint}it has {', '.join(map(repr, values))}"
            raise ColumnMissing("a column is missing", why=why, fix=fix, about=about)


class _Mapper:
    """Turns the rows of one task into examples."""

    def __init__(self, task: Task, *, any_label: bool) -> None:
        data = task.data
        is_calls = data.format == "openai"
        fields = task.input_fields
        self._task = task
        self._inputs = {
            field: data.inputs.get(field, "input" if is_calls and len(fields) == 1 else field) for field in fields
        }
        self._expected = {field: data.expected.get(field, field) for field in task.output_fields}
        self._incumbent = data.incumbent or ("incumbent" if is_calls else "")
        self._time = data.time or ("time" if is_calls else "")
        self._used = {
            *self._inputs.values(),
            *self._expected.values(),
            data.id,
            self._time,
            self._incumbent,
            data.relevant,
        }
        required = set(task.input.get("required", []))
        output = dict(_properties(task.output))
        if any_label and task.target in output:
            output[task.target] = {key: value for key, value in output[task.target].items() if key != "enum"}
        checks = {
            f"input {field}": _check(schema, required=field in required) for field, schema in _properties(task.input)
        }
        self._checks = checks | {f"output {field}": _check(schema, required=True) for field, schema in output.items()}

    def example(self, row: RawRow) -> Example:
        """One example, or the error that names its row."""
        data = self._task.data
        required = self._task.input.get("required", list(self._inputs))
        named = [data.id, data.time, data.segment, data.session, data.incumbent, data.relevant]
        check_columns(row.values, [self._inputs[field] for field in required], row.where)
        check_columns(row.values, filter(None, named), row.where)
        inputs = {
            field: self._value(f"input {field}", row.values.get(column), row, self._task.input["properties"][field])
            for field, column in self._inputs.items()
            if column in row.values
        }
        expected = self._expect(row)
        return Example(
            id=str(row.values[data.id]) if data.id else "",
            inputs=inputs,
            expected=expected,
            incumbent=self._recorded(row),
            time=_time(row.values.get(self._time), row) if self._time else None,
            segment=_optional_text(row.values.get(data.segment)),
            session=_optional_text(row.values.get(data.session)),
            provenance=row.where,
            relevant=_names(row.values.get(data.relevant)),
            meta={**self._rest(row), **row.meta},
        )

    def _value(self, name: str, value: Any, row: RawRow, schema: dict[str, Any]) -> Any:
        value = _coerced(value, schema)
        problem = self._checks[name](value)
        if problem:
            fix = "correct the row, or the schema in task.toml"
            raise RowInvalid(f"a wrong value for {name}", why=f"{_short(value)} {problem}", fix=fix, about=row.where)
        return value

    def _expect(self, row: RawRow) -> dict[str, Any] | None:
        found = {field: row.values.get(column) for field, column in self._expected.items()}
        schemas = self._task.output["properties"]
        if all(value is None or value == "" for value in found.values()) and not self._says_null(row, schemas):
            return None
        return {field: self._value(f"output {field}", value, row, schemas[field]) for field, value in found.items()}

    def _says_null(self, row: RawRow, schemas: dict[str, Any]) -> bool:
        """Whether nulls are the expected output and not a missing one: they are written, and every field allows it."""
        written = all(column in row.values and row.values[column] is None for column in self._expected.values())
        return written and all("null" in _types(schema) for schema in schemas.values())

    def _recorded(self, row: RawRow) -> dict[str, Any] | None:
        value = row.values.get(self._incumbent) if self._incumbent else None
        if value is None or value == "" or isinstance(value, dict):
            return value or None
        if isinstance(value, str) and value.lstrip().startswith("{"):
            parsed = _json_object(value)
            if parsed is not None:
                return parsed
        fields = self._task.output_fields
        return {self._task.target or fields[0]: value}

    def _rest(self, row: RawRow) -> dict[str, Any]:
        kept = {*self._used, self._task.data.segment, self._task.data.session}
        return {column: _jsonable(value) for column, value in row.values.items() if column not in kept}


def _properties(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from schema.get("properties", {}).items()


def _check(schema: dict[str, Any], *, required: bool) -> Check:
    """A check of one field that answers with what is wrong, or None; plain strings and enums take no validator."""
    if set(schema) <= _PLAIN_KEYS and schema.get("type", "string") == "string":
        allowed = frozenset(schema["enum"]) if "enum" in schema else None
        return lambda value: _check_text(value, allowed, required=required)
    import jsonschema  # noqa: PLC0415  slow to import, and most tasks need only the line above

    validator = jsonschema.Draft202012Validator(schema)

    def validate(value: Any) -> str | None:
        if value is None and not required:
            return None
        error = next(iter(validator.iter_errors(value)), None)
        return error and f"is refused by the schema: {error.message}"

    return validate


def _check_text(value: Any, allowed: frozenset[str] | None, *, required: bool) -> str | None:
    if value is None and not required:
        return None
    if not isinstance(value, str):
        return "is not a string"
    if allowed is None or value in allowed:
        return None
    near = get_close_matches(value, allowed, n=1)
    return f"is not in the enum{f', where {near[0]!r} is' if near else ''}"


def _coerced(value: Any, schema: dict[str, Any]) -> Any:
    """Text of a CSV as the type its schema names; what does not parse stays text and fails the check."""
    if not isinstance(value, str) or not _types(schema) or "string" in _types(schema):
        return _jsonable(value)
    return _json(value)


def _types(schema: dict[str, Any]) -> set[str]:
    kind = schema.get("type", ())
    return {kind} if isinstance(kind, str) else set(kind)


def _json_object(text: str) -> dict[str, Any] | None:
    value = _json(text)
    return value if isinstance(value, dict) else None


def _jsonable(value: Any) -> Any:
    return msgspec.to_builtins(value) if not isinstance(value, str | int | float | bool | None) else value


def _names(value: Any) -> tuple[str, ...]:
    """One name or an array of them, which a CSV writes as JSON."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        value = _json(value)
    found = value if isinstance(value, list | tuple) else [value]
    return tuple(str(name) for name in found if name is not None and name != "")


def _json(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


def _optional_text(value: Any) -> str | None:
    return None if value is None or value == "" else str(value)


def _time(value: Any, row: RawRow) -> datetime | None:
    """ISO 8601, or seconds (or milliseconds) since 1970; without a zone, UTC is meant."""
    if value is None or value == "":
        return None
    try:
        if isinstance(value, datetime):
            moment = value
        else:
            moment = _from_number(float(value)) if _is_number(value) else datetime.fromisoformat(str(value))
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError, OSError) as error:
        fix = "write ISO 8601, or seconds since 1970"
        raise RowInvalid("not a time", why=f"{_short(value)}: {error}", fix=fix, about=row.where) from error


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) or str(value).replace(".", "", 1).isdigit()


def _from_number(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds / 1000 if seconds > _MILLISECONDS else seconds, UTC)


def _unique(examples: list[Example], *, numbered: bool) -> list[Example]:
    if not numbered:
        return _named(examples)
    seen: dict[str, str] = {}
    for example in examples:
        if example.id in seen:
            why = f"{example.id!r} is the id of {seen[example.id]} and of {example.provenance}"
            fix = "give each row its own id, or leave data.id out"
            raise DuplicateIds("two rows with one id", why=why, fix=fix, about=example.provenance)
        seen[example.id] = example.provenance
    return examples


def _named(examples: list[Example]) -> list[Example]:
    copies: Counter[str] = Counter()
    named = []
    for example in examples:
        name = content_hash([example.inputs, example.expected])[:_ID_LENGTH]
        copies[name] += 1
        suffix = f"-{copies[name]}" if copies[name] > 1 else ""
        named.append(msgspec.structs.replace(example, id=name + suffix))
    return named


def _short(value: Any, limit: int = 80) -> str:
    text = repr(value)
    return text if len(text) <= limit else f"{text[:limit]}…"
