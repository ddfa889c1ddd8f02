from __future__ import annotations

import os
import signal
import struct
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proveout.errors import DiskFull, RingForeign, WriterBusy
from proveout.gateway._entries import RequestServed
from proveout.gateway.record import Drain, RecordsDamaged, Recovery, Ring, RingRecorder, recover, rings_folder
from proveout.gateway.record._layout import HEADER_BYTES
from proveout.ledger import Ledger, LedgerReader, verify_ledger
from proveout.store import Workspace

Make = Callable[..., bytes]
Served = Callable[[], list[str]]


class Killed(BaseException):
    """Stands for a kill at this very moment."""


def left_over(workspace: Workspace) -> list[str]:
    return sorted(path.name for path in rings_folder(workspace).rglob("*") if path.is_file())


def test_there_may_be_nothing_to_recover(ledger: Ledger) -> None:
    assert recover(ledger) == Recovery()


def test_what_a_kill_left_is_written_once(workspace: Workspace, ledger: Ledger, make: Make, served: Served) -> None:
    for name in "ab":
        with Ring.create(rings_folder(workspace) / f"{name}.ring", 64 * 1024) as ring:
            for number in range(3):
                ring.put(make(f"{name}{number}"))
    assert recover(ledger) == Recovery(rings=2, records=6)
    assert recover(ledger) == Recovery()
    assert served() == ["a0", "a1", "a2", "b0", "b1", "b2"]
    assert left_over(workspace) == []


def kill_between_commit_and_advance(drain: Drain, advanced: int) -> None:
    """Commit what is in the rings, and die when so many of them were told."""
    calls = iter(range(10))
    real = Ring.advance

    def advance(self: Ring, count: int) -> None:
        if next(calls) >= advanced:
            raise Killed
        real(self, count)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Ring, "advance", advance)
        with pytest.raises(Killed):
            drain.step()


@pytest.mark.parametrize(("advanced", "rings_left"), [(0, 3), (1, 2), (2, 2)])
def test_a_batch_that_was_committed_and_not_taken_is_not_written_twice(
    workspace: Workspace, ledger: Ledger, make: Make, served: Served, advanced: int, rings_left: int
) -> None:
    rings = [Ring.create(rings_folder(workspace) / f"w{number}.ring", 64 * 1024) for number in range(3)]
    drain = Drain(ledger, rings)
    for ring, name in zip(rings, "abc", strict=True):
        ring.put(make(f"{name}0"))
    drain.step()
    for ring, name in zip(rings, "abc", strict=True):
        for number in (1, 2):
            ring.put(make(f"{name}{number}"))
    kill_between_commit_and_advance(drain, advanced)
    rings[2].put(make("c3"))
    drain.close()
    # Others go on writing to the ledger before the gateway starts again.
    ledger.append_encoded(RequestServed, [make("other")])
    found = recover(ledger, patience=0)
    assert found == Recovery(rings=rings_left, records=1, doubled=2 * (3 - advanced))
    expected = [f"{name}{number}" for name in "abc" for number in range(3)]
    assert sorted(served()) == [*expected, "c3", "other"]
    assert left_over(workspace) == []


def test_only_what_came_after_the_batch_before_is_searched(workspace: Workspace, ledger: Ledger, make: Make) -> None:
    busy, idle = (Ring.create(rings_folder(workspace) / f"{name}.ring", 64 * 1024) for name in ("busy", "idle"))
    drain = Drain(ledger, [busy, idle])
    for number in range(5):
        busy.put(make(number))
        drain.step()
    assert (busy.mark, idle.mark, len(ledger)) == (4, 4, 5)
    drain.close()


@pytest.mark.parametrize("batches", [0, 1, 2])
def test_a_recovery_that_is_killed_is_recovered(
    workspace: Workspace, ledger: Ledger, make: Make, served: Served, batches: int
) -> None:
    with Ring.create(rings_folder(workspace) / "w0.ring", 4 << 20) as ring:
        for number in range(10_000):
            ring.put(make(number))
    calls = iter(range(10))
    real = Ring.advance

    def advance(self: Ring, count: int) -> None:
        if next(calls) == batches:
            raise Killed
        real(self, count)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Ring, "advance", advance)
        with pytest.raises(Killed):
            recover(ledger)
    found = recover(ledger)
    assert found.doubled == (4096, 4096, 1808)[batches]
    assert served() == [str(number) for number in range(10_000)]


