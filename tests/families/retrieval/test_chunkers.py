from __future__ import annotations

import io

import pypdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

from proveout.errors import ChunkerUnknown, DocumentUnusable
from proveout.families.retrieval import choose_chunker, chunkers
from proveout.families.retrieval._chunkers import SIZE
from proveout.families.retrieval._text import decode, indexed_text


def pdf(*pages: str) -> bytes:
    writer = pypdf.PdfWriter()
    font = {"/Type": "/Font", "/Subtype": "/Type1", "/BaseFont": "/Helvetica"}
    for text in pages:
        page = writer.add_blank_page(300, 300)
        names = DictionaryObject({NameObject(key): NameObject(value) for key, value in font.items()})
        fonts = DictionaryObject({NameObject("/F1"): names})
        page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
        stream = DecodedStreamObject()
        stream.set_data(f"BT /F1 12 Tf 20 200 Td ({text}) Tj ET".encode())
        page[NameObject("/Contents")] = writer._add_object(stream)
    content = io.BytesIO()
    writer.write(content)
    return content.getvalue()


def texts(name: str, content: bytes) -> list[str]:
    return [one.text for one in chunkers.create(name).chunk(content, "it")]


@pytest.mark.parametrize(
    ("content", "path", "name"),
    [
        (b"# Hi", "a.md", "markdown"),
        (b"hi", "A.HTM", "html"),
        (b"  <!DOCTYPE html><p>hi", "page", "html"),
        (b"%PDF-1.4 ...", "a.txt", "pdf"),
        (b"hi", "notes", "plain"),
        (b"hi", "notes.xyz", "plain"),
    ],
)
def test_a_chunker_is_chosen_by_content_then_ending(content: bytes, path: str, name: str) -> None:
    assert choose_chunker(content, path) == name


@given(st.text(), st.sampled_from(["plain", "markdown"]))
def test_spans_are_of_the_text_in_order_and_lose_nothing(text: str, name: str) -> None:
    text = text.replace("\0", "").replace("\ufeff", "")
    content = text.encode("utf-8", "replace")
    try:
        chunks = chunkers.create(name).chunk(content, "it")
    except DocumentUnusable:
        assert not indexed_text(text)
        return
    whole = decode(content, "it")
    at = 0
    for one in chunks:
        assert whole[one.start : one.end] == one.text
        assert not indexed_text(whole[at : one.start])
        assert len(one.text) <= SIZE[1]
        at = one.end
    assert not indexed_text(whole[at:])


def test_markdown_is_cut_at_headings() -> None:
    section = "word " * 80
    found = texts("markdown", f"# One\n\n{section}\n\n# Two\n\n{section}".encode())
    assert [one[:5] for one in found] == ["# One", "# Two"]


def test_html_keeps_sentences_whole_and_leaves_scripts_out() -> None:
    page = b"""<!doctype html><html><head><title>t</title><style>p{}</style></head><body><script>alert(1)</script>
    <h2>Refunds</h2><div><p>We <b>always</b>\n refund.</p>tail<ul><li>one</li><li>two</li></ul></div></body></html>"""
    assert texts("html", page) == ["## Refunds\n\nWe always refund.\n\ntail\n\none\n\ntwo"]


def test_html_is_read_in_its_declared_encoding() -> None:
    page = '<html><head><meta charset="iso-8859-1"></head><body>caf\xe9</body></html>'.encode("latin-1")
    assert texts("html", page) == ["café"]


def test_no_chunk_of_a_pdf_crosses_a_page() -> None:
    found = chunkers.create("pdf").chunk(pdf("First page.", "Second page."), "a.pdf")
    assert [(one.start, one.end, one.text) for one in found] == [(0, 11, "First page."), (12, 24, "Second page.")]


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("plain", b"a\0b", "binary: a NUL byte at offset 1"),
        ("plain", b"caf\xe9", "undecodable"),
        ("html", b'<html><meta charset="klingon">hi', "undecodable"),
        ("plain", "\u200b\u202e".encode(), "no text"),
        ("html", b"<html><script>x</script></html>", "no text"),
        ("pdf", b"%PDF-1.4 truncated", "not a readable PDF"),
        ("pdf", pdf(""), "no text"),
    ],
)
def test_what_has_no_text_is_refused_with_the_reason(name: str, content: bytes, why: str) -> None:
    with pytest.raises(DocumentUnusable) as caught:
        chunkers.create(name).chunk(content, "it")
    assert why in caught.value.why
    assert caught.value.about == "it"


def test_utf_16_with_its_mark_is_read() -> None:
    assert texts("plain", "Grüße".encode("utf-16")) == ["Grüße"]


def test_an_unknown_chunker_is_answered_with_the_nearest() -> None:
    with pytest.raises(ChunkerUnknown) as caught:
        chunkers.create("markdwn")
    assert "markdown" in caught.value.fix


def test_indexed_text_has_no_invisible_characters() -> None:
    assert indexed_text("pay\u200bment\u202e  \u2066due\ufeff\n") == "payment due"
