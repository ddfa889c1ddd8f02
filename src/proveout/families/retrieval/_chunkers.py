"""Chunkers by name: a document's bytes to spans of its text, cut where its structure says."""

from __future__ import annotations

import io
import re
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Protocol

from proveout._registry import Registry
from proveout.errors import ChunkerUnknown
from proveout.families.retrieval._documents import Chunk
from proveout.families.retrieval._extra import extra
from proveout.families.retrieval._text import decode, indexed_text, unusable

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Chunker", "choose_chunker", "chunker", "chunkers"]

# (full, longest) in characters: a chunk grows until it is full and is never longer than longest. An encoder that reads
# 128 tokens sees about 500 characters of English; what it does not see, a vector does not find.
SIZE = (300, 500)
ENDINGS = {
    ".md": "markdown",
    ".markdown": "markdown",
    ".mdx": "markdown",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".pdf": "pdf",
}
SNIFFED = 1024
_HTML = re.compile(rb"\s*(<!doctype html|<html)", re.IGNORECASE)
_CHARSET = re.compile(rb"<meta[^>]{0,200}charset=[\"']?([\w-]{1,40})", re.IGNORECASE)
_UNREAD = ("script", "style", "noscript", "template", "head")
_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "html",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "ul",
    ]
)
_HEADING = re.compile(r"h[1-6]")


class Chunker(Protocol):
    """Cuts documents of one format.

    Attributes:
        id: its name with everything its cuts depend on; part of a document's version.
    """

    id: str

    def chunk(self, content: bytes, path: str) -> list[Chunk]:
        """Spans of the document's text in reading order, none of them blank.

        Raises:
            DocumentUnusable: it is not of the format, or has no text.
        """
        ...


chunkers: Registry[Chunker] = Registry("chunker", group="proveout.chunkers", missing=ChunkerUnknown)
chunker = chunkers.register


def choose_chunker(content: bytes, path: str) -> str:
    """The name of the chunker for a document: what its first bytes say, else its ending, else ``plain``.

    Example:
        >>> choose_chunker(b"%PDF-1.7", "report.txt"), choose_chunker(b"# Hi", "README.md")
        ('pdf', 'markdown')
    """
    head = content[:SNIFFED]
    if b"%PDF-" in head:
        return "pdf"
    if _HTML.match(head):
        return "html"
    ending = path[path.rfind(".") :].lower() if "." in path else ""
    return ENDINGS.get(ending, "plain")


@chunker("plain")
class PlainChunker:
    """Paragraphs, then sentences (Unicode UAX 29)."""

    def __init__(self) -> None:
        self.id = _id("plain")

    def chunk(self, content: bytes, path: str) -> list[Chunk]:
        """Spans of the text."""
        return _some(_cut("TextSplitter", decode(content, path)), path)


@chunker("markdown")
class MarkdownChunker:
    """Headings, then blocks, then sentences (CommonMark)."""

    def __init__(self) -> None:
        self.id = _id("markdown")

    def chunk(self, content: bytes, path: str) -> list[Chunk]:
        """Spans of the Markdown source."""
        return _some(_cut("MarkdownSplitter", decode(content, path)), path)


@chunker("html")
class HtmlChunker:
    """The text of an HTML page: blocks become paragraphs, headings Markdown headings; scripts are left out."""

    def __init__(self) -> None:
        self.id = _id("html", "selectolax")

    def chunk(self, content: bytes, path: str) -> list[Chunk]:
        """Spans of the page's text."""
        lexbor = extra("selectolax.lexbor")
        declared = _CHARSET.search(content[:SNIFFED])
        page = lexbor.LexborHTMLParser(decode(content, path, declared[1].decode("ascii") if declared else "utf-8"))
        page.strip_tags(list(_UNREAD))
        return _some(_cut("MarkdownSplitter", "".join(_flow(page.root))), path)


@chunker("pdf")
class PdfChunker:
    """The text of a PDF; no chunk crosses a page."""

    def __init__(self) -> None:
        self.id = _id("pdf", "pypdf")

    def chunk(self, content: bytes, path: str) -> list[Chunk]:
        """Spans of the pages' texts, joined by form feeds."""
        found, offset = [], 0
        for page in _pages(content, path):
            found += [Chunk(one.start + offset, one.end + offset, one.text) for one in _cut("TextSplitter", page)]
            offset += len(page) + 1
        return _some(found, path)


def _pages(content: bytes, path: str) -> list[str]:
    pypdf = extra("pypdf")
    try:
        return [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages]
    except Exception as error:
        why = f"not a readable PDF: {type(error).__name__}: {error}"
        raise unusable(path, why, "print it to PDF again, without a password") from error


def _flow(root: Any) -> Iterator[str]:
    """Texts of a page in reading order, with a blank line wherever the nearest block changes."""
    before = None
    for node in root.traverse(include_text=True):
        if node.tag != "-text":
            continue
        words = re.sub(r"\s+", " ", node.text_content)
        block = _block(node.parent)
        if not words.strip() or block is None:
            continue
        if block.mem_id != before:
            yield "" if before is None else "\n\n"
            yield "#" * int(block.tag[1]) + " " if _HEADING.fullmatch(block.tag) else ""
        before = block.mem_id
        yield words


def _block(node: Any) -> Any:
    while node is not None and node.tag not in _BLOCKS:
        node = node.parent
    return node


def _cut(kind: str, text: str) -> list[Chunk]:
    pieces = _splitter(kind).chunk_indices(text)
    return [Chunk(start, start + len(piece), piece) for start, piece in pieces if indexed_text(piece)]


@cache
def _splitter(kind: str) -> Any:
    return getattr(extra("semantic_text_splitter"), kind)(SIZE)


def _some(chunks: list[Chunk], path: str) -> list[Chunk]:
    if not chunks:
        raise unusable(path, "no text in it", "hand in a version with text; a scan needs optical recognition first")
    return chunks


def _id(name: str, *more: str) -> str:
    extra("semantic_text_splitter")
    libraries = " ".join(f"{library}-{version(library)}" for library in ("semantic-text-splitter", *more))
    return f"{name} {SIZE[0]}-{SIZE[1]} {libraries}"
