"""The text that a citation names, read from the snapshot's documents."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from proveout.data import Snapshot
    from proveout.task import Citation
    from proveout.trial._texts import Passages

__all__ = ["ReadText", "passages_of", "utf8"]

ReadText = Callable[[str, bytes], str | None]
DOCUMENTS_KEPT = 1024


def utf8(_path: str, content: bytes) -> str | None:
    r"""A document's bytes as text; None where they are not UTF-8.

    Example:
        >>> utf8("a.md", b"Rhine"), utf8("a.pdf", b"\xff")
        ('Rhine', None)
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def passages_of(snapshot: Snapshot, read_text: ReadText) -> Passages | None:
    """A reader of cited spans; None for a snapshot without documents.

    A citation of a document that the snapshot does not hold, that has no text, or beyond its end reads as None: it
    supports nothing.
    """
    documents = {document.path: document for document in snapshot.documents}
    if not documents:
        return None

    @lru_cache(maxsize=DOCUMENTS_KEPT)
    def text(path: str) -> str | None:
        return read_text(path, snapshot.read_document(documents[path])) if path in documents else None

    def read(cited: Citation) -> str | None:
        whole = text(cited.document)
        return (whole[cited.start : cited.end] or None) if whole is not None else None

    return read
