from __future__ import annotations

import os
import signal
import struct
import subprocess
import sys
from collections import deque
from pathlib import Path
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from proveout.errors import NotWritable, Overloaded, RingCorrupt, RingForeign, WriterBusy
from proveout.gateway.record import Ring
from proveout.gateway.record._layout import DRAINED, HEADER_BYTES, WRITTEN, frame_bytes

MEGABYTE = 1024 * 1024


def overwrite(path: Path, offset: int, content: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(content)


class RingBesideAModel(RuleBasedStateMachine):
    """A ring that one view puts into and another takes from, beside a deque."""

    @initialize(lap=st.integers(0, 3))
    def start(self, lap: int) -> None:
        self.path = Path(os.environ["PROVEOUT_TEST_RINGS"]) / "model.ring"
        self.producer = Ring.create(self.path, 4096)
        self.consumer = Ring.open(self.path)
        self.waiting: deque[tuple[bytes, int]] = deque()
        self.seen = 0
        self.place = 0

    def teardown(self) -> None:
        if hasattr(self, "producer"):
            self.producer.close()
            self.consumer.close()

    @rule(size=st.integers(1, 1500), fill=st.integers(0, 255))
    def put(self, size: int, fill: int) -> None:
        record = bytes([fill]) * size
        room = self.place + frame_bytes(size) - self.consumer.drained <= 4096
        assert self.producer.has_room(size) is room
        if room:
            self.place = self.producer.put(record)
            self.waiting.append((record, self.place))
        else:
            with pytest.raises(Overloaded, match="disk is full"):
                self.producer.put(record)

    @rule(limit=st.integers(0, 5), most_bytes=st.integers(1, 3000))
    def peek(self, limit: int, most_bytes: int) -> None:
        found = self.consumer.peek(limit, most_bytes)
        assert found == [record for record, _ in list(self.waiting)[: len(found)]]
        assert len(found) <= limit
        assert sum(map(frame_bytes, map(len, found[:-1]))) < most_bytes
        if limit and self.waiting:
            assert found, "one record at least, however large"
        self.seen = len(found)

    @precondition(lambda self: self.seen)
    @rule(share=st.floats(0, 1))
    def advance(self, share: float) -> None:
        count = round(share * self.seen)
        self.consumer.advance(count)
        for _ in range(count):
            _, place = self.waiting.popleft()
            assert self.producer.drained >= place
        self.seen -= count
        with pytest.raises(ValueError, match="were seen"):
            self.consumer.advance(self.seen + 1)

    @rule(both=st.booleans())
    def open_again(self, both: bool) -> None:  # noqa: FBT001  drawn by hypothesis
        self.consumer.close()
        self.consumer = Ring.open(self.path)
        self.seen = 0
        if both:
            self.producer.close()
            self.producer = Ring.open(self.path)

    @rule()
    def nothing_is_damaged(self) -> None:
        assert self.consumer.damage() == b""
        assert self.consumer.pending == sum(frame_bytes(len(record)) for record, _ in self.waiting)


def test_a_ring_does_what_a_queue_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROVEOUT_TEST_RINGS", str(tmp_path))
    machine = RingBesideAModel.TestCase
    machine.settings = settings(max_examples=60, stateful_step_count=60)
    machine("runTest").runTest()


def test_records_that_cannot_be_are_refused(ring: Ring) -> None:
    for size in (0, ring.most_bytes + 1):
        with pytest.raises(ValueError, match=f"not {size}"):
            ring.put(bytes(size))
    assert ring.put(b"x" * ring.most_bytes) == ring.capacity
    assert not ring.has_room(1)
    assert ring.peek(1) == [b"x" * ring.most_bytes]


def test_every_block_is_there_from_the_beginning(ring: Ring) -> None:
    status = ring.path.stat()
    assert status.st_blocks * 512 >= status.st_size == HEADER_BYTES + ring.capacity
    assert status.st_mode & 0o077 == 0
    assert [path.name for path in ring.path.parent.iterdir()] == ["w0.ring"]


def test_a_full_disk_is_an_error_at_the_start(tmp_path: Path) -> None:
    code = f"""
import resource, signal
from pathlib import Path
from proveout.errors import DiskFull
from proveout.gateway.record import Ring
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    Ring.create(Path({str(tmp_path)!r}) / "w0.ring", 1 << 20)
except DiskFull as error:
    print("full", error.about)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == f"full {tmp_path / 'w0.ring'}\n", done.stderr
    assert list(tmp_path.iterdir()) == []


def test_without_posix_fallocate_the_file_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "posix_fallocate")
    with Ring.create(tmp_path / "w0.ring", 3 << 20) as ring:
        assert ring.path.stat().st_blocks * 512 >= HEADER_BYTES + (3 << 20)
        ring.put(b"one")
        assert ring.peek(2) == [b"one"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_is_not_writable_is_an_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(NotWritable):
        Ring.create(tmp_path / "w0.ring")


@pytest.mark.parametrize("offset", range(0, 48, 5))
def test_a_damaged_header_is_a_clear_error(ring: Ring, offset: int) -> None:
    ring.put(b"one")
    before = ring.path.read_bytes()[offset]
    overwrite(ring.path, offset, bytes([before ^ 0x10]))
    with pytest.raises(RingCorrupt, match=r"w0.ring: cannot use the ring: .*Next: start the gateway again"):
        Ring.open(ring.path)


@pytest.mark.parametrize(("word", "value"), [(WRITTEN, 3), (DRAINED, 8), (WRITTEN, 1 << 40)])
def test_counters_that_contradict_each_other_are_a_clear_error(ring: Ring, word: int, value: int) -> None:
    overwrite(ring.path, 8 * word, struct.pack("=Q", value))
    with pytest.raises(RingCorrupt, match="counters contradict"):
        Ring.open(ring.path)


@pytest.mark.parametrize("size", [0, 100, HEADER_BYTES, HEADER_BYTES + 8])
def test_a_file_cut_short_is_a_clear_error(ring: Ring, size: int) -> None:
    os.truncate(ring.path, size)
    with pytest.raises(RingCorrupt):
        Ring.open(ring.path)


def test_another_version_is_told_from_damage(ring: Ring) -> None:
    fixed = bytearray(ring.path.read_bytes()[:40])
    fixed[8:16] = struct.pack("=Q", 2)
    overwrite(ring.path, 0, bytes(fixed) + struct.pack("=Q", crc32(fixed)))
    with pytest.raises(RingForeign, match="has version 2, and this program knows 1"):
        Ring.open(ring.path)


@settings(max_examples=50)
@given(content=st.binary(max_size=5000))
def test_any_file_is_a_ring_or_a_clear_error(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.ring"
    path.write_bytes(content)
    with pytest.raises((RingCorrupt, RingForeign)):
        Ring.open(path)


def test_a_record_that_is_not_whole_is_not_given(ring: Ring) -> None:
    for text in (b"first", b"second", b"third"):
        ring.put(text)
    overwrite(ring.path, HEADER_BYTES + frame_bytes(5) + 10, b"?")
    assert ring.peek(10) == [b"first"]
    assert ring.damage() == b""
    ring.advance(1)
    assert ring.peek(10) == []
    damaged = ring.damage()
    assert len(damaged) == frame_bytes(6)
    assert damaged[8:14] == b"se?ond"
    ring.skip(len(damaged))
    assert ring.peek(10) == [b"third"]
    ring.advance(1)
    assert (ring.pending, ring.damage()) == (0, b"")


def test_a_record_shown_before_its_bytes_is_found_whole_later(ring: Ring) -> None:
    ring.put(b"first")
    late = ring.path.read_bytes()[HEADER_BYTES : HEADER_BYTES + 16]
    overwrite(ring.path, HEADER_BYTES, bytes(16))
    assert ring.peek(1) == []
    overwrite(ring.path, HEADER_BYTES, late[:8])
    assert ring.peek(1) == []
    overwrite(ring.path, HEADER_BYTES, late)
    assert ring.peek(1) == [b"first"]


def test_a_record_of_an_earlier_round_does_not_pass_for_a_new_one(tmp_path: Path) -> None:
    with Ring.create(tmp_path / "w0.ring", 4096) as ring:
        ring.put(b"x" * 2040)
        stale = ring.path.read_bytes()[HEADER_BYTES : HEADER_BYTES + 2048]
        ring.put(b"y" * 2040)
        ring.peek(2)
        ring.advance(2)
        ring.put(b"z" * 2040)
        overwrite(ring.path, HEADER_BYTES, stale)  # as after a loss of power that kept the counter alone
        assert ring.peek(1) == []
        assert ring.damage() == stale


def test_numbers_are_given_once(ring: Ring) -> None:
    assert ring.reserve_numbers(10) == 0
    with Ring.open(ring.path) as again:
        assert again.reserve_numbers(5) == 10
    assert ring.reserve_numbers(1) == 15


def test_a_ring_has_one_producer(ring: Ring) -> None:
    waits: list[float] = []
    with Ring.open(ring.path) as other:
        other.claim()
        with pytest.raises(WriterBusy, match="still writes to it"):
            ring.claim(0.05, waits.append)
        assert waits == [0.01] * 5
    ring.claim()


PRODUCER = """
import sys
from pathlib import Path
from proveout.gateway.record import Ring
ring = Ring.open(Path(sys.argv[1]))
ring.claim()
number = 0
while number < int(sys.argv[2]):
    record = b"%d:" % number + b"x" * (number * 7919 % 900)
    if ring.has_room(len(record)):
        ring.put(record)
        number += 1
"""


def take(ring: Ring, child: subprocess.Popen[bytes]) -> list[bytes]:
    """All that a producer puts until it has ended."""
    found: list[bytes] = []
    while True:
        ended = child.poll() is not None
        records = ring.peek(100)
        ring.advance(len(records))
        found += records
        if ended and not records:
            return found


def test_two_processes_share_a_small_ring(tmp_path: Path) -> None:
    with Ring.create(tmp_path / "w0.ring", 4096) as ring:
        child = subprocess.Popen([sys.executable, "-c", PRODUCER, str(ring.path), "20000"])
        found = take(ring, child)
        assert child.returncode == 0
    assert found == [b"%d:" % number + b"x" * (number * 7919 % 900) for number in range(20_000)]


def test_a_killed_producer_leaves_whole_records(tmp_path: Path) -> None:
    for trial in range(5):
        with Ring.create(tmp_path / "w0.ring", 4096) as ring:
            child = subprocess.Popen([sys.executable, "-c", PRODUCER, str(ring.path), "1000000000"])
            found: list[bytes] = []
            while len(found) < 1000 * trial + 1:
                records = ring.peek(100)
                ring.advance(len(records))
                found += records
            child.send_signal(signal.SIGKILL)
            child.wait()
            found += take(ring, child)
            assert ring.damage() == b""
            assert found == [b"%d:" % number + b"x" * (number * 7919 % 900) for number in range(len(found))]
            ring.claim()


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="the kernel does not tell what is resident")
def test_a_ring_that_is_gone_round_takes_little_memory_and_keeps_its_records(tmp_path: Path) -> None:
    with Ring.create(tmp_path / "w0.ring", 16 * MEGABYTE) as ring, Ring.open(ring.path) as other:
        record = b"x" * 10_000
        for _ in range(2000):
            assert ring.has_room(len(record))
            ring.put(record)
            assert other.peek(1) == [record]
            other.advance(1)
        # Both of this process's mappings together: each keeps a megabyte, and what it touched since.
        assert resident(ring.path) < 5 * MEGABYTE
        places = [ring.put(bytes([at]) * 100_000) for at in range(1, 100)]
        assert other.peek(100, 99 * 100_000) == [bytes([at]) * 100_000 for at in range(1, 100)]
        other.advance(99)
        assert ring.drained == places[-1]


def resident(path: Path) -> int:
    found, counts = 0, False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        name, *rest = line.split()
        if not name.endswith(":"):
            counts = rest[-1] == str(path)
        elif name == "Rss:" and counts:
            found += int(rest[0]) * 1024
    return found
