"""Where a task's derived state lives."""

from __future__ import annotations

from pathlib import Path

import msgspec

from proveout.store._files import translated_os_errors

__all__ = ["Workspace"]


class Workspace(msgspec.Struct, frozen=True):
    """The folder of one task: ``task.toml`` under version control, everything else in ``.proveout/``.

    Attributes:
        root: the folder that holds ``task.toml``.

    Example:
        >>> Workspace(Path("desk")).ledger.as_posix()
        'desk/.proveout/ledger'
    """

    root: Path

    @property
    def state(self) -> Path:
        """All derived state; back this folder up."""
        return self.root / ".proveout"

    @property
    def ledger(self) -> Path:
        """Segments, heads and compacted Parquet."""
        return self.state / "ledger"

    @property
    def objects(self) -> Path:
        """Content-addressed chunks and artifacts."""
        return self.state / "objects"

    @property
    def snapshots(self) -> Path:
        """Snapshot manifests, by id."""
        return self.state / "snapshots"

    @property
    def candidates(self) -> Path:
        """Built candidates, one folder each."""
        return self.state / "candidates"

    @property
    def trials(self) -> Path:
        """Recorded answers and results of trials."""
        return self.state / "trials"

    @property
    def certificates(self) -> Path:
        """Certificates, and the evidence each is recomputed from."""
        return self.state / "certificates"

    @property
    def knowledge(self) -> Path:
        """The knowledge base's system of record."""
        return self.state / "knowledge"

    @property
    def runs(self) -> Path:
        """The journal of runs of graphs."""
        return self.state / "runs.sqlite"

    @property
    def cache(self) -> Path:
        """Rebuildable; may be deleted at any time."""
        return self.state / "cache"

    @property
    def database(self) -> Path:
        """SQLite: configuration, keys and indexes only."""
        return self.state / "store.sqlite"

    def ensure(self) -> None:
        """Make ``.proveout/`` and keep it out of version control.

        Raises:
            NotWritable: this user may not write there.
            DiskFull: no space is left.
        """
        ignore = self.state / ".gitignore"
        with translated_os_errors(self.state):
            self.state.mkdir(parents=True, exist_ok=True)
            if not ignore.exists():
                ignore.write_text("*\n", encoding="utf-8")
