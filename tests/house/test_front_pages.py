"""Each package's front page is a docstring, imports and a sorted ``__all__`` that equals what it exports."""

from __future__ import annotations

import ast
import inspect
from importlib import import_module
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src" / "proveout"
PACKAGES = sorted(
    ".".join(path.parent.relative_to(SOURCE).parts) for path in SOURCE.rglob("*/__init__.py") if path.parent != SOURCE
)


@pytest.mark.parametrize("package", PACKAGES)
def test_a_front_page_holds_nothing_else(package: str) -> None:
    tree = ast.parse((SOURCE / package.replace(".", "/") / "__init__.py").read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), f"{package} has no docstring"
    body = tree.body[1:]
    *imports, exported = body
    assert all(isinstance(node, ast.ImportFrom) for node in imports), f"{package} does more than import"
    assert isinstance(exported, ast.Assign)
    imported = {
        alias.asname or alias.name for node in imports if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert imported - {"annotations"} == set(ast.literal_eval(exported.value))


@pytest.mark.parametrize("package", PACKAGES)
def test_every_exported_name_is_documented(package: str) -> None:
    module = import_module(f"proveout.{package}")
    missing = []
    for name in module.__all__:
        value = getattr(module, name)
        if (inspect.isclass(value) or inspect.isfunction(value)) and not (value.__doc__ or "").strip():
            missing.append(name)
    assert missing == []


@pytest.mark.parametrize("path", sorted(SOURCE.glob("*/**/*.py")), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_modules_are_private(path: Path) -> None:
    assert path.name.startswith("_"), "modules inside a package are private; the front page exports"
