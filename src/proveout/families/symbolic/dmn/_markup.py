"""Reads XML into plain elements without entities, document types or anything from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn
from xml.parsers import expat

from proveout.errors import DecisionModelInvalid

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Element", "read_markup"]

LARGEST = 50_000_000
DEEPEST = 100
# expat joins namespace and local name with this.
MARK = " "


class Element:
    """An element: local name, namespace, attributes without a namespace, children and text."""

    __slots__ = ("attributes", "children", "name", "pieces", "space")

    def __init__(self, name: str, space: str, attributes: dict[str, str]) -> None:
        self.name = name
        self.space = space
        self.attributes = attributes
        self.children: list[Element] = []
        self.pieces: list[str] = []

    @property
    def text(self) -> str:
        """The text directly within."""
        return "".join(self.pieces).strip()

    def all(self, name: str) -> Iterator[Element]:
        """Children of that local name in the element's own namespace."""
        return (one for one in self.children if one.name == name and one.space == self.space)

    def first(self, name: str) -> Element | None:
        """The first such child."""
        return next(self.all(name), None)


class _Builder:
    def __init__(self, about: str) -> None:
        self.about = about
        self.stack: list[Element] = []
        self.root: Element | None = None

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        space, _, name = tag.rpartition(MARK)
        plain = {key: value for key, value in attributes.items() if MARK not in key}
        element = Element(name, space, plain)
        if len(self.stack) >= DEEPEST:
            raise _invalid(f"elements are nested more than {DEEPEST} deep", self.about)
        if self.stack:
            self.stack[-1].children.append(element)
        else:
            self.root = element
        self.stack.append(element)

    def end(self, _tag: str) -> None:
        self.stack.pop()

    def characters(self, text: str) -> None:
        if self.stack:
            self.stack[-1].pieces.append(text)

    def refused(self, *_parts: object) -> NoReturn:
        raise _invalid("it has a document type or an entity, which can expand without end or read files", self.about)


def _invalid(why: str, about: str) -> DecisionModelInvalid:
    return DecisionModelInvalid(
        "the XML cannot be read", why=why, fix="export the model again as plain XML", about=about
    )


def read_markup(data: bytes, about: str) -> Element:
    """The root element of an XML text of at most 50 MB.

    Raises:
        DecisionModelInvalid: it is not well formed, is too large or too deep, or declares a document type or entity.

    Example:
        >>> read_markup(b"<a xmlns='urn:x'><b c='1'>text</b></a>", "example").children[0].text
        'text'
    """
    if len(data) > LARGEST:
        raise _invalid(f"it has {len(data)} bytes, more than {LARGEST}", about)
    builder = _Builder(about)
    parser = expat.ParserCreate(namespace_separator=MARK)
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.characters
    parser.StartDoctypeDeclHandler = builder.refused
    parser.EntityDeclHandler = builder.refused
    parser.ExternalEntityRefHandler = builder.refused
    try:
        parser.Parse(data, True)  # noqa: FBT003  expat takes it by place only
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise _invalid(str(error) or type(error).__name__, about) from None
    if builder.root is None:
        raise _invalid("it has no element", about)
    return builder.root
