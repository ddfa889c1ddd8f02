from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from proveout.errors import BusyError, SetupError, StoreCorrupt
from proveout.families.retrieval import Knowledge, Source
from proveout.families.retrieval._records import FILE, Records

Opens = Callable[..., Knowledge]
KILLS, PAGES = 25, 12
# Forks a child that ingests batches and acknowledges each, kills it -9 after a random while, and looks at what is
# there; the children inherit the imports, which take longer than the batches.
KILLER = """
import json, os, random, signal, sys, time
from pathlib import Path
import numpy as np
from proveout.families.retrieval import Knowledge, Source

class Embedder:
    name = fingerprint = "length"
    def embed(self, texts):
        return np.array([[len(text), 1.0] for text in texts], dtype=np.float32)

folder, kills, pages, chance = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), random.Random(0)
with Knowledge.open(folder, Embedder(), folder):
    pass

def child(first, out):
    with Knowledge.open(folder, Embedder(), folder) as knowledge:
        for batch in range(first, first + 1000):
            text = f"batch {batch} " + "some words here. " * 120
            rows = [Source(path=f"{batch}-{page}", content=f"{page} {text}".encode()) for page in range(pages)]
            gone = [f"{batch - 2}-{page}" for page in range(0, pages, 2)] if batch % 1000 > 1 else []
            report = knowledge.ingest(rows, delete=gone)
            os.write(out, json.dumps([batch, report.generation, report.chunks]).encode() + b"\\n")

for kill in range(kills):
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        child(kill * 1000, write)
    os.close(write)
    time.sleep(chance.uniform(0.02, 0.4))
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    with os.fdopen(read) as lines:
        print(lines.read(), end="")
"""


def test_kill_9_loses_no_acknowledged_batch_and_leaves_no_half_one(tmp_path: Path) -> None:
    command = [sys.executable, "-c", KILLER, str(tmp_path), str(KILLS), str(PAGES)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    acknowledged = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(acknowledged) >= KILLS
    with sqlite3.connect(tmp_path / FILE) as connection:
        read = connection.execute
        made = dict(read("SELECT number, chunks FROM generations").fetchall())
        assert all(made[generation] == chunks for _, generation, chunks in acknowledged)
        assert sorted(made) == list(range(1, len(made) + 1))
        batches: dict[int, set[int]] = {}
        for path, born in read("SELECT path, valid_from FROM documents"):
            batches.setdefault(int(path.split("-")[0]), set()).add(born)
        assert {batch for batch, _, _ in acknowledged} <= set(batches)
        for births in batches.values():
            assert len(births) == 1
        counts = read("SELECT count(*) FROM documents GROUP BY substr(path, 1, instr(path, '-') - 1)").fetchall()
        assert set(counts) == {(PAGES,)}
        for number, chunks in made.items():
            query = "SELECT count(*) FROM chunks WHERE valid_from <= ? AND valid_to > ?"
            assert read(query, (number, number)).fetchone() == (chunks,)
        orphans = "SELECT count(*) FROM chunks WHERE chunk_hash NOT IN (SELECT chunk_hash FROM vectors)"
        assert read(orphans).fetchone() == (0,)
        assert read("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_a_damaged_text_is_found_out(opens: Opens, tmp_path: Path) -> None:
    knowledge = opens()
    knowledge.ingest([Source(path="a", content=b"refunds take five days")])
    knowledge.search("refunds")
    with sqlite3.connect(tmp_path / "base" / FILE) as connection:
        connection.execute("UPDATE chunks SET text = 'refunds take ten days'")
    connection.close()
    with pytest.raises(StoreCorrupt):
        knowledge.search("refunds")


def test_a_lost_vector_is_found_out(opens: Opens, tmp_path: Path) -> None:
    knowledge = opens()
    knowledge.ingest([Source(path="a", content=b"refunds"), Source(path="b", content=b"hours")])
    with sqlite3.connect(tmp_path / "base" / FILE) as connection:
        connection.execute("DELETE FROM vectors WHERE chunk_hash = (SELECT min(chunk_hash) FROM vectors)")
    connection.close()
    with pytest.raises(StoreCorrupt):
        knowledge.search("refunds")


def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"not a database at all" * 100)
    with pytest.raises(StoreCorrupt):
        Records.open(tmp_path)


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    Records.open(tmp_path).close()
    with sqlite3.connect(tmp_path / FILE) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(SetupError):
        Records.open(tmp_path)


def test_two_ingests_do_not_mix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proveout.families.retrieval._records.BUSY_SECONDS", 0.05)
    records = Records.open(tmp_path)
    with records.batch(lambda: 0.0), pytest.raises(BusyError), records.batch(lambda: 0.0):
        pass
    records.close()


def test_the_same_state_has_the_same_ids(opens: Opens, embedder: Any) -> None:
    rows = [Source(path=f"{at}", content=f"page {at}".encode()) for at in range(5)]
    first, second = opens("one"), opens("two")
    first.ingest(rows)
    for row in reversed(rows):
        second.ingest([row])
    assert first.search("page", 9) == second.search("page", 9)
