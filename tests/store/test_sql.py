from __future__ import annotations

import multiprocessing
import sqlite3
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from proveout.errors import BusyError, NotWritable, SetupError, StoreCorrupt
from proveout.store import ApiKeyChange, Store, Workspace, open_store


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


def bytes_on_disk(workspace: Workspace) -> bytes:
    return b"".join(path.read_bytes() for path in workspace.state.glob("store.sqlite*"))


def test_configuration_is_kept(workspace: Workspace) -> None:
    with open_store(workspace) as store:
        assert store.get("a") is None
        store.put("a", "1")
        store.put("a", "2")
    with open_store(workspace) as store:
        assert isinstance(store, Store)
        assert store.get("a") == "2"
        assert store.get("schema_version") == "2"


def test_a_secret_is_made_once(workspace: Workspace) -> None:
    with open_store(workspace) as store:
        made = store.secret("x")
        assert store.secret("y") != made
    with open_store(workspace) as store:
        assert store.secret("x") == made
        assert len(made) == 32


def test_the_database_is_for_its_owner_only(workspace: Workspace) -> None:
    with open_store(workspace) as store:
        store.secret("x")
        for path in workspace.state.glob("store.sqlite*"):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_erased_key_is_gone_from_every_file(workspace: Workspace) -> None:
    with open_store(workspace) as store:
        key = store.subject_key("ada@example.org")
        other = store.subject_key("bob")
        assert key.material is not None
        assert key.material in bytes_on_disk(workspace)
        store.erase_subject("ada@example.org")
        left = bytes_on_disk(workspace)
        assert key.material not in left
        assert b"ada@example.org" not in left
        found = store.find_key(key.id)
        assert found is not None
        assert found.erased
        assert store.find_subject("ada@example.org") is None
        assert store.find_key(other.id) == other == store.find_subject("bob")
        assert store.find_key(bytes(16)) is None


def test_a_subject_who_returns_gets_another_key(workspace: Workspace) -> None:
    with open_store(workspace) as store:
        before = store.subject_key("ada")
        store.erase_subject("ada")
        store.erase_subject("nobody")
        after = store.subject_key("ada")
        assert after.id != before.id
        assert after == store.subject_key("ada")


def test_an_erasure_that_a_reader_holds_up_says_so(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proveout.store._sql.BUSY_SECONDS", 0.1)
    with open_store(workspace) as store:
        store.subject_key("ada")
        reader = sqlite3.connect(workspace.database, isolation_level=None)
        reader.execute("begin")
        reader.execute("select * from subject_keys").fetchall()
        with pytest.raises(BusyError):
            store.erase_subject("ada")
        assert store.find_subject("ada") is None
        reader.close()
        store.erase_subject("ada")


def test_racing_threads_agree_on_one_key(workspace: Workspace) -> None:
    with open_store(workspace) as store:
        found: list[bytes] = []
        threads = [threading.Thread(target=lambda: found.append(store.subject_key("ada").id)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(found) == 8
        assert len(set(found)) == 1


def test_a_newer_schema_is_refused(workspace: Workspace) -> None:
    with open_store(workspace) as store:
        store.put("schema_version", "99")
    with pytest.raises(SetupError, match="version 99"):
        open_store(workspace)


def test_a_file_that_is_no_database_is_named(workspace: Workspace) -> None:
    workspace.ensure()
    workspace.database.write_bytes(b"not a database" * 100)
    with pytest.raises(StoreCorrupt, match=r"store\.sqlite"):
        open_store(workspace)


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / ".proveout").write_text("in the way")
    with pytest.raises((NotWritable, SetupError, FileExistsError)):
        open_store(Workspace(tmp_path))


def test_a_store_of_the_first_version_is_brought_up_to_date(workspace: Workspace) -> None:
    with open_store(workspace) as store:
        made = store.secret("x")
        store.put("schema_version", "1")
    with sqlite3.connect(workspace.database) as connection:
        connection.execute("drop table api_keys")
        connection.execute("drop table pending_audits")
    connection.close()
    with open_store(workspace) as store:
        assert store.get("schema_version") == "2"
        assert store.secret("x") == made
        assert store.api_keys() == []
        assert store.pending_audits() == []


def test_a_newer_schema_is_not_touched(workspace: Workspace) -> None:
    with open_store(workspace) as store:
        store.put("schema_version", "3")
    with sqlite3.connect(workspace.database) as connection:
        connection.execute("drop table api_keys")
    with pytest.raises(SetupError, match="version 3"):
        open_store(workspace)
    assert connection.execute("select * from sqlite_master where name = 'api_keys'").fetchall() == []
    connection.close()


def test_api_keys_change_together_with_what_the_ledger_is_to_be_told(workspace: Workspace) -> None:
    with open_store(workspace) as store:
        assert store.api_keys_version() == ""
        assert store.change_api_keys([ApiKeyChange("b", None, b"1"), ApiKeyChange("a", None, b"2")], b"made")
        first = store.api_keys_version()
        assert store.api_keys() == [("a", b"2"), ("b", b"1")]
        assert store.change_api_keys([ApiKeyChange("a", b"2", b"3"), ApiKeyChange("b", b"1", None)], b"changed")
        assert store.api_keys_version() not in ("", first)
    with open_store(workspace) as store:
        assert store.api_keys() == [("a", b"3")]
        assert [record for _, record in store.pending_audits()] == [b"made", b"changed"]
        store.clear_audits([store.pending_audits()[0][0]])
        assert [record for _, record in store.pending_audits()] == [b"changed"]


@pytest.mark.parametrize(
    "stale", [ApiKeyChange("a", None, b"2"), ApiKeyChange("a", b"0", b"2"), ApiKeyChange("a", b"0", None)]
)
def test_a_change_of_what_has_changed_since_changes_nothing(workspace: Workspace, stale: ApiKeyChange) -> None:
    with open_store(workspace) as store:
        store.change_api_keys([ApiKeyChange("a", None, b"1")], b"made")
        version, pending = store.api_keys_version(), store.pending_audits()
        assert not store.change_api_keys([ApiKeyChange("b", None, b"1"), stale], b"changed")
        assert store.api_keys() == [("a", b"1")]
        assert (store.api_keys_version(), store.pending_audits()) == (version, pending)


def add_one_many_times(root: str) -> None:
    with open_store(Workspace(Path(root))) as store:
        done = 0
        while done < 20:
            old = dict(store.api_keys()).get("a")
            new = str(int(old or b"0") + 1).encode()
            done += store.change_api_keys([ApiKeyChange("a", old, new)], new)


def test_racing_processes_open_a_new_store_and_lose_no_change(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=add_one_many_times, args=(str(tmp_path),)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]
    with open_store(Workspace(tmp_path)) as store:
        assert store.api_keys() == [("a", b"60")]
        assert [record for _, record in store.pending_audits()] == [str(n).encode() for n in range(1, 61)]


def test_a_second_store_in_a_process_leaves_the_first_its_locks(workspace: Workspace) -> None:
    code = "import sys; from pathlib import Path; from proveout.store import Workspace, open_store\n"
    code += "with open_store(Workspace(Path(sys.argv[1]))) as store: store.put('name', sys.argv[2])"
    with open_store(workspace) as first:
        for number in range(3):
            first.put("mine", str(number))
            with open_store(workspace) as second:
                second.get("mine")
            command = [sys.executable, "-c", code, str(workspace.root), str(number)]
            subprocess.run(command, check=True)
            assert first.get("name") == str(number)
    with open_store(workspace) as store:
        assert (store.get("mine"), store.get("name")) == ("2", "2")
