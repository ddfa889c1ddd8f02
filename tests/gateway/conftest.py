"""A gateway in this process: fake providers, records in a list, requests over bare ASGI, and a clock turned by hand."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from random import Random
from typing import Any

import msgspec
import pytest

from proveout.errors import Overloaded
from proveout.gateway import Configuration, Key, RequestServed, Settings
from proveout.gateway.keys._secret import digest_of, new_secret
from proveout.gateway.limits import Limiter, LocalSlots
from proveout.gateway.limits._slots import CELL, DAY_SPENT, HELD
from proveout.gateway.path import Gateway, State
from proveout.gateway.providers import Providers
from proveout.gateway.record import MemoryRecorder
from proveout.gateway.tasks import Batcher, Stage, TaskAnswerer
from proveout.gateway.upstream import Call
from proveout.task import Answer
from proveout.testing import make_task

CHAT = "/v1/chat/completions"
NOW = 1_700_000_000
DONE = b"data: [DONE]\n\n"
USAGE = {"prompt_tokens": 7, "completion_tokens": 3}


def completion(text: str = "hello", **more: Any) -> bytes:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return json.dumps({"id": "c", "model": "m-1", "choices": [choice], "usage": USAGE, **more}).encode()


def delta(text: str, **more: Any) -> bytes:
    return b"data: " + json.dumps({"choices": [{"index": 0, "delta": {"content": text}, **more}]}).encode() + b"\n\n"


def events(*texts: str) -> list[bytes]:
    usage = b"data: " + json.dumps({"choices": [], "usage": USAGE}).encode() + b"\n\n"
    return [*(delta(text) for text in texts), delta("", finish_reason="stop"), usage, DONE]


class FakeResponse:
    """An answer in pieces; one that is an error is raised, an event is waited for, None never comes."""

    def __init__(self, status: int, pieces: Sequence[Any], headers: list[tuple[bytes, bytes]]) -> None:
        self.status, self.pieces, self.headers = status, pieces, headers
        self.closed = False

    async def read(self, most_bytes: int = 0) -> bytes:
        return b"".join([piece async for piece in self.chunks()])

    async def chunks(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            if isinstance(piece, BaseException):
                raise piece
            if piece is None or isinstance(piece, asyncio.Event):
                await (piece or asyncio.Event()).wait()
            else:
                yield piece

    def close(self) -> None:
        self.closed = True


class FakeClient:
    """Answers each call with what ``say`` gives: a status and pieces."""

    def __init__(self, say: Callable[[Call], Any]) -> None:
        self.say = say
        self.calls: list[Call] = []
        self.given: list[FakeResponse] = []
        self.closed = False

    async def send(self, call: Call) -> FakeResponse:
        self.calls.append(call)
        answer = self.say(call)
        if asyncio.iscoroutine(answer):
            answer = await answer
        if isinstance(answer, BaseException):
            raise answer
        status, body, *headers = answer
        self.given.append(FakeResponse(status, body if isinstance(body, list) else [body], headers))
        return self.given[-1]

    async def close(self) -> None:
        self.closed = True


class Got:
    """What a client got, message by message."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.came = asyncio.Event()

    @property
    def status(self) -> int:
        return int(self.messages[0]["status"])

    @property
    def headers(self) -> dict[str, str]:
        return {name.decode(): value.decode() for name, value in self.messages[0]["headers"]}

    @property
    def chunks(self) -> list[bytes]:
        return [message.get("body", b"") for message in self.messages[1:]]

    @property
    def body(self) -> bytes:
        return b"".join(self.chunks)

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def ended(self) -> bool:
        return len(self.messages) > 1 and not self.messages[-1].get("more_body", False)


class GatedRecorder(MemoryRecorder):
    """A recorder whose room and whose disk a test opens and shuts."""

    def __init__(self) -> None:
        super().__init__()
        self.full = False
        self.durable_at = asyncio.Event()
        self.put_one = asyncio.Event()
        self.durable_at.set()
        self.gone: Overloaded | None = None

    def put(self, record: bytes) -> int:
        if self.full:
            raise Overloaded("not recorded", why="full", fix="try again", about="ledger")
        self.put_one.set()
        return super().put(record)

    async def durable(self, place: int) -> None:
        await self.durable_at.wait()
        if self.gone is not None:
            raise self.gone


