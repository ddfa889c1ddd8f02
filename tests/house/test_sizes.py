"""The house numbers: short functions, small files."""

from __future__ import annotations

import ast
from pathlib import Path
from statistics import median

SOURCE = Path(__file__).resolve().parents[2] / "src" / "proveout"
FILES = {path: path.read_text(encoding="utf-8") for path in sorted(SOURCE.rglob("*.py"))}


def function_lengths() -> dict[str, int]:
    lengths = {}
    for path, text in FILES.items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lengths[f"{path.name}:{node.lineno} {node.name}"] = (node.end_lineno or node.lineno) - node.lineno + 1
    return lengths


def test_functions_are_short() -> None:
    lengths = function_lengths()
    long = {name: length for name, length in lengths.items() if length > 40}
    assert max(lengths.values()) <= 100, f"over 100 lines: {long}"
    assert len(long) <= 0.05 * len(lengths), f"over 40 lines: {long}"


def test_files_are_small() -> None:
    lengths = {str(path): text.count("\n") for path, text in FILES.items()}
    assert max(lengths.values()) <= 600, max(lengths, key=lambda path: lengths[path])
    assert median(lengths.values()) <= 180


def test_no_error_is_swallowed() -> None:
    swallowed = [
        f"{path.name}:{node.lineno}"
        for path, text in FILES.items()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.ExceptHandler) and len(node.body) == 1 and isinstance(node.body[0], ast.Pass)
    ]
    assert swallowed == []


def test_tests_mirror_the_source() -> None:
    tests = Path(__file__).resolve().parents[1]
    packages = {path.parent.name for path in SOURCE.glob("*/__init__.py")}
    for package in packages:
        modules = {path.stem.lstrip("_") for path in (SOURCE / package).rglob("_*.py") if path.stem != "__init__"}
        tested = {path.stem.removeprefix("test_") for path in (tests / package).rglob("test_*.py")}
        assert tested, f"{package} has no tests"
        strangers = {name for name in tested if not any(name.startswith(module) for module in modules | {package})}
        assert strangers == set(), f"tests/{package} holds tests of modules that do not exist: {strangers}"
