from __future__ import annotations

import asyncio
import os
import resource
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from proveout.errors import LedgerError
from proveout.gateway.record import Drain, RecordsDamaged, Ring, RingRecorder, rings_folder
from proveout.gateway.record._layout import HEADER_BYTES
from proveout.ledger import Ledger, LedgerReader, verify_ledger
from proveout.store import Workspace

Make = Callable[..., bytes]
Served = Callable[[], list[str]]


def rings(workspace: Workspace, count: int, capacity: int = 64 * 1024) -> list[Ring]:
    return [Ring.create(rings_folder(workspace) / f"w{number}.ring", capacity) for number in range(count)]


@contextmanager
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def refuse(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", refuse)
        yield


def test_all_rings_go_into_one_commit(workspace: Workspace, ledger: Ledger, make: Make, served: Served) -> None:
    seen: list[list[bytes]] = []
    mine = rings(workspace, 3)
    drain = Drain(ledger, mine, on_commit=seen.append)
    assert drain.step() == 0
    places = [ring.put(make(f"{number}{step}")) for number, ring in enumerate(mine) for step in range(2)]
    assert drain.step() == 6
    assert served() == ["00", "01", "10", "11", "20", "21"]
    assert (ledger.head.start, ledger.head.size) == (0, 6)
    assert [ring.drained for ring in mine] == places[1::2]
    assert seen == [[make(name) for name in served()]]
    drain.close()
    assert list(rings_folder(workspace).iterdir()) == []


def test_nothing_is_freed_before_it_is_durable(
    ring: Ring, ledger: Ledger, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring.put(make(1))
    place = ring.drained
    real = os.fdatasync

    def watched(descriptor: int) -> None:
        assert ring.drained == place
        assert ring.mark == 0
        real(descriptor)

    monkeypatch.setattr(os, "fdatasync", watched)
    drain = Drain(ledger, [ring])
    assert drain.step() == 1
    assert ring.drained > place
    drain.close()


def test_a_batch_is_bounded_and_every_ring_has_its_turn(
    workspace: Workspace, ledger: Ledger, make: Make, served: Served
) -> None:
    mine = rings(workspace, 2, 2 << 20)
    for number, ring in enumerate(mine):
        for step in range(5000):
            ring.put(make(f"{number}.{step}"))
    drain = Drain(ledger, mine)
    assert [drain.step() for _ in range(4)] == [4096, 4096, 1808, 0]
    assert {name[0] for name in served()[:4096]} == {"0"}
    assert {name[0] for name in served()[4096:8192]} == {"1"}
    assert sorted(served()) == sorted(f"{number}.{step}" for number in range(2) for step in range(5000))
    drain.close()


def test_a_batch_is_bounded_in_bytes(workspace: Workspace, ledger: Ledger, make: Make) -> None:
    (ring,) = rings(workspace, 1, 16 << 20)
    for number in range(10):
        ring.put(make(number, padding=1_000_000))
    drain = Drain(ledger, [ring])
    assert [drain.step() for _ in range(3)] == [5, 5, 0]
    drain.close()


def test_a_full_disk_holds_records_back_and_loses_none(
    workspace: Workspace, ledger: Ledger, make: Make, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    (ring,) = rings(workspace, 1)
    now = [0.0]
    notices: list[str] = []
    drain = Drain(ledger, [ring], notice=notices.append, clock=lambda: now[0])
    recorder = RingRecorder(Ring.open(ring.path))
    names: list[str] = []
    with full_disk(monkeypatch):
        while recorder.has_room(1200):
            names.append(str(len(names)))
            recorder.put(make(names[-1], padding=1000))
            now[0] += 0.1
            assert drain.step() == 0
            assert not recorder.writable
        assert len(names) > 40
        assert ring.drained == 0
        assert recorder.room < 1208
    assert [notice.partition(":")[2][:13] for notice in notices] == [" cannot write"], "said once"
    assert drain.step() == 0, "it does not try all the time"
    now[0] += 1
    assert drain.step() == len(names)
    assert len(notices) == 2
    assert "there is room again" in notices[1]
    assert recorder.has_room(1200)
    assert (recorder.writable, recorder.room) == (True, ring.capacity)
    assert served() == names
    assert verify_ledger(workspace).ok
    drain.close()


def test_a_disk_that_is_really_full_in_the_middle_of_it(
    workspace: Workspace, ledger: Ledger, make: Make, served: Served
) -> None:
    (ring,) = rings(workspace, 1)
    now = [0.0]
    notices: list[str] = []
    drain = Drain(ledger, [ring], notice=notices.append, clock=lambda: now[0])
    names = [str(number) for number in range(60)]
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, hard))
    try:
        counts = []
        for name in names:
            ring.put(make(name, padding=700))
            now[0] += 1
            counts.append(drain.step())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert set(counts[:20]) == {1}
    assert set(counts[40:]) == {0}
    assert served() == names[: sum(counts)]
    now[0] += 1
    assert drain.step() == counts.count(0)
    assert served() == names
    assert len(notices) == 2
    assert verify_ledger(workspace).ok
    drain.close()


def test_a_ledger_that_fails_otherwise_ends_the_drain(
    ring: Ring, ledger: Ledger, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: int) -> None:
        raise OSError(5, "Input/output error")

    ring.put(make(1))
    drain = Drain(ledger, [ring])
    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", broken)
        with pytest.raises(LedgerError, match="open the ledger again"):
            drain.run(lambda: False)
    assert ring.pending
    drain.close()


def test_damage_is_set_aside_once_it_is_certain(
    workspace: Workspace, ledger: Ledger, make: Make, served: Served
) -> None:
    (ring,) = rings(workspace, 1)
    now = [0.0]
    notices: list[str] = []
    drain = Drain(ledger, [ring], notice=notices.append, clock=lambda: now[0])
    for name in "abc":
        ring.put(make(name))
    with ring.path.open("r+b") as file:
        file.seek(HEADER_BYTES + 12)
        file.write(b"????")
    for now[0], steps in ((0.0, 0), (0.9, 0), (1.1, 0), (1.2, 2)):
        assert drain.step() == steps
        assert len(notices) == (now[0] > 1)
    assert served() == ["b", "c"]
    with LedgerReader.open(workspace) as reader:
        (entry,) = reader.entries(RecordsDamaged.kind)
        body = entry.body()
    assert isinstance(body, RecordsDamaged)
    assert (body.ring, body.place) == (ring.id, 0)
    kept = (rings_folder(workspace) / "quarantine" / body.file).read_bytes()
    assert len(kept) == body.length
    assert b"????" in kept
    assert body.file in notices[0]
    drain.close()


def test_a_retired_ring_is_emptied_and_deleted(
    workspace: Workspace, ledger: Ledger, make: Make, served: Served
) -> None:
    mine = rings(workspace, 2)
    drain = Drain(ledger)
    here, there = socket.socketpair()
    drain.add(mine[0], there)
    drain.add(mine[1])
    mine[0].put(make(1))
    drain.retire(mine[0])
    assert mine[0].path.exists()
    drain.step()
    assert served() == ["1"]
    assert not mine[0].path.exists()
    assert here.recv(10) == b"", "the line is closed too"
    assert drain.step() == 0
    drain.close()
    here.close()


def test_closing_keeps_what_was_not_taken(workspace: Workspace, ledger: Ledger, make: Make) -> None:
    mine = rings(workspace, 2)
    drain = Drain(ledger, mine)
    mine[1].put(make(1))
    drain.close()
    assert [path.name for path in rings_folder(workspace).iterdir()] == ["w1.ring"]


def test_it_waits_a_little_and_not_at_all_with_a_backlog(ring: Ring, ledger: Ledger, make: Make) -> None:
    waits: list[float] = []
    puts = iter([0, 0, 1, 0, 0, 0, 0, 0, 0, 2500])
    drain = Drain(ledger, [ring])

    def stop() -> bool:
        count = next(puts, None)
        for _ in range(count or 0):
            ring.put(b'{"n":1}')
        return count is None

    drain.run(stop, waits.append)
    drain.close()
    assert waits == [0.05] * 9 + [0.0]


def test_what_comes_before_the_stop_is_written(ring: Ring, ledger: Ledger, make: Make, served: Served) -> None:
    for number in range(3):
        ring.put(make(number))
    drain = Drain(ledger, [ring])
    drain.run(lambda: True)
    drain.close()
    assert served() == ["0", "1", "2"]


def test_it_runs_in_a_thread_beside_a_worker_that_waits(
    workspace: Workspace, ledger: Ledger, make: Make, served: Served
) -> None:
    (ring,) = rings(workspace, 1)
    here, there = socket.socketpair()
    stopped = threading.Event()
    drain = Drain(ledger)
    thread = threading.Thread(target=drain.run, args=(stopped.is_set,))
    thread.start()
    drain.add(ring, there)

    async def work() -> None:
        recorder = RingRecorder(Ring.open(ring.path), here, poll_seconds=60)

        async def one(number: int) -> None:
            for step in range(20):
                place = recorder.put(make(f"{number}.{step}"))
                await recorder.durable(place)
                assert ring.drained >= place

        await asyncio.wait_for(asyncio.gather(*(one(number) for number in range(8))), 15)
        recorder.close()

    asyncio.run(work())
    stopped.set()
    drain.wake()
    thread.join(5)
    assert not thread.is_alive()
    assert len(served()) == 160
    drain.close()
    here.close()


def test_a_worker_that_is_gone_is_not_listened_to(ring: Ring, ledger: Ledger) -> None:
    here, there = socket.socketpair()
    drain = Drain(ledger)
    drain.add(ring, there)
    drain.listen(0)
    here.close()
    drain.listen(5)
    before = drain._clock()
    drain.listen(0.02)
    assert drain._clock() - before >= 0.015, "the closed line does not wake it again and again"
    drain.close()
