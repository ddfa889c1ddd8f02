from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress

import pytest

from proveout.errors import Overloaded, WriterBusy
from proveout.gateway.record import Drain, Recorder, Ring, RingRecorder
from proveout.ledger import Ledger

Make = Callable[..., bytes]
NEVER = 60.0


def take_all(ring: Ring) -> None:
    """What a drain does, with a view of its own."""
    with Ring.open(ring.path) as other:
        other.advance(len(other.peek(1000)))


def test_ids_are_unique_over_restarts(ring: Ring) -> None:
    ids: list[str] = []
    for _ in range(2):
        with Ring.open(ring.path) as own:
            recorder: Recorder = RingRecorder(own)
            ids += [recorder.next_id() for _ in range(5000)]
    assert len(set(ids)) == 10_000
    assert ids[:2] == [f"req_{ring.id}_0", f"req_{ring.id}_1"]
    numbers = [int(name.rpartition("_")[2]) for name in ids]
    assert numbers == sorted(numbers)


def test_a_second_recorder_of_a_ring_is_refused(ring: Ring) -> None:
    with Ring.open(ring.path) as own:
        RingRecorder(own)
        with pytest.raises(WriterBusy):
            RingRecorder(ring)


def test_a_full_ring_refuses_until_it_is_emptied(ring: Ring) -> None:
    recorder = RingRecorder(ring)
    count = 0
    while recorder.has_room(1000):
        recorder.put(b"x" * 1000)
        count += 1
    assert count == ring.capacity // 1008
    with pytest.raises(Overloaded) as refused:
        recorder.put(b"x" * 1000)
    assert refused.value.status == 503
    take_all(ring)
    assert recorder.has_room(1000)


def test_a_record_that_is_taken_is_not_waited_for(ring: Ring) -> None:
    recorder = RingRecorder(ring)
    place = recorder.put(b"x")
    take_all(ring)
    asyncio.run(recorder.durable(place))


def test_without_a_line_it_looks_by_itself(ring: Ring) -> None:
    async def main() -> None:
        recorder = RingRecorder(ring, poll_seconds=0.001)
        waits = [asyncio.ensure_future(recorder.durable(recorder.put(b"x"))) for _ in range(3)]
        await asyncio.sleep(0.01)
        assert not any(wait.done() for wait in waits)
        take_all(ring)
        await asyncio.wait_for(asyncio.gather(*waits), 5)
        recorder.close()

    asyncio.run(main())


def test_a_poke_wakes_those_whose_records_are_taken(ring: Ring, ledger: Ledger, make: Make) -> None:
    async def main() -> None:
        here, there = socket.socketpair()
        drain = Drain(ledger)
        drain.add(Ring.open(ring.path), there)
        recorder = RingRecorder(ring, here, poll_seconds=NEVER)
        last = recorder.put(make(0))
        first = asyncio.ensure_future(recorder.durable(last))
        await asyncio.sleep(0)
        assert ring.wanted == last
        drain.listen(5)  # the worker has poked
        assert drain.step() == 1
        await asyncio.wait_for(first, 5)
        places = [recorder.put(make(number)) for number in (1, 2)]
        drain.step()
        later = recorder.put(make(3))
        waits = [asyncio.ensure_future(recorder.durable(place)) for place in (later, *places)]
        gone = asyncio.ensure_future(recorder.durable(later))
        await asyncio.sleep(0)
        gone.cancel()
        assert all(wait.done() for wait in waits[1:])
        assert not waits[0].done()
        drain.step()
        await asyncio.wait_for(asyncio.gather(*waits), 5)
        assert not recorder._waiting
        recorder.close()
        here.close()
        drain.close()

    asyncio.run(main())


def test_who_waits_for_less_is_woken_first(ring: Ring) -> None:
    async def main() -> None:
        here, there = socket.socketpair()
        recorder = RingRecorder(ring, here, poll_seconds=NEVER)
        early, late = recorder.put(b"x"), recorder.put(b"y")
        waits = [asyncio.ensure_future(recorder.durable(place)) for place in (late, early)]
        await asyncio.sleep(0)
        assert ring.wanted == early
        with Ring.open(ring.path) as other:
            other.peek(1)
            other.advance(1)
        there.recv(10)
        there.send(b"!")
        await asyncio.wait_for(waits[1], 5)
        assert not waits[0].done()
        assert ring.wanted == late
        assert there.recv(10) == b"!"  # asked again for the rest
        take_all(ring)
        there.send(b"!")
        await asyncio.wait_for(waits[0], 5)
        recorder.close()
        here.close()
        there.close()

    asyncio.run(main())


@pytest.mark.parametrize("waits", [True, False])
def test_when_the_supervisor_goes_nothing_more_is_let_in(ring: Ring, *, waits: bool) -> None:
    async def main() -> None:
        here, there = socket.socketpair()
        recorder = RingRecorder(ring, here, poll_seconds=NEVER)
        recorder.watch()
        taken, place = recorder.put(b"x"), recorder.put(b"y")
        futures = [asyncio.ensure_future(recorder.durable(at)) for at in (place, taken)] if waits else []
        await asyncio.sleep(0)
        assert recorder.has_room(1)
        with Ring.open(ring.path) as other:
            other.peek(1)
            other.advance(1)
        there.close()
        for _ in range(100):
            await asyncio.sleep(0)
        assert recorder.alone
        assert not recorder.has_room(1)
        with pytest.raises(Overloaded, match="is gone"):
            await (futures[0] if waits else recorder.durable(place))
        if waits:
            await futures[1]
        recorder.close()
        here.close()

    asyncio.run(main())


def test_a_line_that_nobody_reads_does_not_hold_it_up(ring: Ring) -> None:
    async def main() -> None:
        here, there = socket.socketpair()
        recorder = RingRecorder(ring, here, poll_seconds=0.001)
        with suppress(BlockingIOError):
            while here.send(b"!" * 4096):
                continue
        wait = asyncio.ensure_future(recorder.durable(recorder.put(b"x")))
        await asyncio.sleep(0)
        take_all(ring)
        await asyncio.wait_for(wait, 5)
        recorder.close()
        here.close()
        there.close()

    asyncio.run(main())


def test_no_record_may_take_all_of_a_ring(ring: Ring) -> None:
    recorder = RingRecorder(ring)
    assert recorder.most_bytes * 8 <= ring.capacity
    for _ in range(7):
        recorder.put(b"x" * recorder.most_bytes)
