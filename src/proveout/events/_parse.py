"""Reading CloudEvents: structured, batched and binary content of HTTP, and the same of brokers."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import unquote

import msgspec
from msgspec import Meta

from proveout.errors import EventInvalid
from proveout.events._event import SPEC_VERSION, Event, invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MOST_BYTES", "MOST_DEPTH", "content_mode", "parse_batch", "parse_event", "parse_message"]

MOST_BYTES = 1024 * 1024
MOST_DEPTH = 64
_STRUCTURED = "application/cloudevents+json"
_BATCH = "application/cloudevents-batch+json"
_PREFIX = "ce-"
_TEXTS = ("id", "source", "type", "subject", "datacontenttype", "dataschema")
_OWN = frozenset({*_TEXTS, "specversion", "time", "data", "data_base64"})
_Instant = Annotated[datetime, Meta(tz=True)]


def parse_event(body: bytes, *, most_bytes: int = MOST_BYTES) -> Event:
    r"""Read one event in the JSON format of CloudEvents 1.0.

    Args:
        body: UTF-8.
        most_bytes: a longer one is refused.

    Raises:
        EventInvalid: it is not JSON, too large or too deep, or an attribute is missing or wrong.

    Example:
        >>> parse_event(b'{"specversion":"1.0","id":"7","source":"/s","type":"t"}').id
        '7'
        >>> parse_event(b'{"specversion":"1.0","id":"7"}')
        Traceback (most recent call last):
        proveout.errors.EventInvalid: event: not a CloudEvent: the attribute 'source' is missing or empty. Next: ...
    """
    return _from_json(_decode(body, most_bytes, "the event"))


def parse_batch(body: bytes, *, most_bytes: int = MOST_BYTES) -> list[Event]:
    """Read a JSON array of events; all of them or none.

    Raises:
        EventInvalid: as `parse_event`, naming the place in the batch.
    """
    values = _decode(body, most_bytes, "the batch")
    if not isinstance(values, list):
        raise invalid("a batch is a JSON array")
    events = []
    for place, value in enumerate(values):
        try:
            events.append(_from_json(value))
        except EventInvalid as error:
            raise invalid(error.why, error.fix, about=f"event {place} of the batch") from error
    return events


def content_mode(headers: Mapping[str, str]) -> str:
    """Which of ``structured``, ``batch`` and ``binary`` the headers announce; "" when none of them.

    Args:
        headers: names in lower case.
    """
    kind = _media_type(headers.get("content-type", ""))
    if kind == _BATCH:
        return "batch"
    if kind == _STRUCTURED:
        return "structured"
    return "binary" if f"{_PREFIX}specversion" in headers else ""


def parse_message(headers: Mapping[str, str], body: bytes, *, most_bytes: int = MOST_BYTES) -> list[Event]:
    """Read the events of one message, in whichever content mode it comes (HTTP and NATS bindings of CloudEvents).

    Args:
        headers: names in any case.
        body: of the message.
        most_bytes: a longer body is refused.

    Raises:
        EventInvalid: as `parse_event`.

    Example:
        >>> headers = {"ce-specversion": "1.0", "ce-id": "7", "ce-source": "/s", "ce-type": "t"}
        >>> parse_message(headers | {"content-type": "application/json"}, b'{"a": 1}')[0].data
        {'a': 1}
    """
    lower = {name.lower(): value for name, value in headers.items()}
    mode = content_mode(lower)
    if mode == "batch":
        return parse_batch(body, most_bytes=most_bytes)
    if mode == "binary":
        return [_from_binary(lower, body, most_bytes)]
    # Brokers often carry no header at all; what such a message holds can only be a structured event.
    return [parse_event(body, most_bytes=most_bytes)]


def _media_type(value: str) -> str:
    return value.partition(";")[0].strip().lower()


def _decode(body: bytes, most_bytes: int, what: str) -> Any:
    if len(body) > most_bytes:
        raise invalid(
            f"{what} has {len(body):,} bytes, and {most_bytes:,} are allowed", "send less, or raise the limit"
        )
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise invalid(f"{what} is not JSON: {error}") from error
    except RecursionError as error:
        raise _too_deep(what) from error
    if body.count(b"{") + body.count(b"[") > MOST_DEPTH:
        _check_depth(value, what)
    return value


def _check_depth(value: Any, what: str) -> None:
    """Level by level and not by recursion, which is what is to be guarded against."""
    level, depth = [value], 0
    while level := [inner for outer in level for inner in _inside(outer)]:
        depth += 1
        if depth > MOST_DEPTH:
            raise _too_deep(what)


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _too_deep(what: str) -> EventInvalid:
    return invalid(f"{what} is nested more than {MOST_DEPTH} levels deep", "send flatter data")


def _from_json(value: Any) -> Event:
    if not isinstance(value, dict):
        raise invalid("an event is a JSON object")
    if value.get("specversion") != SPEC_VERSION:
        raise invalid(f"its specversion is {value.get('specversion')!r:.40}, and {SPEC_VERSION!r} is read")
    data = value.get("data")
    if (encoded := value.get("data_base64")) is not None:
        if data is not None:
            raise invalid("it has both 'data' and 'data_base64'")
        data = _from_base64(encoded)
    return _event(value, data)


def _event(attributes: Mapping[str, Any], data: Any) -> Event:
    """An attribute that is null is one that is not there, as the JSON format says."""
    texts = {name: attributes[name] for name in _TEXTS if attributes.get(name) is not None}
    further = {name: value for name, value in attributes.items() if name not in _OWN and value is not None}
    time = attributes.get("time")
    shared = {"time": None if time is None else _instant(time), "extensions": further, "data": data}
    return Event(**{"id": "", "source": "", "type": "", **texts, **shared})


def _instant(value: Any) -> datetime:
    try:
        return msgspec.convert(value, _Instant)
    except (msgspec.ValidationError, OverflowError) as error:
        raise invalid(f"the attribute 'time' is {value!r:.60}, and RFC 3339 with a time zone is read") from error


def _from_base64(encoded: Any) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, TypeError, ValueError) as error:
        raise invalid("'data_base64' is not Base64") from error


def _from_binary(headers: Mapping[str, str], body: bytes, most_bytes: int) -> Event:
    attributes = {
        name.removeprefix(_PREFIX): _unquoted(name, value)
        for name, value in headers.items()
        if name.startswith(_PREFIX)
    }
    if attributes.get("specversion") != SPEC_VERSION:
        raise invalid(f"its specversion is {attributes.get('specversion')!r:.40}, and {SPEC_VERSION!r} is read")
    if stray := attributes.keys() & {"data", "data_base64", "datacontenttype"}:
        raise invalid(f"{_PREFIX}{min(stray)} is no header of the binary mode", "use Content-Type and the body")
    kind = headers.get("content-type", "")
    attributes["datacontenttype"] = kind
    return _event(attributes, _data(body, _media_type(kind), most_bytes))


def _unquoted(name: str, value: str) -> str:
    """Undo the percent-encoding of the HTTP binding, section 3.1.3.2, and the quotes that senders may put."""
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = value[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    try:
        return unquote(value, errors="strict")
    except UnicodeDecodeError as error:
        raise invalid(f"the header {name!r:.80} is not percent-encoded UTF-8") from error


def _data(body: bytes, kind: str, most_bytes: int) -> Any:
    if len(body) > most_bytes:
        raise invalid(f"the data have {len(body):,} bytes, and {most_bytes:,} are allowed", "send less")
    if not body:
        return None
    if kind in {"", "application/json", "text/json"} or kind.endswith("+json"):
        return _decode(body, most_bytes, "the data")
    if not kind.startswith("text/"):
        return body
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise invalid(f"the data of type {kind!r:.80} are not UTF-8") from error
