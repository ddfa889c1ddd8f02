"""The log of semantic lookups: how near the nearest kept input was, and whether its answer was the fresh one."""

from __future__ import annotations

import os
import weakref
from hashlib import blake2b
from typing import TYPE_CHECKING

import msgspec

from proveout.errors import EvidenceUnusable
from proveout.store import Workspace, translated_os_errors

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Lookup", "LookupLog", "lookups_of", "semantic_folder"]

# A log is closed at this size: some 200,000 lookups, more than a certificate can use.
MOST_BYTES = 64 * 1024 * 1024
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder


class Lookup(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One input that was answered afresh although another was near.

    Attributes:
        time: nanoseconds since the epoch.
        input: hash; lookups of equal inputs are dependent.
        score: cosine similarity to the nearest kept input that could have been served; None without one.
        agree: whether the answer kept for it is the fresh one.
        vetoed: why it could not have been served; see `difference`.
        audit: whether the cache was on, and this request was drawn at random to be answered afresh.
    """

    time: int
    input: str
    score: float | None = None
    agree: bool = False
    vetoed: str = ""
    audit: bool = False


def semantic_folder(home: Path, task: str) -> Path:
    """Where the log and the decisions of one task are; the name is hashed, so that any is a folder's name."""
    return Workspace(home).cache / "semantic" / blake2b(task.encode(), digest_size=8).hexdigest()


def address(task: str, generation: str, embedder: str) -> str:
    """What a log and a decision are for: nothing else may be decided by them."""
    return blake2b(b"\x00".join(part.encode() for part in (task, generation, embedder)), digest_size=12).hexdigest()


class LookupLog:
    """Appends lookups, one line each and one write a line, so that several workers may share the file.

    Args:
        home: folder of ``gateway.toml``.
        task: name.
        generation: of the task's answers.
        embedder: fingerprint.
    """

    def __init__(self, home: Path, *, task: str, generation: str, embedder: str) -> None:
        folder = semantic_folder(home, task)
        self.path = folder / f"{address(task, generation, embedder)}.jsonl"
        with translated_os_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            # Also when it is only forgotten: requests under way use the log of a configuration that was replaced.
            self._end = weakref.finalize(self, os.close, self._file)
            if not os.fstat(self._file).st_size:
                self._write(_encode(LogHead(task=task, generation=generation, embedder=embedder)))

    def append(self, lookup: Lookup) -> None:
        """Write one lookup; nothing once the log is full.

        Raises:
            DiskFull: no space is left.
        """
        with translated_os_errors(self.path):
            if os.fstat(self._file).st_size < MOST_BYTES:
                self._write(_encode(lookup))

    def _write(self, line: bytes) -> None:
        os.write(self._file, line + b"\n")

    def close(self) -> None:
        """Close the file."""
        self._end()


class LogHead(msgspec.Struct, frozen=True, kw_only=True):
    """The first line of a log: what it is for."""

    task: str
    generation: str
    embedder: str


def lookups_of(path: Path) -> tuple[LogHead, list[Lookup]]:
    """What a log holds, in order; a line that was cut by a kill, and a second head of a race, are left out.

    Raises:
        EvidenceUnusable: its first line is none of a log's.
    """
    lines = iter(path.read_bytes().splitlines())
    try:
        head = _decode(LogHead).decode(next(lines, b""))
    except msgspec.DecodeError as error:
        fix = "delete the file; the gateway begins another"
        raise EvidenceUnusable("not a log of lookups", why=str(error), fix=fix, about=str(path)) from error
    return head, list(_intact(lines))


def _intact(lines: Iterator[bytes]) -> Iterator[Lookup]:
    decoder = _decode(Lookup)
    for line in lines:
        try:
            lookup = decoder.decode(line)
        except msgspec.DecodeError:
            continue
        yield lookup
