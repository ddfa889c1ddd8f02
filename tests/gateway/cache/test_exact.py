"""The exact cache: bounded, forgetting, and never with more than was put in."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import AsyncIterator

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from proveout.gateway._exchange import Exchange, Outcome, Reply, Wanted
from proveout.gateway.cache import Cached, ExactCache, cached_of, reply_of
from proveout.gateway.cache._exact import ENTRY_BYTES


def answer(size: int = 10, **outcome: object) -> Cached:
    return Cached(body=b"x" * size, streamed=False, headers=[], outcome=Outcome(**outcome))  # type: ignore[arg-type]


def exchange() -> Exchange:
    return Exchange(id="1", operation="chat", body=b"{}", wanted=Wanted(model="m"))


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_an_answer_is_given_until_it_is_too_old() -> None:
    clock = Clock()
    cache = ExactCache(most_bytes=1 << 20, ttl_seconds=60, clock=clock)
    cache.put(b"k", answer())
    clock.now = 59.9
    assert cache.get(b"k") is not None
    clock.now = 60.0
    assert cache.get(b"k") is None
    assert (len(cache), cache.bytes) == (0, 0)


def test_the_least_recently_used_goes_first() -> None:
    cache = ExactCache(most_bytes=10 * (ENTRY_BYTES + 11), ttl_seconds=60, clock=Clock())
    for at in range(10):
        cache.put(b"%d" % at, answer())
    cache.get(b"0")
    cache.put(b"n", answer())
    assert cache.get(b"0") is not None
    assert cache.get(b"1") is None
    assert cache.evicted == 1


def test_one_answer_cannot_empty_the_cache() -> None:
    cache = ExactCache(most_bytes=1 << 16, ttl_seconds=60, clock=Clock())
    cache.put(b"k", answer())
    assert not cache.put(b"large", answer(1 << 14))
    assert cache.get(b"large") is None
    assert cache.get(b"k") is not None


def test_an_answer_too_large_does_not_leave_an_old_one_behind() -> None:
    cache = ExactCache(most_bytes=1 << 16, ttl_seconds=60, clock=Clock())
    cache.put(b"k", answer())
    cache.put(b"k", answer(1 << 14))
    assert cache.get(b"k") is None


class Machine(RuleBasedStateMachine):
    """Against a dict: whatever it still has is what was put last, and its sizes add up."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.cache = ExactCache(most_bytes=20_000, ttl_seconds=10, clock=self.clock)
        self.model: dict[bytes, tuple[Cached, float, str]] = {}

    @rule(key=st.binary(min_size=1, max_size=1), size=st.integers(0, 3000), group=st.sampled_from("ab"))
    def put(self, key: bytes, size: int, group: str) -> None:
        cached = answer(size)
        self.model.pop(key, None)
        if self.cache.put(key, cached, group=group):
            self.model[key] = (cached, self.clock.now + 10, group)

    @rule(key=st.binary(min_size=1, max_size=1))
    def get(self, key: bytes) -> None:
        found = self.cache.get(key)
        if found is not None:
            cached, expires, _ = self.model[key]
            assert found is cached
            assert self.clock.now < expires

    @rule(group=st.sampled_from("ab"))
    def drop(self, group: str) -> None:
        self.cache.drop(group)
        self.model = {key: value for key, value in self.model.items() if value[2] != group}
        assert all(self.cache.get(key) is None or self.model[key] for key in map(bytes, ([n] for n in range(256))))

    @rule(seconds=st.floats(0, 5))
    def wait(self, seconds: float) -> None:
        self.clock.now += seconds

    @invariant()
    def sizes_add_up(self) -> None:
        entries = self.cache._entries
        assert self.cache.bytes == sum(entry[3] for entry in entries.values()) <= 20_000
        assert {key for keys in self.cache._groups.values() for key in keys} == set(entries)


Machine.TestCase.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
TestMachine = Machine.TestCase


def test_memory_is_flat_and_what_is_counted_is_what_is_used() -> None:
    cache = ExactCache(most_bytes=1 << 20, ttl_seconds=1e9, clock=Clock())

    def turn(first: int) -> None:
        for at in range(first, first + 30_000):
            cache.put(b"key-%012d" % at, answer(at % 2000), group=f"g{at % 7}")
            cache.get(b"key-%012d" % (at - 3))

    tracemalloc.start()
    try:
        turn(0)
        before, _ = tracemalloc.get_traced_memory()
        for round_ in range(1, 4):
            turn(round_ * 30_000)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 64 * 1024
    assert after < 1.1 * (1 << 20), f"{after} bytes are used, and {cache.bytes} counted"


@pytest.mark.parametrize(
    ("reply", "outcome", "sent"),
    [
        (Reply(status=400), Outcome(), b"{}"),
        (Reply(status=500), Outcome(), b"{}"),
        (Reply(), Outcome(error="upstream_failed"), b"{}"),
        (Reply(), Outcome(cancelled=True), b"data: half"),
        (Reply(), Outcome(), b""),
    ],
)
def test_errors_and_what_was_cut_are_not_kept(reply: Reply, outcome: Outcome, sent: bytes) -> None:
    assert cached_of(reply, outcome, sent) is None


def test_an_answer_given_again_says_so_and_costs_nothing() -> None:
    headers = [(b"content-type", b"application/json"), (b"set-cookie", b"a=b"), (b"x-request-id", b"1")]
    outcome = Outcome(route="provider:main", model="m", tokens_in=5, usd=0.1, candidate="c", stages={"upstream": 5})
    cached = cached_of(Reply(headers=headers), outcome, b'{"a":1}')
    assert cached is not None
    again = exchange()
    reply = reply_of(cached, again)
    assert (reply.status, reply.body, reply.headers) == (200, b'{"a":1}', headers[:1])
    found = again.outcome
    assert (found.route, found.cache, found.model, found.candidate) == ("cache", "exact", "m", "c")
    assert (found.usd, found.tokens_in, found.stages) == (0.0, 0, {})


def test_a_stream_is_given_again_as_a_stream() -> None:
    async def events() -> AsyncIterator[bytes]:
        yield b"data: 1\n\n"

    cached = cached_of(Reply(chunks=events()), Outcome(), b"data: 1\n\ndata: [DONE]\n\n")
    assert cached is not None

    async def read() -> bytes:
        reply = reply_of(cached, exchange(), "semantic")
        assert reply.chunks is not None
        return b"".join([chunk async for chunk in reply.chunks])

    assert asyncio.run(read()) == b"data: 1\n\ndata: [DONE]\n\n"
