from __future__ import annotations

import pytest

from proveout.families import document_text
from proveout.families.retrieval._sources import chunks_of

PAGE = b"<html><body><h1>Hours</h1><script>x()</script><p>We open at 9.</p><p>We close at 17.</p></body></html>"


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("a.txt", b"One line.\r\n\r\nAnother line.\r\n"),
        ("a.md", ("# Title\n\n" + "A sentence that is a little long, as they are. " * 40).encode()),
        ("a.html", PAGE),
        ("a.txt", "\ufeffmarked".encode()),
    ],
)
def test_a_documents_text_holds_each_chunk_at_its_place(path: str, content: bytes) -> None:
    text, chunks = document_text(path, content), chunks_of(path, content)
    assert text is not None
    assert chunks
    assert all(text[one.start : one.end] == one.text for one in chunks)


@pytest.mark.parametrize("content", [b"", b" \n", b"\0\1", b"\xff\xfe\xff", "\u200b".encode()])
def test_what_cannot_be_read_has_no_text(content: bytes) -> None:
    assert document_text("a.txt", content) is None
    assert chunks_of("a.txt", content) == []
