from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proveout.errors import EventInvalid
from proveout.events import Event, parse_batch, parse_event, parse_message

from .conftest import needed

FULL = {
    "specversion": "1.0",
    "id": "A234-1234-1234",
    "source": "https://github.com/cloudevents/spec/pull",
    "type": "com.github.pull_request.opened",
    "subject": "123",
    "time": "2018-04-05T17:31:00Z",
    "comexampleextension1": "value",
    "comexampleothervalue": 5,
    "datacontenttype": "text/xml",
    "data": '<much wow="xml"/>',
}
NEEDED = {"specversion": "1.0", "id": "1", "source": "/s", "type": "t"}
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=12,
)
TEXT = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=30)
EVENTS = st.builds(
    Event,
    id=TEXT,
    source=TEXT,
    type=TEXT,
    subject=TEXT | st.just(""),
    time=st.none() | st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    extensions=st.dictionaries(
        st.from_regex(r"\Ax[a-z0-9]{1,10}\Z"), TEXT | st.booleans() | st.integers(-9, 9), max_size=3
    ),
    data=JSON | st.binary(min_size=1, max_size=20),
)


def test_the_example_of_the_specification() -> None:
    event = parse_event(json.dumps(FULL).encode())
    assert (event.id, event.subject, event.data) == ("A234-1234-1234", "123", '<much wow="xml"/>')
    assert event.time == datetime(2018, 4, 5, 17, 31, tzinfo=UTC)
    assert event.extensions == {"comexampleextension1": "value", "comexampleothervalue": 5}


@settings(max_examples=50)
@given(EVENTS)
def test_what_is_written_is_read_back(event: Event) -> None:
    assert parse_event(event.to_json()) == event
    assert parse_batch(b"[" + event.to_json() + b"]") == [event]


@given(st.binary(max_size=200))
def test_bytes_are_an_event_or_refused(body: bytes) -> None:
    for headers in ({}, {"Content-Type": "application/cloudevents-batch+json"}, {"ce-specversion": "1.0"}):
        try:
            parse_message(headers, body)
        except EventInvalid as error:
            assert error.why
            assert error.fix


@given(st.dictionaries(st.sampled_from([*FULL, "data_base64", "Bad-Name", "x"]), JSON))
def test_any_json_object_is_an_event_or_refused(value: dict[str, Any]) -> None:
    body = json.dumps({"specversion": "1.0"} | value).encode()
    try:
        event = parse_event(body)
    except EventInvalid as error:
        assert len(str(error)) < 1000
    else:
        assert parse_event(event.to_json()) == event


@given(
    st.dictionaries(
        st.sampled_from(["ce-id", "ce-source", "CE-Type", "ce-time", "ce-x", "ce-data", "content-type"]),
        st.text(max_size=30),
    ),
    st.binary(max_size=50),
)
def test_any_headers_are_an_event_or_refused(headers: dict[str, str], body: bytes) -> None:
    try:
        found = parse_message({"ce-specversion": "1.0"} | headers, body)
    except EventInvalid:
        return
    assert [parse_event(one.to_json()) for one in found] == found


@pytest.mark.parametrize("missing", ["id", "source", "type"])
def test_an_event_without_an_identity_is_refused_and_never_given_one(missing: str) -> None:
    for value in ({}, {missing: None}, {missing: ""}):
        body = json.dumps({name: text for name, text in NEEDED.items() if name != missing} | value).encode()
        with pytest.raises(EventInvalid, match=f"'{missing}' is missing or empty"):
            parse_event(body)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"specversion": "0.3"}, "specversion is '0.3'"),
        ({"specversion": None}, "specversion is None"),
        ({"time": "yesterday"}, "RFC 3339"),
        ({"time": "2018-04-05T17:31:00"}, "RFC 3339"),
        ({"time": 12}, "RFC 3339"),
        ({"id": 7}, "'id' is no text"),
        ({"id": "a\nb"}, "control character"),
        ({"id": "x" * 5000}, "5,000 characters"),
        ({"Upper": "x"}, "no name of an attribute"),
        ({"ext": 1.5}, "neither text, integer nor boolean"),
        ({"ext": 2**31}, "32-bit"),
        ({"data": 1, "data_base64": "AA=="}, "both"),
        ({"data_base64": "!"}, "Base64"),
        ({"data_base64": 3}, "Base64"),
    ],
)
def test_wrong_attributes_are_named(change: dict[str, Any], why: str) -> None:
    with pytest.raises(EventInvalid, match=why):
        parse_event(json.dumps(NEEDED | change).encode())


