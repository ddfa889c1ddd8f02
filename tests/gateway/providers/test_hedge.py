from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from proveout.errors import UpstreamFailed
from proveout.gateway.providers._hedge import hedged
from proveout.gateway.upstream import Call

CALL = Call("/chat/completions", b"{}")


def later(seconds: float, answer: Any) -> Callable[[], Awaitable[Any]]:
    async def wait() -> Any:
        await asyncio.sleep(seconds)
        return answer

    return wait


def run(world: Callable[..., Any], *answers: Any, after: float = 0.005, may: bool = True) -> tuple[Any, Any]:
    client = world(*answers, (500, b"too many calls")).clients["one"]

    async def main() -> Any:
        try:
            return await hedged(client, CALL, after=after, may=lambda: may)
        except UpstreamFailed as error:
            return error
        finally:
            await asyncio.sleep(0)
            await asyncio.sleep(0)

    return asyncio.run(main()), client


def test_a_quick_answer_needs_no_second_call(world: Callable[..., Any]) -> None:
    response, client = run(world, (200, b"a"))
    assert (response.status, len(client.calls)) == (200, 1)


def test_the_second_answer_wins_and_the_first_call_is_closed(world: Callable[..., Any]) -> None:
    response, client = run(world, later(5.0, (200, b"slow")), (200, b"fast"))
    assert response.pieces == [b"fast"]
    assert (len(client.calls), client.cancelled) == (2, 1)


def test_the_first_answer_may_still_win(world: Callable[..., Any]) -> None:
    response, client = run(world, later(0.02, (200, b"first")), later(5.0, (200, b"second")))
    assert response.pieces == [b"first"]
    assert client.cancelled == 1


def test_without_leave_there_is_no_second_call(world: Callable[..., Any]) -> None:
    response, client = run(world, later(0.02, (200, b"first")), may=False)
    assert (response.pieces, len(client.calls)) == ([b"first"], 1)


def test_a_failure_does_not_win_while_the_other_call_is_under_way(
    world: Callable[..., Any], failed: UpstreamFailed
) -> None:
    for bad in (failed, (503, b"")):
        response, _ = run(world, later(0.02, (200, b"good")), bad)
        assert response.pieces == [b"good"]


def test_two_failures_are_a_failure(world: Callable[..., Any], failed: UpstreamFailed) -> None:
    response, client = run(world, later(0.01, failed), failed)
    assert response is failed
    response, client = run(world, later(0.01, (500, b"")), (500, b""))
    assert response.status == 500
    assert sum(one.closed for one in client.given) == 1


def test_an_answer_that_comes_with_the_winners_is_closed(world: Callable[..., Any]) -> None:
    event = asyncio.Event()

    async def wait() -> Any:
        await event.wait()
        return 200, b"both"

    async def release() -> Any:
        event.set()
        return 200, b"both"

    response, client = run(world, wait, release)
    assert [one.closed for one in client.given if one is not response] in ([1], [])
    assert response.closed == 0


def test_cancelling_cancels_both(world: Callable[..., Any]) -> None:
    client = world(later(5.0, (200, b"")), later(5.0, (200, b""))).clients["one"]

    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await hedged(client, CALL, after=0.001, may=lambda: True)
        await asyncio.sleep(0)

    asyncio.run(main())
    assert client.cancelled == 2
