from __future__ import annotations

import fcntl
import multiprocessing
import os
import signal
import time
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from proveout.errors import Overloaded, Refused, SetupError
from proveout.gateway import Limits
from proveout.gateway.limits import Limiter, SharedSlots, Spent

WALL = 1_772_326_800.0
LIMITS = Limits(requests_per_minute=60_000, tokens_per_minute=600_000, usd_per_day=0.5, burst_seconds=1)
SPAWN = multiprocessing.get_context("spawn")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "limits.slots"
    SharedSlots.create(path, workers=4, size=64)
    return path


def limiter(slots: SharedSlots) -> Limiter:
    return Limiter(slots, wall=lambda: WALL)


def hammer(path: Path, worker: int, seconds: float, out: Connection) -> None:
    let_in: list[float] = []
    with SharedSlots(path, worker) as slots:
        mine = limiter(slots)
        out.send("ready")
        out.recv()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                held = mine.admit([("key:a", LIMITS)], tokens=5, usd=0.0005)
            except Refused:
                continue
            let_in.append(time.monotonic())
            held.settle(tokens=5, usd=0.0005)
    out.send(let_in)


def test_processes_together_exceed_no_limit(path: Path) -> None:
    pipes = [SPAWN.Pipe() for _ in range(3)]
    processes = [
        SPAWN.Process(target=hammer, args=(path, worker, 0.4, theirs)) for worker, (_, theirs) in enumerate(pipes)
    ]
    for process in processes:
        process.start()
    for ours, _ in pipes:
        assert ours.recv() == "ready"
    started = time.monotonic()
    for ours, _ in pipes:
        ours.send("go")
    let_in = [ours.recv() for ours, _ in pipes]
    ended = max(one[-1] for one in let_in if one)
    for process in processes:
        process.join()
    count = sum(map(len, let_in))
    assert count <= 1000 + 1000 * (ended - started) + 1  # burst and rate of requests
    assert count <= 1000  # 0.5 dollars
    assert count > 100
    with SharedSlots(path, worker=3) as slots:
        assert slots.recover(0, WALL) == 0.0
        last = Limits(usd_per_day=0.5)
        room = 0.5 - count * 0.0005
        limiter(slots).admit([("key:a", last)], tokens=0, usd=round(room, 7))
        with pytest.raises(Refused):
            limiter(slots).admit([("key:a", last)], tokens=0, usd=0.000001)


def hold_and_wait(path: Path, worker: int, out: Connection) -> None:
    slots = SharedSlots(path, worker)
    mine = limiter(slots)
    for _ in range(3):
        mine.admit([("key:a", LIMITS), ("task:t", LIMITS)], tokens=0, usd=0.1)
    slots.lock()
    out.send("held")
    signal.pause()


def test_a_killed_worker_keeps_neither_the_lock_nor_the_money(path: Path) -> None:
    ours, theirs = SPAWN.Pipe()
    process = SPAWN.Process(target=hold_and_wait, args=(path, 1, theirs))
    process.start()
    assert ours.recv() == "held"
    with path.open("r+b") as file, pytest.raises(BlockingIOError):
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()
    with SharedSlots(path, worker=0) as slots:
        mine = limiter(slots)
        live = mine.admit([("key:a", LIMITS)], tokens=0, usd=0.1)
        with pytest.raises(Refused):
            mine.admit([("key:a", LIMITS)], tokens=0, usd=0.15)
        assert slots.recover(1, WALL) == pytest.approx(0.6)  # three of the key, three of the task
        assert slots.recover(1, WALL) == 0.0
        # Spent for today, so it is nobody's to settle, and gone tomorrow.
        live.settle(tokens=0, usd=0.0)
        with pytest.raises(Refused):
            mine.admit([("key:a", LIMITS)], tokens=0, usd=0.21)
        tomorrow = Limiter(slots, wall=lambda: WALL + 86_400)
        tomorrow.admit([("key:a", LIMITS)], tokens=0, usd=0.5)


@pytest.mark.parametrize("torn", ["lease only", "sum not lowered"])
def test_a_kill_between_two_writes_is_put_right(path: Path, torn: str) -> None:
    with SharedSlots(path, worker=0) as mine, SharedSlots(path, worker=1) as theirs:
        limiter(mine).admit([("key:a", LIMITS)], tokens=0, usd=0.1)
        cell = mine.find("key:a")
        theirs.leases[cell] = 2e8
        if torn == "sum not lowered":
            mine.cells[cell * 8 + 7] += 9e8
        assert mine.recover(1, WALL) == pytest.approx(0.2)
        assert mine.cells[cell * 8 + 7] == 1e8
        assert mine.cells[cell * 8 + 4] == 2e8


def test_names_are_found_by_all_and_too_many_are_refused(path: Path) -> None:
    with SharedSlots(path, worker=0) as one, SharedSlots(path, worker=1) as other:
        cells = {one.find(f"key:{number}") for number in range(64)}
        assert cells == set(range(64))
        assert {other.find(f"key:{number}") for number in range(64)} == cells
        with pytest.raises(Overloaded, match="64 places"):
            other.find("key:64")
        assert other.find("key:63") == one.find("key:63")


def test_a_new_file_leaves_the_old_one_to_those_who_have_it(path: Path) -> None:
    with SharedSlots(path, worker=0) as old:
        old.cells[old.find("key:a") * 8] = 5.0
        SharedSlots.create(path, workers=4, size=64)
        with SharedSlots(path, worker=0) as new:
            assert new.cells[new.find("key:a") * 8] == 0.0
        assert old.cells[old.find("key:a") * 8] == 5.0
    assert [file.name for file in path.parent.iterdir()] == ["limits.slots"]
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", [b"", b"x" * 24, b"pvo-lim1" + (64).to_bytes(8, "little") * 2])
def test_another_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other"
    path.write_bytes(content)
    with pytest.raises(SetupError, match="other"):
        SharedSlots(path, worker=0)


def test_a_worker_that_was_not_planned_is_refused(path: Path) -> None:
    with pytest.raises(SetupError, match="for 4 workers"):
        SharedSlots(path, worker=4)


def test_closing_twice_is_as_closing_once(path: Path) -> None:
    slots = SharedSlots(path, worker=0)
    slots.close()
    slots.close()


def test_what_was_spent_is_read_and_takes_no_place(path: Path) -> None:
    with SharedSlots(path, 0) as slots, SharedSlots(path, 1) as other:
        held = limiter(slots).admit([("key:a", LIMITS)], tokens=10, usd=0.3)
        assert other.spent("key:a", WALL).day == 0.0
        held.settle(tokens=10, usd=0.125)
        assert other.spent("key:a", WALL) == Spent(0.125, 0.125)
        assert other.spent("key:a", WALL + 86_400) == Spent(0.0, 0.125)
        assert other.spent("key:a", WALL + 40 * 86_400) == Spent(0.0, 0.0)
        # There are 64 places.
        assert {other.spent(f"key:{number}", WALL) for number in range(1000)} == {Spent(0.0, 0.0)}
        slots.find("key:b")
