from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from proveout.errors import SettingsInvalid, TaskNotFound
from proveout.gateway._settings import ServedTask, Settings
from proveout.gateway.tasks import load_embeddings, load_tasks, task_names

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
