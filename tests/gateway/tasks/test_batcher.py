from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.errors import Overloaded, UpstreamTimedOut
from proveout.gateway.tasks import Batcher


class Gate:
    """A candidate that waits until it is let go, and remembers what it was asked."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.begun = threading.Event()
        self.asked: list[list[int]] = []

    def __call__(self, items: Sequence[int]) -> list[int]:
        self.asked.append(list(items))
        self.begun.set()
        assert self.open.wait(10)
        return [2 * one for one in items]


async def until(condition: Any) -> None:
    while not condition():  # noqa: ASYNC110  a thread says so, and not the loop
        await asyncio.sleep(0)


def test_what_waits_while_a_batch_is_under_way_becomes_the_next_batch() -> None:
    gate = Gate()
    batcher = Batcher("b", gate, most=4)

    async def main() -> list[int]:
        first = asyncio.create_task(batcher.ask(0, seconds=5))
        await until(gate.begun.is_set)
        rest = [asyncio.create_task(batcher.ask(number, seconds=5)) for number in range(1, 8)]
        await asyncio.sleep(0)
        gate.open.set()
        return [await first, *[await one for one in rest]]

    assert asyncio.run(main()) == [2 * number for number in range(8)]
    assert gate.asked == [[0], [1, 2, 3, 4], [5, 6, 7]]
    batcher.close()


def test_several_threads_answer_several_batches_at_once() -> None:
    both = threading.Barrier(2, timeout=10)

    def answer(items: Sequence[int]) -> list[int]:
        both.wait()
        return list(items)

    batcher = Batcher("b", answer, most=1, threads=2)

    async def main() -> list[int]:
        return list(await asyncio.gather(batcher.ask(1, seconds=5), batcher.ask(2, seconds=5)))

    assert asyncio.run(main()) == [1, 2]
    batcher.close()


@given(st.lists(st.integers(0, 9), max_size=30), st.sets(st.integers(0, 9)), st.integers(1, 7))
def test_each_item_gets_its_own_result_or_its_own_error(items: list[int], bad: set[int], most: int) -> None:
    def answer(batch: Sequence[int]) -> list[int]:
        if bad & set(batch):
            raise ValueError(str(sorted(bad & set(batch))))
        return [one + 100 for one in batch]

    batcher = Batcher("b", answer, most=most)

    async def main() -> list[Any]:
        return await asyncio.gather(*(batcher.ask(one, seconds=5) for one in items), return_exceptions=True)

    found = asyncio.run(main())
    batcher.close()
    for item, result in zip(items, found, strict=True):
        if item in bad:
            assert isinstance(result, ValueError)
            assert str(result) == f"[{item}]"
        else:
            assert result == item + 100


def test_a_wrong_number_of_results_is_an_error_and_no_mix_up() -> None:
    batcher: Batcher[int, int] = Batcher("b", lambda items: list(items)[:-1])

    async def main() -> None:
        with pytest.raises(ValueError, match="gave 0 results for 1 items"):
            await batcher.ask(1, seconds=5)

    asyncio.run(main())
    batcher.close()


def test_a_full_queue_refuses_and_says_when_to_come_back() -> None:
    gate = Gate()
    batcher = Batcher("b", gate, waiting=2)

    async def main() -> None:
        first = asyncio.create_task(batcher.ask(0, seconds=5))
        await until(gate.begun.is_set)
        waiting = [asyncio.create_task(batcher.ask(number, seconds=5)) for number in (1, 2)]
        await asyncio.sleep(0)
        with pytest.raises(Overloaded) as caught:
            await batcher.ask(3, seconds=5)
        assert caught.value.retry_after == 1
        gate.open.set()
        await asyncio.gather(first, *waiting)

    asyncio.run(main())
    batcher.close()


def test_one_that_goes_away_is_not_answered_and_makes_room() -> None:
    gate = Gate()
    batcher = Batcher("b", gate, waiting=1)

    async def main() -> int:
        first = asyncio.create_task(batcher.ask(0, seconds=5))
        await until(gate.begun.is_set)
        gone = asyncio.create_task(batcher.ask(1, seconds=5))
        await asyncio.sleep(0)
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        stays = asyncio.create_task(batcher.ask(2, seconds=5))
        await asyncio.sleep(0)
        gate.open.set()
        await first
        return await stays

    assert asyncio.run(main()) == 4
    assert gate.asked == [[0], [2]]
    batcher.close()


def test_one_that_goes_away_while_it_is_answered_disturbs_nobody() -> None:
    gate = Gate()
    batcher = Batcher("b", gate)

    async def main() -> int:
        gone = asyncio.create_task(batcher.ask(0, seconds=5))
        await until(gate.begun.is_set)
        gone.cancel()
        later = asyncio.create_task(batcher.ask(1, seconds=5))
        await asyncio.sleep(0)
        gate.open.set()
        return await later

    assert asyncio.run(main()) == 2
    batcher.close()


def test_time_runs_out_for_one_that_waits_and_one_that_is_under_way() -> None:
    gate = Gate()
    batcher = Batcher("b", gate)

    async def main() -> None:
        results = await asyncio.gather(
            batcher.ask(0, seconds=0.02), batcher.ask(1, seconds=0.02), return_exceptions=True
        )
        assert [type(one) for one in results] == [UpstreamTimedOut] * 2
        gate.open.set()
        assert await batcher.ask(2, seconds=5) == 4

    asyncio.run(main())
    batcher.close()


def test_an_item_that_itself_times_out_is_not_taken_for_the_clock() -> None:
    def answer(items: Sequence[int]) -> list[int]:
        raise TimeoutError("the candidate's own")

    batcher = Batcher("b", answer)

    async def main() -> None:
        with pytest.raises(TimeoutError, match="the candidate's own"):
            await batcher.ask(0, seconds=5)

    asyncio.run(main())
    batcher.close()


def test_closing_refuses_what_waits_and_what_comes() -> None:
    gate = Gate()
    batcher = Batcher("b", gate)

    async def main() -> None:
        first = asyncio.create_task(batcher.ask(0, seconds=5))
        await until(gate.begun.is_set)
        waiting = asyncio.create_task(batcher.ask(1, seconds=5))
        await asyncio.sleep(0)
        batcher.close()
        with pytest.raises(Overloaded, match="closing"):
            await waiting
        with pytest.raises(Overloaded, match="closing"):
            await batcher.ask(2, seconds=5)
        gate.open.set()
        assert await first == 0

    asyncio.run(main())