class World:
    """One gateway and all around it.

    Args:
        settings: tables of ``gateway.toml``, with a provider ``main`` unless they state others.
        say: what providers answer.
        keys: that may call; without any, everybody may.
        served: tasks by name.
        embedders: by name.
    """

    def __init__(
        self,
        settings: Mapping[str, Any],
        say: Callable[[Call], Any],
        keys: Sequence[Key] = (),
        served: Mapping[str, TaskAnswerer] | None = None,
        embedders: Mapping[str, Any] | None = None,
        home: str = "/nowhere",
    ) -> None:
        self.now = 100.0
        self.wall = NOW * 10**9
        self.say = say
        self.home, self.keys = home, tuple(keys)
        self.tasks, self.embedders = dict(served or {}), dict(embedders or {})
        self.clients: list[FakeClient] = []
        self.recorder = GatedRecorder()
        self.slots = LocalSlots()
        self.notices: list[str] = []
        limiter = Limiter(self.slots, monotonic=lambda: self.now, wall=lambda: self.wall / 1e9)
        self.gateway = Gateway(
            self.state(settings),
            self.recorder,
            limiter=limiter,
            notice=self.notices.append,
            clock=lambda: self.now,
            wall=lambda: self.wall,
        )

    def state(self, settings: Mapping[str, Any], before: State | None = None) -> State:
        """What is in force under these tables."""
        stated = {"providers": {"main": {"base_url": "https://main.example/v1"}}, **settings}
        priced = {"usd_per_million_in": 1e6, "usd_per_million_out": 1e6, "retries": 0}
        stated["providers"] = {name: {**priced, **table} for name, table in stated["providers"].items()}
        made: Settings = msgspec.convert(stated, Settings)
        providers = Providers(
            made,
            clock=lambda: self.now,
            environment={"KEY": "sk-upstream-secret"},
            rng=Random(1),
            open=self._open,
            before=None if before is None else before.providers,
        )
        configuration = Configuration(home=self.home, settings=made, keys=self.keys)
        return State(configuration, tasks=self.tasks, embedders=self.embedders, providers=providers, before=before)

    def _open(self, **_: Any) -> FakeClient:
        self.clients.append(FakeClient(self._said))
        return self.clients[-1]

    def _said(self, call: Call) -> Any:
        return self.say(call)

    @property
    def calls(self) -> list[Call]:
        return [call for client in self.clients for call in client.calls]

    @property
    def records(self) -> list[RequestServed]:
        return [msgspec.json.decode(record, type=RequestServed) for record in self.recorder.records]

    @property
    def record(self) -> RequestServed:
        (only,) = self.records
        return only

    @property
    def held(self) -> list[float]:
        """Nanodollars held, by cell; all 0 when nothing is under way."""
        return [*self.slots.cells[HELD::CELL], *self.slots.leases]

    @property
    def spent(self) -> float:
        """US dollars of this day, by all."""
        return sum(self.slots.cells[DAY_SPENT::CELL]) / 1e9

    def rests(self) -> None:
        """Nothing is under way, and nothing is held."""
        assert self.gateway.under_way == 0
        assert not any(self.held)
        caching = self.gateway.state.caching
        assert caching is None or not len(caching._flights)

    async def ask(  # noqa: PLR0913  a request has this many parts
        self,
        body: Any = None,
        *,
        got: Got | None = None,
        path: str = CHAT,
        method: str = "POST",
        key: str = "",
        headers: Mapping[str, str] | None = None,
        parts: Sequence[Any] | None = None,
        gone: asyncio.Event | None = None,
        **fields: Any,
    ) -> Got:
        """One request; ``parts`` of its body may be events to wait for, and None says that the client is gone."""
        if body is None and parts is None:
            text = [{"role": "user", "content": "hi"}]
            body = {"model": "m", **({"messages": text} if path == CHAT else {"input": "hi"}), **fields}
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        found = got or Got()
        sent = list(parts if parts is not None else [raw])
        stated = {"authorization": f"Bearer {key}"} if key else {}
        stated |= {"content-length": str(len(raw))} if parts is None else {}
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "http_version": "1.1",
            "headers": [(name.encode(), value.encode()) for name, value in {**stated, **(headers or {})}.items()],
        }

        async def receive() -> dict[str, Any]:
            while sent:
                part = sent.pop(0)
                if part is None:
                    return {"type": "http.disconnect"}
                if not isinstance(part, asyncio.Event):
                    return {"type": "http.request", "body": part, "more_body": bool(sent)}
                await part.wait()
            await (gone or asyncio.Event()).wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            found.messages.append(message)
            found.came.set()

        await self.gateway.app(scope, receive, send)
        return found

    def get(self, body: Any = None, **more: Any) -> Got:
        """One request in a loop of its own."""

        async def run() -> Got:
            return await asyncio.wait_for(self.ask(body, **more), 5)

        return asyncio.run(run())


def key_of(identifier: str = "aaaaaaaa", **fields: Any) -> tuple[str, Key]:
    """A secret and its key."""
    secret = new_secret(identifier, lambda count: hashlib.blake2b(identifier.encode(), digest_size=count).digest())
    return secret, Key(**{"id": identifier, "name": identifier, "digest": digest_of(secret.encode())} | fields)


async def ticks(count: int = 20) -> None:
    """Let everything that can go on go on."""
    for _ in range(count):
        await asyncio.sleep(0)


def all_of(say: Callable[[Any], Answer]) -> Callable[[Sequence[Any]], list[Answer]]:
    return lambda inputs: [say(one) for one in inputs]


def task_answerer(name: str = "desk", **stages: Any) -> TaskAnswerer:
    """A task whose stages say what functions say; keywords of a stage may stand beside its function."""
    made = {}
    for kind, given in stages.items():
        say, fields = given if isinstance(given, tuple) else (given, {})
        ask: Batcher[Any, Answer] = Batcher(kind, all_of(say))
        made[kind] = Stage(kind=kind, candidate=f"{kind}@0", ask=ask, **({"seconds": 5.0} | fields))  # type: ignore[arg-type]
    return TaskAnswerer(name, make_task(), made)


def answered(intent: str = "card", **more: Any) -> Callable[[Any], Answer]:
    return lambda _inputs: Answer(**{"output": {"intent": intent}, "confidence": 0.9, **more})


class Gate:
    """Makes worlds, and what goes into them."""

    done = DONE
    now = NOW
    usage = USAGE
    got = Got
    completion = staticmethod(completion)
    delta = staticmethod(delta)
    events = staticmethod(events)
    key = staticmethod(key_of)
    task = staticmethod(task_answerer)
    answered = staticmethod(answered)
    ticks = staticmethod(ticks)

    def __call__(self, say: Any = None, **more: Any) -> World:
        """A world; ``say`` is what providers answer, a plain completion when left out."""
        made = {name: more.pop(name) for name in ("keys", "served", "embedders", "home") if name in more}
        return World(more, say if callable(say) else lambda _call: say or (200, completion()), **made)


@pytest.fixture
def gate() -> Gate:
    """See `Gate`."""
    return Gate()