def test_a_clock_that_jumps_changes_nothing(workspace: Workspace, make: Make, served: Served) -> None:
    path = rings_folder(workspace) / "w0.ring"
    for clock in (2_000_000_000_000_000_000, 1_000_000_000_000_000_000):
        with Ledger.open(workspace, clock=lambda: clock) as ledger:  # noqa: B023  called in this round only
            ring = Ring.create(path, 64 * 1024, clock=lambda: clock + 10**18)  # noqa: B023
            ring.put(make(clock))
            drain = Drain(ledger, [ring])
            kill_between_commit_and_advance(drain, 0)
            drain.close()
            assert recover(ledger) == Recovery(rings=1, doubled=1)
            with Ring.create(path, 64 * 1024, clock=lambda: 0) as ring:
                ring.put(make(f"{clock}+"))
            assert recover(ledger) == Recovery(rings=1, records=1)
    assert len(set(served())) == len(served()) == 4


def test_a_damaged_record_is_kept_and_told_and_the_others_are_written(
    workspace: Workspace, ledger: Ledger, make: Make, served: Served
) -> None:
    path = rings_folder(workspace) / "w0.ring"
    with Ring.create(path, 64 * 1024) as ring:
        places = [ring.put(make(number)) for number in range(6)]
    with path.open("r+b") as file:
        for number in (1, 2, 5):
            file.seek(HEADER_BYTES + places[number - 1] + 20)
            file.write(b"####")
    notices: list[str] = []
    assert recover(ledger, notice=notices.append) == Recovery(rings=1, records=3, damaged=2)
    assert served() == ["0", "3", "4"]
    assert len(notices) == 2
    assert all("may be lost" in notice and "quarantine/" in notice for notice in notices)
    with LedgerReader.open(workspace) as reader:
        bodies = [entry.body() for entry in reader.entries(RecordsDamaged.kind)]
    assert [body.place for body in bodies if isinstance(body, RecordsDamaged)] == [places[0], places[4]]
    assert len(left_over(workspace)) == 2


def test_a_file_that_is_no_ring_is_kept_and_told(workspace: Workspace, ledger: Ledger) -> None:
    rings_folder(workspace).mkdir(parents=True)
    (rings_folder(workspace) / "w0.ring").write_bytes(b"hello")
    (rings_folder(workspace) / ".w1.ring.tmp").write_bytes(b"half")
    notices: list[str] = []
    assert recover(ledger, notice=notices.append) == Recovery(rings=1, damaged=1)
    (kept,) = left_over(workspace)
    assert (rings_folder(workspace) / "quarantine" / kept).read_bytes() == b"hello"
    assert "does not begin as a ring does" in notices[0]


def test_a_ring_of_another_version_stops_the_start(workspace: Workspace, ledger: Ledger) -> None:
    path = rings_folder(workspace) / "w0.ring"
    Ring.create(path, 4096).close()
    content = bytearray(path.read_bytes())
    content[8:16] = struct.pack("=Q", 7)
    content[40:48] = struct.pack("=Q", crc32(content[:40]))
    path.write_bytes(content)
    with pytest.raises(RingForeign, match="start the version of Proveout that made it"):
        recover(ledger)
    assert path.read_bytes() == content


def test_a_worker_that_still_lives_stops_the_start(workspace: Workspace, ledger: Ledger, make: Make) -> None:
    ring = Ring.create(rings_folder(workspace) / "w0.ring", 4096)
    recorder = RingRecorder(ring)
    recorder.put(make(1))
    with pytest.raises(WriterBusy):
        recover(ledger, patience=0)
    recorder.put(make(2))
    ring.close()
    assert recover(ledger, patience=0).records == 2


