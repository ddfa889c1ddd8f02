"""Answers that were paid for, on disk: the same question is not paid twice."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

from proveout.families.llm._completion import Completion
from proveout.store import translated_os_errors, write_atomic
from proveout.task import canonical_json

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["AnswerCache", "Paid"]

FOLDER = "answers"
DIGEST = 16


class Paid(msgspec.Struct, frozen=True):
    """A completion, the seconds it took when it was paid for, and whether that was before now."""

    completion: Completion
    seconds: float
    kept: bool = False


class AnswerCache:
    """One file for each question, under the hash of all that the answer depends on; it may be deleted at any time.

    Args:
        folder: of what can be made again; the answers lie in a folder below it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / FOLDER

    def get(self, key: str) -> Paid | None:
        """The kept answer; None when there is none, or when its file is damaged: it is then asked for again."""
        path = self._path(key)
        with translated_os_errors(path):
            try:
                content = path.read_bytes()
            except FileNotFoundError:
                return None
        if _digest(content[DIGEST:]) != content[:DIGEST]:
            return None
        found = msgspec.json.decode(content[DIGEST:], type=Paid)
        return msgspec.structs.replace(found, kept=True)

    def put(self, key: str, paid: Paid) -> None:
        """Keep an answer.

        Raises:
            DiskFull: no space is left.
            NotWritable: no permission.
        """
        content = canonical_json(paid)
        write_atomic(self._path(key), _digest(content) + content)

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / key


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=DIGEST).digest()