def test_giant_and_deep_content_is_refused() -> None:
    with pytest.raises(EventInvalid, match="1,048,577 bytes"):
        parse_event(b" " * (1024 * 1024 + 1))
    for depth in (65, 500, 100_000):
        body = b'{"specversion":"1.0","id":"1","source":"/s","type":"t","data":' + b"[" * depth + b"]" * depth + b"}"
        with pytest.raises(EventInvalid, match="64 levels"):
            parse_event(body)
    wide = b'{"specversion":"1.0","id":"1","source":"/s","type":"t","data":[' + b"[]," * 500 + b"0]}"
    assert len(parse_event(wide).data) == 501


def test_bad_utf8_is_refused() -> None:
    with pytest.raises(EventInvalid, match="not JSON"):
        parse_event(b'{"specversion":"1.0","id":"\xff","source":"/s","type":"t"}')
    headers = {"ce-specversion": "1.0", "ce-id": "%ff", "ce-source": "/s", "ce-type": "t"}
    with pytest.raises(EventInvalid, match="percent-encoded"):
        parse_message(headers, b"")
    with pytest.raises(EventInvalid, match="not UTF-8"):
        parse_message(headers | {"ce-id": "1", "content-type": "text/plain"}, b"\xff")


def test_binary_mode() -> None:
    headers = {
        "Ce-Specversion": "1.0",
        "Ce-Id": "Euro %E2%82%AC",
        "Ce-Source": "/s",
        "Ce-Type": "t",
        "Ce-Time": "2020-01-01T00:00:00Z",
        "Ce-Region": '"eu"',
        "Authorization": "x",
    }
    (event,) = parse_message(headers | {"Content-Type": "application/json; charset=utf-8"}, b'{"a":[1]}')
    assert (event.id, event.data, event.extensions) == ("Euro €", {"a": [1]}, {"region": "eu"})
    assert parse_message(headers | {"Content-Type": "image/png"}, b"\x89")[0].data == b"\x89"
    assert parse_message(headers | {"Content-Type": "text/plain"}, "ü".encode())[0].data == "ü"
    assert parse_message(headers, b"")[0].data is None
    with pytest.raises(EventInvalid, match="not JSON"):
        parse_message(headers | {"Content-Type": "application/vnd.x+json"}, b"{")
    with pytest.raises(EventInvalid, match="ce-datacontenttype"):
        parse_message(headers | {"ce-datacontenttype": "x"}, b"")


def test_a_batch_is_whole_or_refused_with_the_place() -> None:
    body = json.dumps([NEEDED, NEEDED | {"type": ""}]).encode()
    with pytest.raises(EventInvalid, match="event 1 of the batch"):
        parse_batch(body)
    with pytest.raises(EventInvalid, match="JSON array"):
        parse_batch(b"{}")
    assert parse_batch(b"[]") == []


@settings(max_examples=30)
@given(EVENTS)
def test_the_reference_implementation_reads_what_is_written(event: Event) -> None:
    core = needed("cloudevents.core.bindings.http")
    found = core.from_structured_event(core.HTTPMessage(headers={}, body=event.to_json()))
    assert (found.get_id(), found.get_source(), found.get_type()) == (event.id, event.source, event.type)
    assert found.get_subject() == (event.subject or None)
    if event.time is not None:  # it makes up a time, as well as an id, where an event has none
        assert found.get_time() == event.time
    data = found.get_data()
    assert (base64.b64decode(data) if isinstance(event.data, bytes) and isinstance(data, str) else data) == event.data


def test_what_the_reference_implementation_writes_is_read() -> None:
    core = needed("cloudevents.core.bindings.http")
    kind = needed("cloudevents.core.v1.event").CloudEvent
    made = kind({"id": "7 €", "source": "/s", "type": "t", "datacontenttype": "application/json"}, {"a": "ü"})
    for write in (core.to_structured_event, core.to_binary_event):
        message = write(made)
        (event,) = parse_message(message.headers, message.body)
        assert (event.id, event.data, event.time) == ("7 €", {"a": "ü"}, made.get_time())
