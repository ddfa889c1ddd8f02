from __future__ import annotations

from pathlib import Path

import pytest

from proveout.families._sources import code_of, modules_behind
from proveout.families.modular.micro import micro_kinds

FILES = {
    "__init__.py": "",
    "one.py": "from proveout.two import name\n",
    "two/__init__.py": "from proveout.two._a import name\nfrom proveout.two._b import other\n",
    "two/_a.py": "def name():\n    from proveout.three import late\n    return late\n",
    "two/_b.py": "other = 1\n",
    "three.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from proveout import four\nlate = 1\n",
    "four.py": "import proveout.one\n",
    "five.py": "from proveout.two import _b\nimport proveout.one\n",
}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def names(module: str, root: Path) -> list[str]:
    return [path.relative_to(root).as_posix() for path in modules_behind(module, root)]


def test_imports_are_followed_through_front_pages_to_the_names_that_are_used(package: Path) -> None:
    assert names("proveout.one", package) == ["one.py", "three.py", "two/_a.py"]


def test_a_submodule_and_a_whole_module_are_followed_too(package: Path) -> None:
    assert names("proveout.five", package) == ["five.py", "one.py", "three.py", "two/_a.py", "two/_b.py"]
    assert names("proveout.four", package) == ["four.py", "one.py", "three.py", "two/_a.py"]


@pytest.mark.parametrize(("changed", "is_other"), [("three.py", True), ("two/_b.py", False), ("four.py", False)])
def test_the_hash_is_that_of_what_is_behind_it(package: Path, changed: str, is_other: object) -> None:
    before = code_of("proveout.one", package)
    with (package / changed).open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    assert (code_of("proveout.one", package) != before) == is_other


def test_kinds_depend_on_what_they_use_and_not_on_each_other() -> None:
    behind = {
        name: {path.name for path in modules_behind(type(micro_kinds.create(name)).__module__)}
        for name in micro_kinds.names()
    }
    assert "_crf.py" in behind["slots"]
    assert "_crf.py" not in behind["intent"]
    assert "_head.py" in behind["intent"]
    assert "_scope.py" not in behind["intent"]
    assert "_evaluate.py" in behind["rules"]
    assert "_evaluate.py" not in behind["scope"]


def test_a_module_of_another_package_is_its_file_and_what_it_imports_from_this_one() -> None:
    found = {path.name for path in modules_behind(__name__)}
    assert {Path(__file__).name, "_sources.py", "_kinds.py"} <= found
    assert modules_behind("no.such.module") == ()
