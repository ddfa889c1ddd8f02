"""Whether anything that is built for served tasks has changed, at a glance."""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from proveout.errors import ProveoutError
from proveout.ledger import LedgerReader
from proveout.store import Workspace
from proveout.task import FILE_NAME

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["BuiltWatch", "built_state"]

# What decides who answers a task: the kinds of the entries, whose classes would import all that is heavy.
DECISIVE = frozenset({"candidate.built", "certificate.alarmed", "certificate.issued"})
Sizes = tuple[tuple[str, int], ...]


def built_state(folders: Iterable[str]) -> str:
    """A hash that changes when a task is edited, or a candidate or a certificate of it comes or goes; reads no more.

    Args:
        folders: of tasks.

    Example:
        >>> built_state([]) == built_state([])
        True
    """
    digest = blake2b(digest_size=12)
    for folder in map(Path, folders):
        workspace, file = Workspace(folder), folder / FILE_NAME
        digest.update(str(folder.resolve()).encode("utf-8", "surrogateescape") + b"\0")
        digest.update(file.read_bytes() if file.is_file() else b"")
        found = [*workspace.candidates.glob("*@*/manifest.json"), *workspace.certificates.glob("certificate@*.json")]
        for path in sorted(found):
            digest.update(b"\0" + path.relative_to(workspace.state).as_posix().encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


class BuiltWatch:
    """`built_state`, and what the tasks' ledgers say of candidates and certificates: an alarm, say.

    Args:
        folders: of tasks.
        home: of the gateway. It alone writes to the ledger there, to which every request adds: that one is not read.

    Example:
        >>> watch = BuiltWatch([], "home")
        >>> watch.state() == watch.state()
        True
    """

    def __init__(self, folders: Iterable[str], home: str) -> None:
        self._folders = tuple(folders)
        own = Path(home).resolve()
        self._notes = [_Notes(Workspace(Path(folder))) for folder in self._folders if Path(folder).resolve() != own]

    def state(self) -> str:
        """Another one after each change that decides who answers.

        A ledger is read only when it has grown, and only what it has grown by is looked at. What cannot be read is a
        change too, so that whoever loads the task says what is wrong.
        """
        try:
            digest = blake2b(built_state(self._folders).encode(), digest_size=12)
            for notes in self._notes:
                digest.update(notes.state())
        except (OSError, ProveoutError) as error:
            digest = blake2b(str(error).encode(), digest_size=12)
        return digest.hexdigest()


class _Notes:
    """What one ledger says of who answers."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._sizes: Sizes = ()
        self._seen = 0
        self._digest = blake2b(digest_size=12)

    def state(self) -> bytes:
        sizes = tuple(
            (path.name, path.stat().st_size) for path in sorted(self._workspace.ledger.glob("segments/*.seg"))
        )
        if sizes != self._sizes:
            self._read()
            self._sizes = sizes
        return self._digest.digest()

    def _read(self) -> None:
        with LedgerReader.open(self._workspace) as reader:
            decisive = [found.leaf for found in reader.entries(start=self._seen) if found.kind in DECISIVE]
            self._seen = len(reader)
        for leaf in decisive:
            self._digest.update(leaf)
