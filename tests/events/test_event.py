from __future__ import annotations

from datetime import datetime

import pytest

from proveout.errors import EventInvalid
from proveout.events import Event, parse_event


def test_an_event_that_is_made_is_checked_as_one_that_is_read() -> None:
    with pytest.raises(EventInvalid, match="'id' is missing"):
        Event(id="", source="/s", type="t")
    with pytest.raises(EventInvalid, match="no time zone"):
        Event(id="1", source="/s", type="t", time=datetime(2020, 1, 1))  # noqa: DTZ001  what is to be refused
    with pytest.raises(EventInvalid, match="no name of an attribute"):
        Event(id="1", source="/s", type="t", extensions={"data": "x"})


def test_bytes_travel_as_base64() -> None:
    event = Event(id="1", source="/s", type="t", data=b"\x00\xff")
    assert event.to_dict()["data_base64"] == "AP8="
    assert parse_event(event.to_json()).data == b"\x00\xff"


def test_the_identity_is_source_and_id() -> None:
    one, other = Event(id="1", source="/s", type="t"), Event(id="1", source="/s", type="u", data=3)
    assert one.identity == other.identity == ("/s", "1")
