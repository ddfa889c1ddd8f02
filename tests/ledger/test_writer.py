from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import msgspec
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proveout.errors import DiskFull, EntryUnknown, LedgerCorrupt, LedgerError, SubjectErased, WriterBusy
from proveout.ledger import (
    Erased,
    Ledger,
    LedgerReader,
    check_inclusion,
    decode_body,
    entry_kinds,
    read_public_key,
    verify_ledger,
)
from proveout.ledger._segments import segments
from proveout.store import Workspace, write_atomic


def numbers(workspace: Workspace) -> list[int]:
    entries = LedgerReader.open(workspace).entries(kind="test.noted")
    return [int(json.loads(entry.payload())["number"]) for entry in entries]


def test_what_is_appended_is_read(workspace: Workspace, note: type) -> None:
    with Ledger.open(workspace) as ledger:
        assert ledger.append_many([]) == []
        receipts = [ledger.append(note(number=0)), *ledger.append_many([note(number=1), note(number=2)])]
        assert [receipt.index for receipt in receipts] == [0, 1, 2]
        assert numbers(workspace) == [0, 1, 2]
        assert len(ledger) == ledger.head.size == 3
    proof = LedgerReader.open(workspace).prove(2)
    assert check_inclusion(receipts[2].leaf, 2, 3, proof.path, receipts[2].head.root)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.text(max_size=20) | st.integers(0, 70_000).map("x".__mul__), max_size=5))
def test_encoded_entries_are_those_of_append_many(
    tmp_path_factory: pytest.TempPathFactory, note: type, texts: list[str]
) -> None:
    bodies = [note(number=number, text=text) for number, text in enumerate(texts)]
    logs = []
    for encoded in (False, True):
        workspace = Workspace(tmp_path_factory.mktemp("log"))
        with Ledger.open(workspace, clock=lambda: 1_000) as ledger:
            ledger.append(note(number=9))
            if encoded:
                indices = list(ledger.append_encoded(note, [msgspec.json.encode(body) for body in bodies]))
            else:
                indices = [receipt.index for receipt in ledger.append_many(bodies)]
            assert indices == list(range(1, 1 + len(bodies)))
        assert verify_ledger(workspace).ok
        entries = list(LedgerReader.open(workspace).entries())
        logs.append([(entry.kind, entry.version, entry.time, entry.payload(), entry.leaf) for entry in entries])
        assert [entry.body() for entry in entries[1:]] == bodies
    assert logs[0] == logs[1]


