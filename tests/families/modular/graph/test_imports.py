from __future__ import annotations

import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from proveout.errors import WorkflowInvalid
from proveout.families.modular.graph import code_of
from proveout.families.modular.graph._imports import imported, name_of

STEPS = """
from . import words

class Model:
    @staticmethod
    def shout(text: str) -> str:
        return words.loud(text)

class Bare:
    pass

number = 3
bare = Bare()
"""


def write(folder: Path, mark: str = "!") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "steps.py").write_text(STEPS, encoding="utf-8")
    (folder / "words.py").write_text(f"def loud(text):\n    return text.upper() + {mark!r}\n", encoding="utf-8")
    return folder


def test_two_folders_may_each_have_a_module_of_one_name(tmp_path: Path) -> None:
    one, two = (imported("steps:Model.shout", write(tmp_path / mark, mark), "g") for mark in "ab")
    assert (one("x"), two("x")) == ("Xa", "Xb")
    assert "steps" not in sys.modules


def test_a_changed_file_is_read_anew(tmp_path: Path) -> None:
    first = imported("words:loud", write(tmp_path, "!"), "g")
    version = code_of(first)
    second = imported("words:loud", write(tmp_path, "?"), "g")
    assert (first("x"), second("x")) == ("X!", "X?")
    assert version != code_of(second)


def test_an_unchanged_file_is_read_once(tmp_path: Path) -> None:
    assert imported("words:loud", write(tmp_path), "g") is imported("words:loud", tmp_path, "g")


def test_a_moved_folder_has_steps_of_the_same_version(tmp_path: Path) -> None:
    one, two = (imported("words:loud", write(tmp_path / name), "g") for name in "ab")
    assert one is not two
    assert code_of(one) == code_of(two)
    assert code_of(one).startswith("words:loud@")


def test_a_package_beside_the_graph(tmp_path: Path) -> None:
    write(tmp_path / "inner")
    (tmp_path / "inner" / "__init__.py").write_text("from .words import loud\n", encoding="utf-8")
    assert imported("inner:loud", tmp_path, "g")("x") == "X!"
    assert imported("inner.words:loud", tmp_path, "g")("x") == "X!"


def test_an_installed_package() -> None:
    assert imported("textwrap:dedent", None, "g") is textwrap.dedent
    assert imported("sys:intern", None, "g") is sys.intern


@pytest.mark.parametrize(
    "name", ["steps", ":shout", "steps:", "steps.py:shout()", "../x:y", "a b:c", "os:system:x", ".steps:x"]
)
def test_what_is_no_name_to_import(name: str) -> None:
    with pytest.raises(WorkflowInvalid) as caught:
        imported(name, None, "desk.toml")
    assert str(caught.value) == f"desk.toml: not a name to import: it is {name!r}. Next: write module:function."


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("steps:Modl", "a step cannot be imported: steps has no Modl. Next: did you mean 'Model'? it has "),
        ("steps:Model.whisper", "steps has no Model.whisper. Next: it has shout"),
        ("steps:number", "nothing to call: steps:number is of type int"),
        ("steps:bare", "nothing to call: steps:bare is of type Bare"),
        ("broken:x", "importing broken raised ZeroDivisionError: division by zero. Next: correct the module"),
        ("leaves:x", "importing leaves raised SystemExit: 3"),
        ("needs:x", "importing needs raised ModuleNotFoundError: No module named 'no_such_package'"),
        (
            "absent:x",
            "there is no absent.py beside the graph, and no installed package absent. Next: put the file beside",
        ),
        ("__main__:x", "there is no __main__.py beside the graph"),
        ("textwrap.absent:x", "importing textwrap.absent raised ModuleNotFoundError"),
    ],
)
def test_what_cannot_be_imported(tmp_path: Path, name: str, message: str) -> None:
    write(tmp_path)
    (tmp_path / "broken.py").write_text("1 / 0\n", encoding="utf-8")
    (tmp_path / "leaves.py").write_text("raise SystemExit(3)\n", encoding="utf-8")
    (tmp_path / "needs.py").write_text("import no_such_package\n", encoding="utf-8")
    with pytest.raises(WorkflowInvalid) as caught:
        imported(name, tmp_path, "desk.toml")
    assert message in str(caught.value)


def test_the_current_directory_is_not_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.syspath_prepend("")
    with pytest.raises(WorkflowInvalid, match=r"there is no words\.py known here"):
        imported("words:loud", None, "g")
    assert imported("words:loud", tmp_path / "here", "g")("x") == "X!"


def test_what_was_imported_has_its_name_again(tmp_path: Path) -> None:
    for name in ("words:loud", "steps:Model.shout"):
        assert name_of(imported(name, write(tmp_path), "g"), "g") == name


@pytest.mark.parametrize("run", [lambda x: x, object(), "text", write.__get__(Path())])
def test_what_has_no_name(run: Any) -> None:
    with pytest.raises(WorkflowInvalid) as caught:
        name_of(run, "desk")
    assert "is not at the top of a module that can be imported. Next: give it a name in steps" in str(caught.value)
