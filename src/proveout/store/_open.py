"""Opening the store of a workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from proveout.store._store import Store
    from proveout.store._workspace import Workspace

__all__ = ["open_store"]


def open_store(workspace: Workspace) -> Store:
    """Open the store of a task's folder, making it at first use.

    Raises:
        NotWritable: this user may not write there.
        DiskFull: no space is left.
        StoreCorrupt: the file is not a database, or is damaged.
        SetupError: it was made by a newer version of Proveout.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from proveout.store import Workspace
        >>> with tempfile.TemporaryDirectory() as folder, open_store(Workspace(Path(folder))) as store:
        ...     store.put("retention.days", "30")
        ...     store.get("retention.days")
        '30'
    """
    from proveout.store._sql import open_sql_store  # noqa: PLC0415  SQLAlchemy takes 17 MB and 0.2 s

    return open_sql_store(workspace)