def test_encoded_entries_are_refused_whole_by_a_full_disk(
    workspace: Workspace, note: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Ledger.open(workspace) as ledger:

        def full(*_: object) -> int:
            raise OSError(errno.ENOSPC, "full")

        with monkeypatch.context() as patch:
            patch.setattr(os, "pwrite", full)
            with pytest.raises(DiskFull):
                ledger.append_encoded(note, [b'{"number":1}'] * 2)
        assert ledger.append_encoded(note, [b'{"number":2}']) == range(1)
    assert numbers(workspace) == [2]


def test_segments_rotate_and_continue(workspace: Workspace, note: type) -> None:
    for _ in range(3):
        with Ledger.open(workspace, segment_bytes=600) as ledger:
            for number in range(7):
                ledger.append(note(number=number))
    assert len(segments(workspace)) > 3
    assert numbers(workspace) == list(range(7)) * 3
    assert verify_ledger(workspace).ok


def test_concurrent_callers_are_committed_together(workspace: Workspace, note: type) -> None:
    receipts: dict[int, int] = {}
    with Ledger.open(workspace) as ledger:

        def work(worker: int) -> None:
            for step in range(50):
                number = worker * 50 + step
                receipts[number] = ledger.append(note(number=number)).index

        threads = [threading.Thread(target=work, args=(worker,)) for worker in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(receipts.values()) == list(range(400))
    found = numbers(workspace)
    assert all(found[index] == number for number, index in receipts.items())
    report = verify_ledger(workspace)
    assert report.ok
    assert report.heads < 400


def test_a_second_writer_is_refused_by_name(workspace: Workspace) -> None:
    with Ledger.open(workspace), pytest.raises(WriterBusy, match=f"process {os.getpid()} holds"):
        Ledger.open(workspace)
    Ledger.open(workspace).close()


def test_a_closed_ledger_refuses(workspace: Workspace, note: type) -> None:
    ledger = Ledger.open(workspace)
    ledger.close()
    ledger.close()
    with pytest.raises(LedgerError, match="closed"):
        ledger.append(note(number=1))


def test_an_erased_subject_cannot_be_read_and_the_log_verifies(workspace: Workspace, note: type) -> None:
    with Ledger.open(workspace) as ledger:
        ledger.append_many([note(number=1, text="secret of ada")], subject="ada")
        ledger.append(note(number=2, text="of bob"), subject="bob")
        reader = LedgerReader.open(workspace)
        assert [entry.subject for entry in reader.entries()] == ["ada", "bob"]
        assert reader.entry(0).body() == note(number=1, text="secret of ada")
        reader.close()
        assert ledger.erase_subject("ada")
        assert not ledger.erase_subject("ada")
        ledger.append(note(number=3), subject="ada")
    with LedgerReader.open(workspace) as reader:
        with pytest.raises(SubjectErased, match="entry 0"):
            reader.entry(0).body()
        assert reader.entry(0).encrypted
        assert reader.entry(0).subject is None
        assert reader.entry(1).body() == note(number=2, text="of bob")
        assert isinstance(reader.entry(2).body(), Erased)
        assert reader.entry(3).body() == note(number=3)
    assert verify_ledger(workspace).ok
    everything = b"".join(path.read_bytes() for path in workspace.state.rglob("*") if path.is_file())
    assert b"secret of ada" not in everything
    assert b"ada" not in segments(workspace)[0].read_bytes()


@pytest.mark.parametrize("partial", [0, 10, 100])
def test_a_full_disk_takes_nothing_half(
    workspace: Workspace, note: type, monkeypatch: pytest.MonkeyPatch, partial: int
) -> None:
    real = os.pwrite
    with Ledger.open(workspace) as ledger:
        ledger.append(note(number=1))
        size = segments(workspace)[0].stat().st_size

        def full(descriptor: int, content: bytes, offset: int) -> int:
            if offset > size or not partial:
                raise OSError(errno.ENOSPC, "no space")
            return real(descriptor, content[:partial], offset)

        monkeypatch.setattr(os, "pwrite", full)
        for _ in range(2):
            with pytest.raises(DiskFull):
                ledger.append_many([note(number=2)] * 3)
        assert segments(workspace)[0].stat().st_size == size
        monkeypatch.setattr(os, "pwrite", real)
        assert ledger.append(note(number=3)).index == 1
    assert numbers(workspace) == [1, 3]
    assert verify_ledger(workspace).ok


LIMITED = """
import resource, sys
from pathlib import Path
from proveout.errors import DiskFull
from proveout.ledger import EntryBody, Ledger, entry, verify_ledger
from proveout.store import Workspace
@entry("test.noted", version=1)
class Noted(EntryBody, frozen=True):
    number: int
    text: str = ""
workspace = Workspace(Path(sys.argv[1]))
with Ledger.open(workspace) as ledger:
    kept = len(ledger.append_many([Noted(number=1)] * 100))
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
    try:
        while True:
            kept += len(ledger.append_many([Noted(number=2, text="x" * 50)] * 100))
    except DiskFull as error:
        print(error.code, kept, len(ledger))
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    print(ledger.append(Noted(number=3)).index, verify_ledger(workspace).ok)
print(verify_ledger(workspace).ok, verify_ledger(workspace).entries)
"""


def test_a_limit_of_the_system_on_file_size(workspace: Workspace) -> None:
    command = [sys.executable, "-W", "error", "-c", LIMITED, str(workspace.root)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    code, kept, size, index, live, closed, entries = said
    assert (code, live, closed) == ("DiskFull", "True", "True")
    assert kept == size == index
    assert int(entries) == int(kept) + 1


def test_a_failed_sync_closes_the_ledger_to_writing(
    workspace: Workspace, note: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Ledger.open(workspace) as ledger:
        ledger.append(note(number=1))

        def broken(_: int) -> None:
            raise OSError(errno.EIO, "input/output error")

        with monkeypatch.context() as patch:
            patch.setattr(os, "fdatasync", broken)
            with pytest.raises(LedgerError, match="input/output error"):
                ledger.append(note(number=2))
        with pytest.raises(LedgerError, match="open the ledger again"):
            ledger.append(note(number=3))
    with Ledger.open(workspace) as ledger:
        ledger.append(note(number=4))
    assert numbers(workspace)[0] == 1
    assert numbers(workspace)[-1] == 4
    assert verify_ledger(workspace).ok


def test_a_head_that_cannot_be_kept_does_not_unacknowledge(
    workspace: Workspace, note: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = iter(range(10**9, 10**12, 2 * 10**9))
    with Ledger.open(workspace, clock=lambda: next(seconds)) as ledger:

        def full(*_: object) -> None:
            raise DiskFull("cannot write", why="full", fix="free space", about="HEAD.json")

        monkeypatch.setattr("proveout.ledger._writer.write_atomic", full)
        assert ledger.append(note(number=1)).index == 0
        with pytest.raises(DiskFull):
            ledger.append(note(number=2))
        monkeypatch.setattr("proveout.ledger._writer.write_atomic", write_atomic)
        assert ledger.append(note(number=3)).index == 1
    assert numbers(workspace) == [1, 3]


READ = """
import sys
from pathlib import Path
from proveout.ledger import LedgerReader, verify_ledger
from proveout.store import Workspace
workspace, seen, rounds = Workspace(Path(sys.argv[1])), 0, 0
while seen < 2000:
    reader = LedgerReader.open(workspace)
    assert len(reader) >= seen, "the log shrank"
    seen, rounds = len(reader), rounds + 1
    assert [entry.index for entry in reader.entries()] == list(range(seen))
    report = verify_ledger(workspace)
    assert report.ok, report.summary
print("ok", rounds)
"""


def test_processes_read_while_one_writes(workspace: Workspace, note: type) -> None:
    with Ledger.open(workspace, segment_bytes=20_000) as ledger:
        ledger.append(note(number=0))
        command = [sys.executable, "-c", READ, str(workspace.root)]
        readers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        for number in range(400):
            ledger.append_many([note(number=number)] * 5)
        said = [reader.communicate(timeout=15)[0] for reader in readers]
        assert [text[:2] for text in said] == ["ok", "ok"]


KILLED = """
import os, random, signal, sys, time
from pathlib import Path
from proveout.ledger import EntryBody, Ledger, entry, verify_ledger
from proveout.store import Workspace
@entry("test.noted", version=1)
class Noted(EntryBody, frozen=True):
    number: int
    text: str = ""
workspace = Workspace(Path(sys.argv[1]))
def append_for_ever(tell):
    try:
        with Ledger.open(workspace, segment_bytes=30_000) as ledger:
            while True:
                receipts = ledger.append_many([Noted(number=1)] * 20)
                os.write(tell, b"%d\\n" % receipts[-1].index)
    finally:
        os._exit(70)
for number in range(20):
    listen, tell = os.pipe()
    child = os.fork()
    if child == 0:
        append_for_ever(tell)
    os.close(tell)
    with os.fdopen(listen, "rb") as told:
        first = told.readline()
        time.sleep(random.Random(number).uniform(0, 0.02))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        last = int((first + told.read()).split(b"\\n")[-2])
    with Ledger.open(workspace) as ledger:
        assert len(ledger) > last, (len(ledger), last)
    report = verify_ledger(workspace)
    assert report.ok, report.summary
print("survived")
"""


def test_nothing_acknowledged_is_lost_to_kills(workspace: Workspace) -> None:
    command = [sys.executable, "-c", KILLED, str(workspace.root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == "survived\n", done.stderr


def test_an_interrupted_commit_closes_the_ledger_to_writing(
    workspace: Workspace, note: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Ledger.open(workspace) as ledger:
        ledger.append(note(number=1))

        def interrupted(_: int) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(os, "fdatasync", interrupted)
            with pytest.raises(KeyboardInterrupt):
                ledger.append(note(number=2))
        with pytest.raises(LedgerError, match="open the ledger again"):
            ledger.append(note(number=3))
    assert verify_ledger(workspace).ok


def test_entries_of_newer_code_are_named() -> None:
    assert "test.noted" in entry_kinds()
    with pytest.raises(EntryUnknown, match=r"test\.noted v2"):
        decode_body("test.noted", 2, b"{}")


def test_a_lost_store_is_not_a_beginning(workspace: Workspace, note: type) -> None:
    with Ledger.open(workspace) as ledger:
        ledger.append(note(number=1))
    for path in workspace.state.glob("store.sqlite*"):
        path.unlink()
    with pytest.raises(LedgerCorrupt, match="store that signed them is gone"):
        Ledger.open(workspace)


def test_a_lost_ledger_is_not_a_beginning(workspace: Workspace, note: type, tmp_path: Path) -> None:
    with Ledger.open(workspace) as ledger:
        ledger.append(note(number=1))
    workspace.ledger.rename(tmp_path / "elsewhere")
    with pytest.raises(LedgerCorrupt, match="missing"):
        Ledger.open(workspace)


def test_a_statement_is_signed_with_the_key_of_the_log_and_passes_for_no_head(workspace: Workspace) -> None:
    with Ledger.open(workspace) as ledger:
        signature, key = ledger.sign(b"true"), ledger.public_key
    assert key == read_public_key(workspace)
    public = Ed25519PublicKey.from_public_bytes(key)
    public.verify(signature, b"proveout statement v1\ntrue")
    with pytest.raises(InvalidSignature):
        public.verify(signature, b"true")
