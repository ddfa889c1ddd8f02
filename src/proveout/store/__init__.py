"""Keys and configuration in SQLite (PostgreSQL later), atomic files, and the layout of a task's folder."""

from proveout.store._files import fsync_folder, translated_os_errors, write_atomic
from proveout.store._open import open_store
from proveout.store._store import ApiKeyChange, Store, SubjectKey
from proveout.store._workspace import Workspace

__all__ = [
    "ApiKeyChange",
    "Store",
    "SubjectKey",
    "Workspace",
    "fsync_folder",
    "open_store",
    "translated_os_errors",
    "write_atomic",
]
