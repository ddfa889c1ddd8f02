"""The event: CloudEvents 1.0, checked when it is made."""

from __future__ import annotations

import base64
import re
from datetime import datetime
from typing import Any

import msgspec

from proveout.errors import EventInvalid

__all__ = ["Event", "invalid"]

SPEC_VERSION = "1.0"
MOST_CHARACTERS = 4096
_NAME = re.compile(r"[a-z0-9]{1,64}")
# Control characters, surrogates and non-characters, which the type system of CloudEvents forbids.
_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_RESERVED = frozenset({"id", "source", "type", "specversion", "subject", "time", "datacontenttype", "dataschema"})
_TEXTS = ("id", "source", "type", "subject", "datacontenttype", "dataschema")
_REQUIRED = ("id", "source", "type")
_SMALLEST, _LARGEST = -(2**31), 2**31 - 1


def invalid(why: str, fix: str = "send a CloudEvent 1.0", *, about: str = "event") -> EventInvalid:
    """The error for something that is no event."""
    return EventInvalid("not a CloudEvent", why=why, fix=fix, about=about)


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened, as CloudEvents 1.0 describes it; ``(source, id)`` is its identity.

    Attributes:
        id: unique within the source.
        source: where it happened, a URI reference.
        type: what happened: ``com.example.order.placed``.
        subject: what it happened to; "" when the source says nothing.
        time: when it happened, with its time zone.
        datacontenttype: media type of the data; "" means JSON.
        dataschema: URI of the data's schema.
        extensions: further attributes; the name holds lower-case letters and digits.
        data: JSON values, or bytes.

    Raises:
        EventInvalid: a required attribute is empty, or one is not of its type.

    Example:
        >>> Event(id="1", source="/desk", type="order.placed", data={"total": 12}).to_json().decode()
        '{"specversion":"1.0","id":"1","source":"/desk","type":"order.placed","data":{"total":12}}'
    """

    id: str
    source: str
    type: str
    subject: str = ""
    time: datetime | None = None
    datacontenttype: str = ""
    dataschema: str = ""
    extensions: dict[str, str | int | bool] = {}
    data: Any = None

    def __post_init__(self) -> None:
        for name in _TEXTS:
            if (value := getattr(self, name)) != "":
                _check_text(name, value)
            elif name in _REQUIRED:
                raise invalid(f"the attribute {name!r} is missing or empty")
        if self.time is not None and self.time.tzinfo is None:
            raise invalid("the attribute 'time' has no time zone")
        for name, value in self.extensions.items():
            _check_extension(name, value)

    @property
    def identity(self) -> tuple[str, str]:
        """What makes two deliveries the same event."""
        return (self.source, self.id)

    def to_dict(self) -> dict[str, Any]:
        """The JSON format of CloudEvents; bytes are under ``data_base64``."""
        found: dict[str, Any] = {"specversion": SPEC_VERSION, "id": self.id, "source": self.source, "type": self.type}
        for name in ("subject", "time", "datacontenttype", "dataschema"):
            if value := getattr(self, name):
                found[name] = value
        found |= self.extensions
        if isinstance(self.data, bytes):
            found["data_base64"] = base64.b64encode(self.data).decode("ascii")
        elif self.data is not None:
            found["data"] = self.data
        return found

    def to_json(self) -> bytes:
        """The event as structured content, which `parse_event` reads back."""
        return msgspec.json.encode(self.to_dict())


def _check_text(name: str, value: Any) -> None:
    if not isinstance(value, str):
        raise invalid(f"the attribute {name!r} is no text")
    if len(value) > MOST_CHARACTERS:
        raise invalid(f"the attribute {name!r} has {len(value):,} characters, and {MOST_CHARACTERS:,} are allowed")
    if _FORBIDDEN.search(value):
        raise invalid(f"the attribute {name!r} holds a control character")


def _check_extension(name: str, value: Any) -> None:
    if name in _RESERVED or name in {"data", "data_base64"} or not _NAME.fullmatch(name):
        raise invalid(f"{name[:80]!r} is no name of an attribute", "use lower-case letters and digits")
    if isinstance(value, bool):
        return
    if isinstance(value, int):
        if not _SMALLEST <= value <= _LARGEST:
            raise invalid(f"the attribute {name!r} is no 32-bit integer")
        return
    if not isinstance(value, str):
        raise invalid(f"the attribute {name!r} is neither text, integer nor boolean")
    _check_text(name, value)
