from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from proveout.errors import UpstreamLied
from proveout.gateway.upstream import Event, EventReader, WholeEvents

PARTS = [b"data", b"data:", b"data: ", b"event: ", b"event:", b"id: 1", b"retry: 10", b":", b" ", b"a", b"\xc3\xbc"]
ENDS = [b"\n", b"\r", b"\r\n", b"\n\n", b"\r\n\r\n", b"\r\r", b"\xef\xbb\xbf"]
STREAM = st.lists(st.sampled_from(PARTS + ENDS) | st.binary(max_size=4), max_size=40).map(b"".join)


@st.composite
def cut(draw: st.DrawFn) -> list[bytes]:
    data = draw(STREAM)
    edges = [0, *sorted(draw(st.lists(st.integers(0, len(data)), max_size=10))), len(data)]
    return [data[begin:end] for begin, end in pairwise(edges)]


def events(pieces: list[bytes], most: int = 1 << 20) -> list[Event]:
    reader = EventReader(most)
    return [event for piece in pieces for event in reader.feed(piece)]


def by_the_standard(stream: bytes) -> list[Event]:
    """The algorithm of the standard, line by line over the whole stream."""
    found = []
    data: list[bytes] = []
    kind = b""
    for line in re.split(rb"\r\n|\r|\n", stream.removeprefix(b"\xef\xbb\xbf"))[:-1]:
        if not line:
            if data:
                found.append(Event(b"\n".join(data), kind.decode("utf-8", "replace") or "message"))
            data, kind = [], b""
        elif not line.startswith(b":"):
            name, _, value = line.partition(b":")
            value = value[1:] if value[:1] == b" " else value
            if name == b"data":
                data.append(value)
            elif name == b"event":
                kind = value
    return found


@given(cut())
@example([b"data: a\r", b"\ndata: b\r\n", b"\r", b"\n"])
@example([b"\xef", b"\xbb", b"\xbfdata: a\n\n"])
@example([b"\r", b"", b"\ndata: a\n\n"])
@settings(max_examples=500)
def test_any_pieces_give_the_events_of_the_standard(pieces: list[bytes]) -> None:
    stream = b"".join(pieces)
    assert events(pieces) == events([stream]) == events([bytes([byte]) for byte in stream]) == by_the_standard(stream)


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (b"data: a\ndata: b\n\n", [Event(b"a\nb")]),
        (b"data:a\n\n", [Event(b"a")]),
        (b"data:  a\n\n", [Event(b" a")]),
        (b"data\n\n", [Event(b"")]),
        (b"data\ndata\n\n", [Event(b"\n")]),
        (b"event: ping\ndata: {}\n\n", [Event(b"{}", "ping")]),
        (b"event: ping\n\ndata: {}\n\n", [Event(b"{}")]),
        (b": keep-alive\n\n", []),
        (b"id: 7\nretry: 5\ndata: a\n\n", [Event(b"a")]),
        (b"datum: a\n\n", []),
        (b"data: a: b\n\n", [Event(b"a: b")]),
        (b"data: a", []),
        (b"data: a\n", []),
        (b"event: \xff\ndata: a\n\n", [Event(b"a", "\ufffd")]),
    ],
)
def test_events_are_those_of_the_standard(stream: bytes, expected: list[Event]) -> None:
    assert events([stream]) == expected == by_the_standard(stream)


@pytest.mark.parametrize(
    ("stream", "pending"),
    [
        (b"", False),
        (b"data: a\n\n", False),
        (b"data: a\n", True),
        (b"da", True),
        (b"event: a\n", True),
        (b":\n", False),
    ],
)
def test_half_an_event_is_told(stream: bytes, pending: bool) -> None:  # noqa: FBT001  a case
    reader = EventReader()
    reader.feed(stream)
    assert reader.pending == pending


@given(cut(), st.integers(1, 30))
@settings(max_examples=300)
def test_the_bound_does_not_depend_on_the_pieces(pieces: list[bytes], most: int) -> None:
    def outcome(cut_as: list[bytes]) -> list[Event] | None:
        try:
            return events(cut_as, most)
        except UpstreamLied:
            return None

    assert outcome(pieces) == outcome([b"".join(pieces)])


@pytest.mark.parametrize("piece", [b"x" * 100, b"data: a\n", b"data: a\r\n", b": c", b"event: b"])
def test_an_event_without_end_is_bounded(piece: bytes) -> None:
    reader = EventReader(most_bytes=10_000)
    with pytest.raises(UpstreamLied):
        [reader.feed(piece) for _ in range(10_000)]
    assert sum(map(len, reader._parts)) + sum(map(len, reader._data)) <= 10_200


@given(cut())
@example([b"data: a\r\n\r", b"\ndata: b\n\n"])
@example([b"data: a\n", b"\n", b"data"])
@settings(max_examples=500)
def test_bytes_are_passed_on_up_to_a_whole_event(pieces: list[bytes]) -> None:
    whole = WholeEvents()
    passed = []
    for piece in pieces:
        passed.append(whole.feed(piece))
        if any(passed):
            reader = EventReader()
            for sent in passed:
                reader.feed(sent)
            assert not reader.pending
    assert b"".join(passed) + whole.held == b"".join(pieces)
    # Nothing that could go has stayed.
    assert not re.search(rb"\n\n|\n\r|\r\r", whole.held)
    assert events([*passed, whole.held]) == events(pieces)


def test_what_is_held_back_is_bounded() -> None:
    whole = WholeEvents(most_bytes=1000)
    with pytest.raises(UpstreamLied):
        [whole.feed(b"data: a\n") for _ in range(1000)]
