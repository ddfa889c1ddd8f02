"""Examples as Arrow columns and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa

from proveout.task import Example, canonical_json

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["SCHEMA", "from_table", "to_table"]

SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("inputs", pa.string(), nullable=False),
        pa.field("expected", pa.string()),
        pa.field("incumbent", pa.string()),
        pa.field("time", pa.timestamp("us", tz="UTC")),
        pa.field("segment", pa.string()),
        pa.field("session", pa.string()),
        pa.field("provenance", pa.string(), nullable=False),
        pa.field("meta", pa.string(), nullable=False),
    ]
)
# Written only where a row has some, so that tables without it keep their bytes and old ones are read as they are.
RELEVANT = pa.field("relevant", pa.list_(pa.string()), nullable=False)
_JSON = ("inputs", "expected", "incumbent", "meta")


def to_table(examples: Sequence[Example]) -> pa.Table:
    """Columns of `SCHEMA`, and ``relevant`` where a row has some; nested fields are canonical JSON."""
    schema = SCHEMA.append(RELEVANT) if any(example.relevant for example in examples) else SCHEMA
    columns: dict[str, list[Any]] = {name: [getattr(example, name) for example in examples] for name in schema.names}
    for name in _JSON:
        columns[name] = [None if value is None else canonical_json(value).decode() for value in columns[name]]
    return pa.table(columns, schema=schema)


def from_table(table: pa.Table) -> tuple[Example, ...]:
    """The examples of a table that `to_table` made."""
    columns = table.to_pydict()
    decode = msgspec.json.Decoder().decode
    for name in _JSON:
        columns[name] = [None if value is None else decode(value) for value in columns[name]]
    if RELEVANT.name in columns:
        columns[RELEVANT.name] = [tuple(names) for names in columns[RELEVANT.name]]
    return tuple(Example(**dict(zip(columns, values, strict=True))) for values in zip(*columns.values(), strict=True))
