"""Measure the clients for providers: CPU per call of the lean one beside httpx, and aiohttp where it is installed.

A mock in another process answers at once; 16 calls are under way at a time. What is compared is CPU time of the
calling process, all of it: client, event loop and kernel. Contenders take turns in each repeat, so that a ratio is
of neighbours in time; its interval is Student's t over repeats, on the logarithm.

Run: python bench/upstream.py [--calls N] [--repeats N] [--json]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import os
import statistics
import subprocess
import sys
import time
from contextlib import suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import uvloop
from httptools import HttpRequestParser
from scipy.stats import t as student

from proveout.gateway.upstream import Call, EventReader, Timeouts, open_client

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    # One call to a path: how many bytes, or events, came.
    Ask = Callable[[str], Awaitable[int]]

UNDER_WAY = 16
EVENTS = 21
REQUEST = json.dumps({"model": "m", "messages": [{"role": "user", "content": "Where is my card? " * 8}]}).encode()
ANSWER = json.dumps(
    {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": "m",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "On its way."}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 40, "completion_tokens": 4, "total_tokens": 44},
    }
).encode()
HEADERS = ((b"authorization", b"Bearer sk-0123456789abcdef0123456789abcdef"),)


class Mock(asyncio.Protocol):
    """Answers each request by its path: whole, or as events one by one."""

    whole = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-request-id: r\r\ncontent-length: %d\r\n\r\n%b" % (
        len(ANSWER),
        ANSWER,
    )
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    event = b"data: %b\n\n" % ANSWER
    chunk = b"%x\r\n%b\r\n" % (len(event), event)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there."""
        self.transport: Any = transport
        self.path = b""
        self.parser = HttpRequestParser(self)

    def data_received(self, data: bytes) -> None:
        """Bytes are there."""
        self.parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        """A request begins."""
        self.path = url

    def on_message_complete(self) -> None:
        """A request is there."""
        if self.path != b"/events":
            self.transport.write(self.whole)
        else:
            self.transport.write(self.head)
            self.send(EVENTS)

    def send(self, left: int) -> None:
        """The next event, each by a write of its own."""
        if left:
            self.transport.write(self.chunk)
            asyncio.get_running_loop().call_soon(self.send, left - 1)
        else:
            self.transport.write(b"0\r\n\r\n")


async def serve() -> None:
    """Print the port, and answer until the pipe to the parent closes."""
    server = await asyncio.get_running_loop().create_server(Mock, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


def ours(kind: str, url: str) -> tuple[Ask, Callable[[], Awaitable[None]]]:
    """One of our clients."""
    client = open_client(kind, url, Timeouts(), UNDER_WAY)

    async def ask(path: str) -> int:
        response = await client.send(Call(path, REQUEST, HEADERS))
        if path == "/events":
            reader = EventReader()
            return sum([len(reader.feed(chunk)) async for chunk in response.chunks()])
        return len(await response.read())

    return ask, client.close


def plain_httpx(url: str) -> tuple[Ask, Callable[[], Awaitable[None]]]:
    """Plain httpx as most use it, with kept connections."""
    import httpx  # noqa: PLC0415  each contender pays for its own

    client = httpx.AsyncClient(limits=httpx.Limits(max_connections=UNDER_WAY, max_keepalive_connections=UNDER_WAY))
    headers = [*HEADERS, (b"content-type", b"application/json")]

    async def ask(path: str) -> int:
        if path == "/events":
            async with client.stream("POST", url + path, content=REQUEST, headers=headers) as response:
                return sum([line.startswith("data:") async for line in response.aiter_lines()])
        return len((await client.post(url + path, content=REQUEST, headers=headers)).content)

    return ask, client.aclose


def plain_aiohttp(url: str) -> tuple[Ask, Callable[[], Awaitable[None]]]:
    """Plain aiohttp."""
    import aiohttp  # noqa: PLC0415  each contender pays for its own

    session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=UNDER_WAY))
    headers = {name.decode(): value.decode() for name, value in HEADERS} | {"content-type": "application/json"}

    async def ask(path: str) -> int:
        async with session.post(url + path, data=REQUEST, headers=headers) as response:
            if path == "/events":
                return sum([line.startswith(b"data:") async for line in response.content])
            return len(await response.read())

    return ask, session.close


async def measure(ask: Ask, path: str, calls: int) -> float:
    """CPU microseconds of this process for each call."""
    expected = EVENTS if path == "/events" else len(ANSWER)

    async def some() -> None:
        for _ in range(calls // UNDER_WAY):
            if await ask(path) != expected:
                raise ValueError("an answer is not whole")

    began = time.process_time()
    await asyncio.gather(*[some() for _ in range(UNDER_WAY)])
    return (time.process_time() - began) / (calls // UNDER_WAY * UNDER_WAY) * 1e6


async def compare(url: str, calls: int, repeats: int) -> dict[str, dict[str, list[float]]]:
    """Figures by path and contender, one for each repeat."""
    made = {
        "lean": ours("lean", url),
        "HttpxClient": ours("httpx", url),
        "httpx": plain_httpx(url),
        **({"aiohttp": plain_aiohttp(url)} if find_spec("aiohttp") else {}),
    }
    figures: dict[str, dict[str, list[float]]] = {}
    for path in ("/chat/completions", "/events"):
        figures[path] = {name: [] for name in made}
        for repeat in range(repeats + 1):
            for name, (ask, _) in made.items():
                # The slow ones get fewer calls: their figure is as steady.
                figure = await measure(ask, path, calls if name in {"lean", "aiohttp"} else calls // 32)
                if repeat:
                    figures[path][name].append(figure)
    for _, close in made.values():
        await close()
    return figures


def interval(values: list[float]) -> tuple[float, float, float]:
    """Geometric mean with its 95 % interval."""
    logs = [math.log(value) for value in values]
    middle = statistics.fmean(logs)
    half = student.ppf(0.975, len(logs) - 1) * statistics.stdev(logs) / math.sqrt(len(logs)) if len(logs) > 1 else 0.0
    return math.exp(middle), math.exp(middle - half), math.exp(middle + half)


def report(figures: dict[str, dict[str, list[float]]]) -> dict[str, dict[str, dict[str, list[float]]]]:
    """Microseconds and the ratio to the lean client: mean, low, high."""
    return {
        path: {
            name: {
                "us": list(interval(values)),
                "ratio": list(interval([value / own for value, own in zip(values, by["lean"], strict=True)])),
            }
            for name, values in by.items()
        }
        for path, by in figures.items()
    }


def main() -> None:
    """Start the mock on the other core, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=8_000)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--mock", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    # A container may not let a process choose its cores.
    with suppress(OSError):
        os.sched_setaffinity(0, {cores[-1 if given.mock else 0]})
    if given.mock:
        uvloop.run(serve())
        return
    with subprocess.Popen([sys.executable, __file__, "--mock"], stdin=-1, stdout=-1, text=True) as mock:
        try:
            url = f"http://127.0.0.1:{int(mock.stdout.readline() if mock.stdout else 0)}"
            found = report(uvloop.run(compare(url, given.calls, given.repeats)))
        finally:
            mock.terminate()
    if given.json:
        print(json.dumps(found))
        return
    for path, by in found.items():
        print(f"{path}, {UNDER_WAY} under way, CPU of the calling process")
        for name, figure in by.items():
            (us, low, high), (ratio, under, over) = figure["us"], figure["ratio"]
            print(f"  {name:12} {us:8.1f} µs [{low:.1f}, {high:.1f}]   {ratio:6.1f} x [{under:.1f}, {over:.1f}]")


if __name__ == "__main__":
    main()
