from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from proveout.gateway._exchange import Reply
from proveout.gateway.path._pump import Forwarded, collect, forward

DONE = b"data: [DONE]\n\n"


async def never() -> Any:
    await asyncio.Event().wait()


def forwarded(*chunks: bytes) -> tuple[Forwarded, list[bytes]]:
    sent: list[bytes] = []

    async def feed() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    async def send(message: Any) -> None:
        assert message["more_body"]
        sent.append(message["body"])

    return asyncio.run(forward(feed(), never, send)), sent


@pytest.mark.parametrize(
    "end",
    [
        DONE,
        b"data:[DONE]\n\n",
        b'data: {"last":1}\n\ndata: [DONE]\n\n',
        b'event: response.completed\ndata: {"response":"' + b"x" * 100_000 + b'"}\n\n',
        b'event: x\ndata: {}\n\nevent: response.failed\ndata: {"response":"' + b"x" * 100_000 + b'"}\n\n',
        b"event: response.incomplete\ndata: {}\n\n",
    ],
)
def test_the_event_that_ends_an_answer_is_held_back(end: bytes) -> None:
    found, sent = forwarded(b"data: {}\n\n", end, b": after\n\n")
    assert sent == [b"data: {}\n\n"]
    assert found == Forwarded(end + b": after\n\n")


@pytest.mark.parametrize(
    "chunk",
    [
        b'data: {"content":"streams end with data: [DONE]"}\n\n',
        rb'data: {"content":"\ndata: [DONE]"}' + b"\n\n",
        b'data: {"content":"event: response.completed"}\n\n',
        b"event: response.created\ndata: {}\n\n",
    ],
)
def test_an_answer_about_streams_is_not_held_back(chunk: bytes) -> None:
    found, sent = forwarded(chunk, chunk, DONE)
    assert sent == [chunk, chunk]
    assert found.last == DONE


def waiting(*, gone_first: bool) -> tuple[Forwarded | None, bool]:
    """What comes of a stream that stands still when its client, or its task, is ended; and whether it was cancelled."""

    async def main() -> tuple[Forwarded | None, bool]:
        gone = asyncio.Event()

        async def feed() -> AsyncIterator[bytes]:
            yield b"data: {}\n\n"
            await asyncio.Event().wait()

        async def receive() -> Any:
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(_message: Any) -> None:
            return

        async def work() -> Forwarded:
            found = await forward(feed(), receive, send)
            await asyncio.sleep(0)  # a cancellation that was left over would strike here
            task = asyncio.current_task()
            assert task is not None
            assert task.cancelling() == 0
            return found

        task = asyncio.ensure_future(work())
        await asyncio.sleep(0.001)
        if gone_first:
            gone.set()
        else:
            task.cancel()
        try:
            return await asyncio.wait_for(task, 1), False
        except asyncio.CancelledError:
            return None, True

    return asyncio.run(main())


def test_a_client_that_is_gone_ends_the_stream_and_nothing_else() -> None:
    assert waiting(gone_first=True) == (Forwarded(gone=True), False)


def test_a_cancellation_from_outside_is_none_of_the_client() -> None:
    assert waiting(gone_first=False) == (None, True)


def test_nobody_watches_once_a_stream_has_ended() -> None:
    async def main() -> int:
        async def feed() -> AsyncIterator[bytes]:
            yield DONE

        async def send(_message: Any) -> None:
            return

        await forward(feed(), never, send)
        await asyncio.sleep(0)
        return len(asyncio.all_tasks())

    assert asyncio.run(main()) == 1


@pytest.mark.parametrize("breaks", [False, True])
def test_what_is_collected_is_ended_whatever_happens(*, breaks: bool) -> None:
    class Chunks:
        ended = 0

        def __init__(self) -> None:
            self.left = [b"a", b"b"]

        def __aiter__(self) -> Chunks:
            return self

        async def __anext__(self) -> bytes:
            if not self.left:
                raise StopAsyncIteration
            if breaks and len(self.left) == 1:
                raise ZeroDivisionError
            return self.left.pop(0)

        async def aclose(self) -> None:
            self.ended += 1

    chunks = Chunks()
    if breaks:
        with pytest.raises(ZeroDivisionError):
            asyncio.run(collect(Reply(chunks=chunks)))
    else:
        assert asyncio.run(collect(Reply(chunks=chunks))).body == b"ab"
    assert chunks.ended == 1
