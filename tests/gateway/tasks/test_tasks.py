from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from proveout.errors import SettingsInvalid, TaskNotFound
from proveout.gateway._settings import ServedTask, Settings
from proveout.gateway.tasks import built_state, load_embeddings, load_tasks, task_names

HEAVY = ["numpy", "sklearn", "scipy", "onnxruntime", "httpx", "duckdb", "jsonschema", "pyarrow", "proveout.families"]


def test_a_task_is_named_like_its_folder(tmp_path: Path) -> None:
    (tmp_path / "a" / "desk").mkdir(parents=True)
    (tmp_path / "b" / "desk").mkdir(parents=True)
    first, second = str(tmp_path / "a" / "desk"), str(tmp_path / "b" / "desk")
    assert task_names([first, f"{tmp_path}/a/../a/desk"]) == {"desk": Path(f"{tmp_path}/a/../a/desk")}
    with pytest.raises(SettingsInvalid, match="two tasks of one name"):
        task_names([first, second])


def test_settings_of_a_task_that_is_not_served_are_an_error() -> None:
    with pytest.raises(SettingsInvalid, match="did you mean 'desk'"):
        load_tasks(["x/desk"], Settings(tasks={"desc": ServedTask()}))


def test_a_task_and_an_embedder_are_told_apart() -> None:
    with pytest.raises(SettingsInvalid, match="two models of one name"):
        load_tasks(["x/minilm-int8"], Settings(embeddings=("minilm-int8",)))


def test_a_folder_without_a_task_is_named(tmp_path: Path) -> None:
    with pytest.raises(TaskNotFound):
        load_tasks([str(tmp_path)], Settings())


def test_the_state_changes_with_what_is_built_and_with_nothing_else(tmp_path: Path) -> None:
    folders = [str(tmp_path)]
    states = [built_state(folders)]
    assert built_state(folders) == states[0]
    (tmp_path / "task.toml").write_text("a = 1")
    states.append(built_state(folders))
    (tmp_path / ".proveout" / "candidates" / "llm@0").mkdir(parents=True)
    assert built_state(folders) == states[-1]
    (tmp_path / ".proveout" / "candidates" / "llm@0" / "manifest.json").write_text("{}")
    states.append(built_state(folders))
    (tmp_path / ".proveout" / "certificates").mkdir()
    (tmp_path / ".proveout" / "certificates" / "certificate@1.json").write_text("{}")
    states.append(built_state(folders))
    assert len(set(states)) == 4
    (tmp_path / ".proveout" / "ledger").mkdir()
    assert built_state(folders) == states[-1]


def test_without_tasks_and_embedders_nothing_heavy_is_imported() -> None:
    assert load_tasks([], Settings()) == {}
    assert load_embeddings(Settings(), Path()) == {}
    code = (
        "import sys; from pathlib import Path; from proveout.gateway._settings import Settings\n"
        "from proveout.gateway import api, tasks\n"
        "tasks.load_tasks([], Settings()); tasks.load_embeddings(Settings(), Path()); api.openapi()\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert found.strip() == "[]"
