from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from proveout.errors import DeterminismBroken, DiskFull, JournalCorrupt, NotWritable, SetupError, WriterBusy
from proveout.families.modular.engine import SqliteEngine, _database
from proveout.families.modular.engine._journal import Journal
from proveout.families.modular.graph import Graph

Make = Callable[..., SqliteEngine]
Chain = Callable[..., Graph]


def large(value: int) -> str:
    return "x" * value


def size(value: str) -> int:
    return len(value)


def test_a_full_disk_is_said_and_the_run_goes_on_where_it_was(engine: Make, chain: Chain) -> None:
    calls: list[str] = []

    def first(value: int) -> int:
        calls.append("first")
        return value

    def second(value: int) -> str:
        calls.append("second")
        return "x" * value

    one = engine(chain(first, second, size))
    pages = one._journal.query("PRAGMA page_count")[0][0]
    one._journal.execute(f"PRAGMA max_page_count={pages + 4}")
    with pytest.raises(DiskFull, match="database or disk is full"):
        one.run("chain", {"value": 100_000}, run_id="r")
    assert [step.name for step in one.show("r").steps] == ["first"]
    with pytest.raises(DiskFull):
        one.resume("r")
    one._journal.execute("PRAGMA max_page_count=1000000")
    assert one.resume("r").output == 100_000
    assert calls == ["first", "second", "second", "second"]


def test_a_run_that_could_not_be_written_down_is_not_begun(engine: Make, chain: Chain) -> None:
    calls: list[int] = []

    def note(value: int) -> int:
        calls.append(value)
        return value

    one = engine(chain(note))
    one._journal.execute("PRAGMA max_page_count=1")
    big = {"value": int("9" * 4000)}
    with pytest.raises(DiskFull):
        one.run("chain", big)
    with pytest.raises(DiskFull):
        one.start("chain", big)
    assert calls == []
    assert one.runs() == []


def test_the_journal_is_append_only(engine: Make, chain: Chain) -> None:
    one = engine(chain(large))
    one.run("chain", {"value": 1})
    for statement in ("UPDATE steps SET attempt = 2", "DELETE FROM steps"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            one._journal.execute(statement)


@pytest.mark.parametrize("changed", [b'"xyx"', '"xxx"', 7])
def test_a_changed_record_is_found_and_other_runs_go_on(
    engine: Make, chain: Chain, path: Path, changed: object
) -> None:
    one = engine(chain(large))
    one.run("chain", {"value": 3}, run_id="r")
    good = one.run("chain", {"value": 4})
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TRIGGER steps_stay")
        connection.execute("""UPDATE steps SET content = '"xyx"' WHERE run = 1""")
    connection.close()
    with pytest.raises(JournalCorrupt, match="record 0 of run r, of step large, does not match its checksum"):
        one.resume("r")
    assert one.resume(good.id).output == "xxxx"


@pytest.mark.parametrize("changed", [b"{", b"[]", b'{"value":"three"}', b'{"value":4}'])
def test_changed_inputs_are_found(engine: Make, chain: Chain, path: Path, changed: bytes) -> None:
    one = engine(chain(large))
    one.run("chain", {"value": 3}, run_id="r")
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE runs SET input = ?", (changed,))
    connection.close()
    with pytest.raises((JournalCorrupt, DeterminismBroken)):
        one.resume("r")


def test_damage_is_said(engine: Make, chain: Chain, path: Path) -> None:
    one = engine(chain(large))
    one.run("chain", {"value": 30_000})
    one.close()
    content = bytearray(path.read_bytes())
    content[2048:] = b"\xff" * (len(content) - 2048)
    path.write_bytes(content)
    with pytest.raises(JournalCorrupt, match="the journal is damaged"):
        engine(chain(large)).runs()


@pytest.mark.parametrize("content", [b"not a database at all, but long enough to be read" * 100, b"SQLite format 3\0"])
def test_another_kind_of_file_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(JournalCorrupt):
        Journal(path)
    assert path.read_bytes() == content


def test_another_database_is_left_alone(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE mine (a)")
    connection.close()
    with pytest.raises(JournalCorrupt, match="it holds mine"):
        Journal(path)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version=7")
    connection.close()
    with pytest.raises(JournalCorrupt, match="its schema is version 7"):
        Journal(path)


def test_a_journal_that_cannot_be_written_is_said(engine: Make, chain: Chain, tmp_path: Path) -> None:
    one = engine(chain(large))
    one._journal.execute("PRAGMA query_only=ON")
    with pytest.raises(NotWritable, match="cannot write"):
        one.run("chain", {"value": 1})
    file = tmp_path / "file"
    file.write_text("", encoding="utf-8")
    with pytest.raises(SetupError, match="a part of the path is a file"):
        Journal(file / "runs.sqlite")


def test_a_locked_journal_is_busy(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_database, "BUSY_SECONDS", 0.01)
    one, other = Journal(path), Journal(path)

    def write(journal: Journal) -> None:
        with journal.transaction():
            journal.execute("INSERT OR REPLACE INTO queues VALUES ('a', 1)")

    with one.transaction(), pytest.raises(WriterBusy, match="the journal is locked"):
        write(other)
    write(other)
    one.close()
    other.close()


def test_a_finished_run_is_synced_and_its_steps_are_not(engine: Make, chain: Chain) -> None:
    """By what SQLite is told; a power cut cannot be had here."""
    said: list[str] = []
    one = engine(chain(large, size))

    def listen(statement: str) -> None:
        if "synchronous" in statement or statement == "COMMIT" or "INTO steps" in statement:
            said.append(statement.split("(", maxsplit=1)[0].strip())

    one._journal._connection.set_trace_callback(listen)
    one.run("chain", {"value": 3})
    insert = "INSERT INTO steps"
    assert said == ["COMMIT", insert, "PRAGMA synchronous=FULL", insert, "COMMIT", "PRAGMA synchronous=NORMAL"]


@pytest.mark.parametrize("settings", [{"sync": True}])
def test_a_synced_step_is_synced(engine: Make, chain: Chain, settings: dict[str, Any]) -> None:
    said: list[str] = []
    one = engine(chain(large, size, large=settings))
    one._journal._connection.set_trace_callback(said.append)
    one.run("chain", {"value": 3})
    assert said.count("PRAGMA synchronous=FULL") == 2
