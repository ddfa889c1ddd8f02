"""Importers: files to raw rows, by name."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import msgspec

from proveout._registry import Registry
from proveout.data._text import LONGEST_LINE, read_bytes, read_text, unreadable
from proveout.errors import DataEmpty, ImporterUnknown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Importer", "RawRow", "importer", "importers", "read_rows"]


class RawRow(msgspec.Struct, frozen=True):
    """One row as its file has it.

    Attributes:
        values: by column.
        where: ``train.csv:12``.
        meta: what the format holds beside columns.
    """

    values: dict[str, Any]
    where: str
    meta: dict[str, Any] = {}


class Importer(Protocol):
    """Reads one format."""

    endings: ClassVar[tuple[str, ...]]

    def rows(self, path: Path) -> Iterator[RawRow]:
        """Rows in order; raises a `DataError` that names the line for anything it cannot read."""
        ...


importers: Registry[Importer] = Registry("importer", group="proveout.importers", missing=ImporterUnknown)
importer = importers.register


def read_rows(path: Path, name: str = "") -> Iterator[RawRow]:
    """Rows of a file, by the importer ``name``, or by the one that claims the file's ending.

    Raises:
        ImporterUnknown: no importer of that name, or none for that ending.
        DataError: the file cannot be read as it is.
    """
    chosen = importers.create(name) if name else _by_ending(path)
    found = False
    for row in chosen.rows(path):
        found = True
        yield row
    if not found:
        fix = "export the rows again, or drop the file from task.toml"
        raise DataEmpty("the file has no rows", why="it holds a header and nothing else", fix=fix, about=str(path))


def _by_ending(path: Path) -> Importer:
    known = []
    for name in importers.names():
        candidate = importers.create(name)
        if path.suffix.lower() in candidate.endings:
            return candidate
        known += [f"{ending} ({name})" for ending in candidate.endings]
    why = f"no importer claims the ending {path.suffix!r}"
    fix = f"use one of {', '.join(known)}, or name an importer in data.format: {', '.join(importers.names())}"
    raise ImporterUnknown("cannot choose an importer", why=why, fix=fix, about=str(path))


@importer("csv")
class CsvImporter:
    """RFC 4180 with a header; each row has as many fields as the header."""

    endings: ClassVar[tuple[str, ...]] = (".csv", ".tsv")

    def rows(self, path: Path) -> Iterator[RawRow]:
        """Rows with text values."""
        text = read_text(path)
        csv.field_size_limit(LONGEST_LINE)
        reader = csv.reader(
            io.StringIO(text, newline=""), delimiter="\t" if path.suffix == ".tsv" else ",", strict=True
        )
        header: list[str] | None = None
        while True:
            try:
                fields = next(reader, None)
            except csv.Error as error:
                about = f"{path}:{reader.line_num}"
                raise unreadable(about, "not a CSV row", str(error), "check the quotes of that row") from error
            if fields is None:
                return
            if header is None:
                header = _header(path, fields)
            elif fields:
                yield RawRow(_fields(path, reader.line_num, header, fields), f"{path.name}:{reader.line_num}")


def _header(path: Path, fields: list[str]) -> list[str]:
    twice = {name for name in fields if fields.count(name) > 1}
    if twice:
        why = f"{', '.join(sorted(twice))} stands there twice"
        raise unreadable(f"{path}:1", "a column has no name of its own", why, "rename it")
    return fields


def _fields(path: Path, line: int, header: list[str], fields: list[str]) -> dict[str, Any]:
    if len(fields) == len(header):
        return dict(zip(header, fields, strict=True))
    why = f"line {line} has {len(fields)} fields and the header {len(header)}"
    raise unreadable(f"{path}:{line}", "a row of another length", why, "quote fields that hold the separator")


@importer("jsonl")
class JsonLinesImporter:
    """One JSON object a line."""

    endings: ClassVar[tuple[str, ...]] = (".jsonl", ".ndjson")

    def rows(self, path: Path) -> Iterator[RawRow]:
        """Rows with JSON values."""
        for line, value in json_lines(path):
            yield RawRow(value, f"{path.name}:{line}")


def json_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Line number and object of each line that is not blank."""
    for line, text in enumerate(read_text(path).split("\n"), start=1):
        if not text.strip():
            continue
        about = f"{path}:{line}"
        try:
            value = msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError) as error:
            raise unreadable(about, "not JSON", str(error), "correct that line, or drop it") from error
        if not isinstance(value, dict):
            raise unreadable(about, "not a JSON object", f"it is a {type(value).__name__}", "write one object a line")
        yield line, value


@importer("parquet")
class ParquetImporter:
    """Apache Parquet."""

    endings: ClassVar[tuple[str, ...]] = (".parquet", ".pq")

    def rows(self, path: Path) -> Iterator[RawRow]:
        """Rows with the file's types."""
        import pyarrow as pa  # noqa: PLC0415  only this format needs it here
        import pyarrow.parquet as pq  # noqa: PLC0415

        content = read_bytes(path)
        try:
            columns = pq.read_table(pa.BufferReader(content)).to_pydict()
        except (pa.ArrowException, OSError, ValueError) as error:
            why = str(error).splitlines()[0]
            raise unreadable(str(path), "not a Parquet file", why, "write it again; it may be cut off") from error
        names = list(columns)
        for number, values in enumerate(zip(*columns.values(), strict=True), start=1):
            yield RawRow(dict(zip(names, values, strict=True)), f"{path.name}:{number}")


@importer("openai")
class OpenAIImporter:
    """Recorded calls: ``{"request": {"messages": …}, "response": {"choices": …}}`` a line, or the batch API's shape.

    Columns: ``input`` (the last user message), ``incumbent`` (the reply, parsed when it is JSON), ``time``, ``model``,
    and whatever else stands beside request and response, such as a label.
    """

    endings: ClassVar[tuple[str, ...]] = ()

    def rows(self, path: Path) -> Iterator[RawRow]:
        """Rows with columns as above; the system prompt and usage go into meta."""
        for line, value in json_lines(path):
            request = value.get("request") or value.get("body") or {}
            response = value.get("response") or {}
            response = response.get("body", response) if isinstance(response, dict) else {}
            try:
                values, meta = _call(request, response)
            except (KeyError, IndexError, TypeError, AttributeError, StopIteration) as error:
                why = f"{type(error).__name__}: {error}"
                fix = "write request.messages and response.choices[0].message.content"
                raise unreadable(f"{path}:{line}", "not a recorded call", why, fix) from error
            beside = {key: item for key, item in value.items() if key not in {"request", "response", "body"}}
            yield RawRow(values | beside, f"{path.name}:{line}", meta)


def _call(request: dict[str, Any], response: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    messages = request["messages"]
    asked = next(message["content"] for message in reversed(messages) if message["role"] == "user")
    replied = response["choices"][0]["message"].get("content") if response else None
    values = {
        "input": _plain(asked),
        "incumbent": _parsed(replied),
        "time": response.get("created"),
        "model": response.get("model") or request.get("model"),
    }
    system = [_plain(message["content"]) for message in messages if message["role"] in {"system", "developer"}]
    return values, {"system": "\n".join(system), "usage": response.get("usage"), "turns": len(messages)}


def _plain(content: Any) -> str:
    """A message's text: itself, or its text parts joined."""
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content)


def _parsed(reply: Any) -> Any:
    if not isinstance(reply, str) or not reply.lstrip().startswith("{"):
        return reply
    try:
        return msgspec.json.decode(reply)
    except msgspec.DecodeError:
        return reply
