"""The log of lookups: whole lines, several writers, nothing of the inputs in it."""

from __future__ import annotations

import gc
import os
import threading
from pathlib import Path

import pytest

from proveout.errors import EvidenceUnusable
from proveout.gateway.cache import Lookup, LookupLog, lookups_of, semantic_folder


def log(home: Path, **changed: str) -> LookupLog:
    return LookupLog(home, **{"task": "desk", "generation": "g", "embedder": "e", **changed})


def test_what_is_written_is_read(tmp_path: Path) -> None:
    written = [Lookup(time=1, input="a"), Lookup(time=2, input="b", score=0.5, agree=True, vetoed="x", audit=True)]
    made = log(tmp_path)
    for lookup in written:
        made.append(lookup)
    made.close()
    head, found = lookups_of(made.path)
    assert (head.task, head.generation, head.embedder) == ("desk", "g", "e")
    assert found == written


def test_several_workers_share_a_log(tmp_path: Path) -> None:
    logs = [log(tmp_path) for _ in range(4)]

    def write(made: LookupLog, worker: int) -> None:
        for at in range(200):
            made.append(Lookup(time=at, input=f"{worker}-{at}"))

    threads = [threading.Thread(target=write, args=(made, worker)) for worker, made in enumerate(logs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = lookups_of(logs[0].path)[1]
    assert len({lookup.input for lookup in found}) == len(found) == 800


def test_a_line_that_was_cut_and_a_second_head_are_left_out(tmp_path: Path) -> None:
    made = log(tmp_path)
    made.append(Lookup(time=1, input="a"))
    head = made.path.read_bytes().splitlines()[0]
    with made.path.open("ab") as file:
        file.write(head + b"\n" + b'{"time":2,"inp')
    assert [lookup.input for lookup in lookups_of(made.path)[1]] == ["a"]


def test_a_file_that_is_no_log_says_so(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(b"\x00nonsense")
    with pytest.raises(EvidenceUnusable, match="not a log"):
        lookups_of(path)


def test_each_task_generation_and_embedder_has_its_own(tmp_path: Path) -> None:
    made = {
        log(tmp_path).path,
        log(tmp_path, task="shop").path,
        log(tmp_path, generation="h").path,
        log(tmp_path, embedder="f").path,
    }
    assert len(made) == 4


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b", ".", "", "\x00"])
def test_no_name_of_a_task_leads_elsewhere(tmp_path: Path, name: str) -> None:
    folder = semantic_folder(tmp_path, name)
    assert folder.resolve().is_relative_to(tmp_path.resolve() / ".proveout" / "cache" / "semantic")
    assert folder.name.isalnum()


def test_a_log_has_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proveout.gateway.cache._lookups.MOST_BYTES", 1000)
    made = log(tmp_path)
    for at in range(100):
        made.append(Lookup(time=at, input="a" * 16))
    assert made.path.stat().st_size < 1100


def test_it_is_for_its_owner_alone(tmp_path: Path) -> None:
    assert log(tmp_path).path.stat().st_mode & 0o077 == 0


def test_a_log_that_is_forgotten_is_closed(tmp_path: Path) -> None:
    made = log(tmp_path)
    descriptor = made._file
    os.fstat(descriptor)
    del made
    gc.collect()
    with pytest.raises(OSError, match="Bad file"):
        os.fstat(descriptor)


def test_a_log_may_be_closed_twice(tmp_path: Path) -> None:
    made = log(tmp_path)
    made.close()
    made.close()
