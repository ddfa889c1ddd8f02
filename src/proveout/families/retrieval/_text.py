"""Bytes to text, strictly; and text as it is indexed and embedded."""

from __future__ import annotations

import codecs
import re

from proveout.errors import DocumentUnusable

__all__ = ["decode", "indexed_text", "invisible_count", "unusable"]

# Bidirectional controls, zero-width characters, soft hyphen and tag characters (Unicode 16, properties
# Bidi_Control and Default_Ignorable_Code_Point): a reader does not see them, an index would.
_INVISIBLE = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]")
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_SPACES = re.compile(r"\s+")


def decode(content: bytes, path: str, declared: str = "utf-8") -> str:
    """The bytes as text: by byte-order mark, else as declared.

    Raises:
        DocumentUnusable: NULs, or bytes that are not of that encoding.
    """
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), declared)
    if encoding != "utf-16" and b"\0" in content:
        why = f"a NUL byte at offset {content.index(0):,}"
        raise unusable(path, f"binary: {why}", "hand in its text, or register a chunker for its format")
    try:
        text = content.decode(encoding)
    except (UnicodeDecodeError, LookupError) as error:
        raise unusable(path, f"undecodable: {error}", "save it as UTF-8") from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def indexed_text(text: str) -> str:
    r"""The text without invisible characters, its white space single: what is indexed, embedded and hashed.

    Example:
        >>> indexed_text("pay\u200bment  due")
        'payment due'
    """
    return _SPACES.sub(" ", _INVISIBLE.sub("", text)).strip()


def invisible_count(text: str) -> int:
    """How many characters `indexed_text` strips because nobody sees them."""
    return len(_INVISIBLE.findall(text))


def unusable(path: str, why: str, fix: str) -> DocumentUnusable:
    """A `DocumentUnusable` about one document."""
    return DocumentUnusable("cannot use the document", why=why, fix=fix, about=path)
