"""Equal requests at the same time: one answers, the others wait, and nobody fails with it."""

from __future__ import annotations

import asyncio

from proveout.gateway._exchange import Outcome
from proveout.gateway.cache import Cached, Flights

ANSWER = Cached(body=b"{}", streamed=False, headers=[], outcome=Outcome())


async def ask(flights: Flights, calls: list[int], answer: Cached | None) -> Cached | None:
    flight = flights.join(b"k")
    if flight is not None:
        found = await flights.wait(flight)
        if found is not None:
            return found
        calls.append(2)
        return ANSWER
    found = None
    try:
        calls.append(1)
        await asyncio.sleep(0)
        found = answer
        return answer
    finally:
        flights.land(b"k", found)


def test_one_answers_for_all() -> None:
    async def run() -> None:
        flights, calls = Flights(), list[int]()
        found = await asyncio.gather(*(ask(flights, calls, ANSWER) for _ in range(10)))
        assert all(one is ANSWER for one in found)
        assert calls == [1]
        assert len(flights) == 0

    asyncio.run(run())


def test_a_leader_that_fails_lets_each_try_by_itself() -> None:
    async def run() -> None:
        flights, calls = Flights(), list[int]()
        found = await asyncio.gather(*(ask(flights, calls, None) for _ in range(4)))
        assert found == [None, ANSWER, ANSWER, ANSWER]
        assert calls == [1, 2, 2, 2]

    asyncio.run(run())


def test_a_leader_that_is_cancelled_leaves_nobody_waiting() -> None:
    async def run() -> None:
        flights, calls = Flights(), list[int]()
        leader = asyncio.ensure_future(ask(flights, calls, ANSWER))
        await asyncio.sleep(0)
        follower = asyncio.ensure_future(ask(flights, calls, ANSWER))
        await asyncio.sleep(0)
        leader.cancel()
        assert await asyncio.wait_for(follower, 1) is ANSWER
        assert len(flights) == 0

    asyncio.run(run())


def test_a_follower_that_goes_away_disturbs_no_other() -> None:
    async def run() -> None:
        flights = Flights()
        assert flights.join(b"k") is None
        first, second = flights.join(b"k"), flights.join(b"k")
        assert first is not None
        assert second is not None
        gone, stays = asyncio.ensure_future(flights.wait(first)), asyncio.ensure_future(flights.wait(second))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.sleep(0)
        flights.land(b"k", ANSWER)
        flights.land(b"k", None)
        assert await stays is ANSWER

    asyncio.run(run())
