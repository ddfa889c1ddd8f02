from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.errors import BodyTooLarge, RequestInvalid
from proveout.gateway.path._body import ClientGone, Head, read_body, read_head


def head(*headers: tuple[bytes, bytes]) -> Head:
    return read_head({"headers": list(headers)})


def body(*messages: Any, length: bytes = b"", most: int = 1000, seconds: float = 5.0) -> bytes:
    left = list(messages)

    async def receive() -> Any:
        if not left:
            await asyncio.Event().wait()
        part = left.pop(0)
        return {"type": "http.disconnect"} if part is None else {"type": "http.request", **part}

    return asyncio.run(read_body(head((b"content-length", length)), receive, most, seconds))


@pytest.mark.parametrize(
    ("sent", "credential"),
    [
        (b"Bearer k", b"k"),
        (b"bearer   k ", b"k"),
        (b"BEARER k", b"k"),
        (b"Basic k", b""),
        (b"Bearerk", b""),
        (b"k", b""),
        (b"", b""),
    ],
)
def test_a_credential_is_a_bearer_token(sent: bytes, credential: bytes) -> None:
    assert head((b"authorization", sent)).credential == credential


def test_nothing_else_is_looked_at_and_of_a_repeated_header_the_last_counts() -> None:
    found = head((b"x-request-id", b"1"), (b"x-upstream-url", b"http://evil"), (b"x-request-id", b"2"))
    assert found == Head(b"", b"2", b"", b"", b"")


@given(st.lists(st.binary(max_size=50), min_size=1, max_size=8), st.integers(0, 200))
def test_a_body_is_all_that_came_or_too_large(parts: list[bytes], most: int) -> None:
    messages = [{"body": part, "more_body": number < len(parts)} for number, part in enumerate(parts, 1)]
    whole = b"".join(parts)
    if len(whole) <= most:
        assert body(*messages, most=most) == whole
    else:
        with pytest.raises(BodyTooLarge):
            body(*messages, most=most)


@pytest.mark.parametrize("length", [b"1001", b"9" * 4000])
def test_what_says_that_it_is_too_large_is_not_read(length: bytes) -> None:
    with pytest.raises(BodyTooLarge) as refused:
        body(length=length)
    assert (b"connection", b"close") in refused.value.headers


@pytest.mark.parametrize("length", [b"", b"-1", b"x", b"+5", b"\xb2"])
def test_a_length_that_is_none_is_for_the_server_to_refuse(length: bytes) -> None:
    assert body({"body": b"abc"}, length=length) == b"abc"


def test_a_body_that_does_not_come_in_time_is_refused() -> None:
    with pytest.raises(RequestInvalid):
        body({"body": b"a", "more_body": True}, seconds=0.01)


@pytest.mark.parametrize("before", [[], [{"body": b"a", "more_body": True}]])
def test_a_client_that_goes_away_is_gone(before: list[Any]) -> None:
    with pytest.raises(ClientGone):
        body(*before, None)