def test_a_full_disk_stops_the_start_and_loses_nothing(
    workspace: Workspace, ledger: Ledger, make: Make, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Ring.create(rings_folder(workspace) / "w0.ring", 4096) as ring:
        ring.put(make(1))

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        with pytest.raises(DiskFull):
            recover(ledger)
    assert recover(ledger).records == 1
    assert served() == ["1"]


@settings(max_examples=30)
@given(at=st.integers(0, 12_288 - 1), value=st.integers(0, 255), length=st.integers(1, 64))
def test_however_a_ring_is_damaged_what_is_whole_is_written_once(
    tmp_path_factory: pytest.TempPathFactory, at: int, value: int, length: int
) -> None:
    workspace = Workspace(tmp_path_factory.mktemp("home"))
    path = rings_folder(workspace) / "w0.ring"
    records = [b'{"id":"%d","x":"%s"}' % (number, b"y" * (37 * number)) for number in range(16)]
    with Ring.create(path, 8192) as ring:
        ends = [ring.put(record) for record in records]
    content = bytearray(path.read_bytes())
    changed = [n for n in range(at, min(at + length, len(content))) if content[n] != value]
    for n in changed:
        content[n] = value
    path.write_bytes(content)
    with Ledger.open(workspace) as ledger:
        notices: list[str] = []
        found = recover(ledger, notice=notices.append)
        again = recover(ledger, notice=notices.append)
    assert again == Recovery()
    with LedgerReader.open(workspace) as reader:
        written = [entry.payload() for entry in reader.entries(RequestServed.kind)]
    starts = [0, *ends[:-1]]
    if not any(n < HEADER_BYTES for n in changed):
        touched = {n - HEADER_BYTES for n in changed}
        spans = [range(a, a + 8 + len(r)) for a, r in zip(starts, records, strict=True)]
        assert written == [r for r, span in zip(records, spans, strict=True) if not touched & set(span)]
    else:
        assert written in (records, []) or set(written) <= set(records)
    assert len(set(written)) == len(written)
    assert bool(found.damaged) == bool(notices)
    if written != records and not any(128 <= n < 272 for n in changed):
        assert found.damaged, "what is left out is told"


SUPERVISOR = """
import sys, threading
from pathlib import Path
from proveout.gateway.record import Drain, Ring, recover, rings_folder
from proveout.ledger import Ledger
from proveout.store import Workspace
workspace = Workspace(Path(sys.argv[1]))
with Ledger.open(workspace, segment_bytes=1 << 20) as ledger:
    recover(ledger)
    rings = [Ring.create(rings_folder(workspace) / f"w{number}.ring", 65536) for number in range(2)]
    drain = Drain(ledger, rings)
    print("ready", flush=True)
    drain.run(lambda: False)
"""
WORKER = """
import os, sys
from pathlib import Path
from proveout.gateway.record import Ring, RingRecorder
ring = Ring.open(Path(sys.argv[1]))
recorder = RingRecorder(ring)
while True:
    if recorder.has_room(500):
        name = recorder.next_id()
        recorder.put(b'{"id":"%s","operation":"chat","received":1,"model":"m","status":200}' % name.encode())
        os.write(1, name.encode() + b"\\n")
"""


@pytest.mark.parametrize("whom", ["all", "supervisor first"])
def test_nothing_acknowledged_is_lost_or_doubled_by_kills(workspace: Workspace, served: Served, whom: str) -> None:
    told: list[str] = []
    for trial in range(4):
        command = [sys.executable, "-c", SUPERVISOR, str(workspace.root)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as supervisor:
            assert supervisor.stdout is not None
            assert supervisor.stdout.readline() == "ready\n"
            files = [workspace.root / f"told-{trial}-{number}" for number in range(2)]
            workers = [start_worker(rings_folder(workspace) / f"w{n}.ring", file) for n, file in enumerate(files)]
            wait_for(lambda files=files: all(file.stat().st_size > 2000 for file in files))  # type: ignore[misc]
            time.sleep(0.013 * trial)
            supervisor.send_signal(signal.SIGKILL)
            if whom == "supervisor first":
                supervisor.wait()
                time.sleep(0.01)  # the workers go on, and fill their rings
            for worker in workers:
                worker.send_signal(signal.SIGKILL)
                worker.wait()
        for file in files:
            told += file.read_text().splitlines()
    with Ledger.open(workspace) as ledger:
        assert recover(ledger).rings == 2
    counts = Counter(f"req_{name}" for name in served())
    assert max(counts.values()) == 1
    assert set(told) <= counts.keys()
    assert len(counts) - len(set(told)) <= 8, "at most the one that each worker was about to tell"
    assert verify_ledger(workspace).ok


def start_worker(ring: Path, told: Path) -> subprocess.Popen[bytes]:
    with told.open("wb") as out:
        return subprocess.Popen([sys.executable, "-c", WORKER, str(ring)], stdout=out)


def wait_for(done: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not done():
        assert time.monotonic() < until
        time.sleep(0.005)
