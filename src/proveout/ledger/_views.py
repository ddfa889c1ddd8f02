"""Views, derived from segments: sealed ones compacted to Parquet, and all entries as one DuckDB table."""

from __future__ import annotations

from io import BytesIO
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from proveout.ledger._merkle import leaf_hash
from proveout.ledger._reader import LedgerReader, segment_records
from proveout.ledger._record import decode_envelope
from proveout.ledger._segments import corrupt, first_index, segments
from proveout.store import write_atomic

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import duckdb
    import pyarrow as pa

    from proveout.store import Workspace

__all__ = ["compact", "open_view", "view_sql"]

# The body is JSON when it is in clear; what is encrypted stays so, so that an erasure reaches views as well.
ENTRIES = """
create view entries as
select "index", time, kind, version, lower(hex(key_id)) as key_id,
       case when key_id is null then decode(payload)::json end as body
from ({sources})
"""


def compact(workspace: Workspace) -> list[Path]:
    """Write each sealed segment as Parquet (zstd), once; returns the files written now.

    Raises:
        LedgerCorrupt: a segment does not hold all the entries it should.
        DiskFull: no space is left; files already written stand.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from proveout.store import Workspace
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     compact(Workspace(Path(folder)))
        []
    """
    paths = segments(workspace)
    written = []
    for path, following in pairwise(paths):
        target = _parquet(workspace, path)
        if not target.exists():
            write_atomic(target, _to_parquet(path, first_index(following) - first_index(path)))
            written.append(target)
    return written


def open_view(workspace: Workspace) -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB with a table ``entries``: index, time, kind, version, key_id, body.

    A body is JSON, or NULL when encrypted. Sealed segments are read from Parquet where `compact` made it, all else
    from the segments. The content is that of the moment of opening.

    Raises:
        LedgerCorrupt: the log is damaged, or there is none.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from proveout.ledger import Ledger
        >>> from proveout.store import Workspace
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     Ledger.open(Workspace(Path(folder))).close()
        ...     open_view(Workspace(Path(folder))).sql("select count(*) from entries").fetchall()
        [(0,)]
    """
    import duckdb  # noqa: PLC0415  heavy, and only views need it
    import pyarrow as pa  # noqa: PLC0415  as above

    size = len(LedgerReader.open(workspace))
    paths = [path for path in segments(workspace) if first_index(path) < size]
    ends = [*(first_index(path) for path in paths), size][1:]
    parts = [(_parquet(workspace, path), path, end - first_index(path)) for path, end in zip(paths, ends, strict=False)]
    compacted = [str(target) for target, _, _ in parts if target.exists()]
    tables = [_to_table(path, count) for target, path, count in parts if not target.exists()]
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    connection.register("recent", pa.concat_tables([_schema().empty_table(), *tables]))
    sources = ["select * from recent"]
    if compacted:
        connection.from_parquet(compacted).create_view("sealed")
        sources.append("select * from sealed")
    connection.execute(ENTRIES.format(sources=" union all ".join(sources)))
    return connection


def view_sql(workspace: Workspace, sql: str, parameters: list[Any] | None = None) -> list[dict[str, Any]]:
    """Fold entries with one SQL query; rows as dicts.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from proveout.ledger import Ledger
        >>> from proveout.store import Workspace
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     Ledger.open(Workspace(Path(folder))).close()
        ...     view_sql(Workspace(Path(folder)), "select kind, count(*) as n from entries group by kind")
        []
    """
    with open_view(workspace) as connection:
        found = connection.execute(sql, parameters)
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _parquet(workspace: Workspace, segment: Path) -> Path:
    return workspace.ledger / "compacted" / f"{segment.stem}.parquet"


def _to_parquet(path: Path, count: int) -> bytes:
    from pyarrow import parquet  # noqa: PLC0415  heavy, and only views need it

    buffer = BytesIO()
    parquet.write_table(_to_table(path, count), buffer, compression="zstd")
    return buffer.getvalue()


def _to_table(path: Path, count: int) -> pa.Table:
    rows = list(_rows(path, count))
    if len(rows) != count:
        raise corrupt(path, f"it holds {len(rows)} intact entries, and {count} were acknowledged")
    import pyarrow as pa  # noqa: PLC0415  heavy, and only views need it

    return pa.Table.from_pylist(rows, schema=_schema())


def _schema() -> pa.Schema:
    import pyarrow as pa  # noqa: PLC0415  heavy, and only views need it

    return pa.schema(
        [
            ("index", pa.uint64()),
            ("time", pa.timestamp("ns", tz="UTC")),
            ("kind", pa.string()),
            ("version", pa.int32()),
            ("key_id", pa.binary()),
            ("payload", pa.binary()),
            ("leaf", pa.binary()),
        ]
    )


def _rows(path: Path, count: int) -> Iterator[dict[str, Any]]:
    for index, record in enumerate(segment_records(path, count), first_index(path)):
        found = decode_envelope(record)
        yield {
            "index": index,
            "time": found.time,
            "kind": found.kind,
            "version": found.version,
            "key_id": found.key_id,
            "payload": found.payload,
            "leaf": leaf_hash(record),
        }
