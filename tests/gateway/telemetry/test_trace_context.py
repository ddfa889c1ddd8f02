"""W3C trace context: every rule on the header, and what is sent on."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.gateway.telemetry import child_traceparent, parse_traceparent, span_id_of, valid_traceparent

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
GOOD = f"00-{TRACE}-{SPAN}-01"


@pytest.mark.parametrize(
    ("header", "flags"),
    [
        (GOOD, 1),
        (f"00-{TRACE}-{SPAN}-00", 0),
        (f"00-{TRACE}-{SPAN}-03", 3),
        (f"00-{TRACE}-{SPAN}-ff", 3),
        (f"cc-{TRACE}-{SPAN}-01", 1),
        (f"cc-{TRACE}-{SPAN}-01-what-the-future-will-be-like", 1),
        (f"cc-{TRACE}-{SPAN}-01-", 1),
    ],
)
def test_valid_headers(header: str, flags: int) -> None:
    assert parse_traceparent(header) == (TRACE, SPAN, flags)
    assert valid_traceparent(header.encode()) == header


@pytest.mark.parametrize(
    "header",
    [
        "",
        "00",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"cc-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-0A",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE}-{SPAN}-011",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE}-{SPAN}-01-",
        f"cc-{TRACE}-{SPAN}-01.more",
        f"cc-{TRACE}-{SPAN}-01-\x7f",
        f"cc-{TRACE}-{SPAN}-01-{'x' * 600}",
        f" {GOOD}",
        f"{GOOD} ",
        f"{GOOD}\n",
        f"00_{TRACE}-{SPAN}-01",
        f"00-{TRACE[1:]}-{SPAN}-01",
        f"00-{TRACE}0-{SPAN}-01",
        f"00-{TRACE[:-1]}g-{SPAN}-01",
        f"00-{TRACE[:-1]}\u0661-{SPAN}-01",
        f"{GOOD},{GOOD}",
    ],
)
def test_invalid_headers(header: str) -> None:
    assert parse_traceparent(header) is None
    assert valid_traceparent(header.encode()) == ""


def by_the_letter(header: str) -> bool:
    """The rules of the recommendation, one after the other."""
    parts = header.split("-", 4)
    if len(parts) < 4 or [len(part) for part in parts[:4]] != [2, 32, 16, 2]:
        return False
    if any(re.fullmatch(r"[0-9a-f]+", part) is None for part in parts[:4]):
        return False
    if parts[0] == "ff" or set(parts[1]) == {"0"} or set(parts[2]) == {"0"}:
        return False
    return len(parts) == 4 or (parts[0] != "00" and all("\x21" <= letter <= "\x7e" for letter in parts[4]))


@given(st.from_regex(r"[0-9a-f]{2}-[0-9a-f]{31,33}-[0-9a-f]{15,17}-[0-9a-fA]{1,3}(-.{0,4})?", fullmatch=True))
def test_it_says_what_the_rules_say(header: str) -> None:
    assert (parse_traceparent(header) is not None) is by_the_letter(header)


@given(st.binary(max_size=80))
def test_any_bytes_are_valid_or_nothing(header: bytes) -> None:
    assert valid_traceparent(header) in ("", header.decode("latin-1"))


@given(st.text(max_size=60), st.text(max_size=20))
def test_what_is_sent_on_is_always_valid(parent: str, request_id: str) -> None:
    sent = parse_traceparent(child_traceparent(parent, request_id))
    assert sent is not None
    assert sent.span == span_id_of(request_id)


@pytest.mark.parametrize("header", [GOOD, f"00-{TRACE}-{SPAN}-02", f"cc-{TRACE}-{SPAN}-ff-more"])
def test_the_trace_and_its_flags_are_kept(header: str) -> None:
    sent, came = parse_traceparent(child_traceparent(header, "r")), parse_traceparent(header)
    assert sent is not None
    assert came is not None
    assert (sent.trace, sent.flags) == (came.trace, came.flags)
    assert child_traceparent(header, "r").startswith("00-")


def test_without_a_parent_each_request_begins_a_trace_that_is_sampled() -> None:
    one, other = parse_traceparent(child_traceparent("", "a")), parse_traceparent(child_traceparent("", "b"))
    assert one is not None
    assert other is not None
    assert one.trace != other.trace
    assert one.flags == 1
    assert child_traceparent("", "a") == child_traceparent("", "a")
