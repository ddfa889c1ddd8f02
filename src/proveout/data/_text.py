"""Reading a text file strictly: one encoding, no NULs, no endless lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proveout.errors import DataEmpty, DataUnreadable

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["LONGEST_LINE", "read_bytes", "read_text", "unreadable"]

LONGEST_LINE = 10_000_000


def read_bytes(path: Path) -> bytes:
    """The whole file.

    Raises:
        DataUnreadable: it is missing or may not be read.
        DataEmpty: it has no bytes.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        why = error.strerror or str(error)
        raise unreadable(str(path), "cannot read the file", why, "check the path and its permissions") from error
    if not content.strip():
        fix = "export the rows again, or drop the file from task.toml"
        raise DataEmpty("the file is empty", why=f"it has {len(content)} bytes and no rows", fix=fix, about=str(path))
    return content


def read_text(path: Path) -> str:
    """The file as UTF-8, with or without a byte-order mark.

    Raises:
        DataUnreadable: another encoding, a NUL, or a line over `LONGEST_LINE` bytes; the error names the line.
        DataEmpty: it has no rows.
    """
    content = read_bytes(path)
    at = content.find(b"\0")
    if at >= 0:
        raise _at(path, content, at, "a NUL byte", "it is no text there", "export the rows as UTF-8 text")
    _check_lines(path, content)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        why = f"byte 0x{content[error.start]:02x} at offset {error.start:,} is not UTF-8"
        fix = "export all rows as UTF-8; the file may mix encodings"
        raise _at(path, content, error.start, "not UTF-8", why, fix) from error


def _check_lines(path: Path, content: bytes) -> None:
    start = 0
    while start < len(content):
        end = content.find(b"\n", start, start + LONGEST_LINE + 1)
        if end < 0:
            if len(content) - start <= LONGEST_LINE:
                return
            why = f"it is longer than {LONGEST_LINE // 1_000_000} MB"
            raise _at(path, content, start, "an over-long line", why, "check the line ends, or shorten the row")
        start = end + 1


def _at(path: Path, content: bytes, offset: int, what: str, why: str, fix: str) -> DataUnreadable:
    line = content.count(b"\n", 0, offset) + 1
    return unreadable(f"{path}:{line}", what, why, fix)


def unreadable(about: str, what: str, why: str, fix: str) -> DataUnreadable:
    """A `DataUnreadable` about one place."""
    return DataUnreadable(what, why=why, fix=fix, about=about)
