"""Which code a module depends on: a hash over its own source and that of all it imports."""

from __future__ import annotations

import ast
import hashlib
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["code_of", "modules_behind"]

PACKAGE = "proveout"
ROOT = Path(__file__).resolve().parents[1]


class _Import(NamedTuple):
    """``from module import name``; the name is "" where the whole module is imported."""

    module: str
    name: str


def code_of(module: str, root: Path = ROOT) -> str:
    """A hash that changes when the module changes, or one it imports from this package, and with no other.

    Args:
        module: dotted name; of another package, it is its own file and what that imports from this one.
        root: folder of the package.

    Example:
        >>> code_of("proveout.families._spans") == code_of("proveout.families._spans")
        True
    """
    digest = hashlib.blake2b(digest_size=16)
    for path in modules_behind(module, root):
        name = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
        digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def modules_behind(module: str, root: Path = ROOT) -> tuple[Path, ...]:
    """Files of a module and of all it imports from this package, sorted; imports for type checking are left out.

    A front page holds nothing but imports, so of one only the modules that a name comes from count: importing
    `canonical_json` from ``proveout.task`` does not depend on how a task is loaded.

    Example:
        >>> [path.name for path in modules_behind("proveout.families._vectors")]
        ['_root.py', '_tree.py', '_vectors.py', '_files.py']
    """
    stranger = _stranger(module)
    found: set[Path] = {stranger} if stranger else set()
    seen: set[_Import] = set()
    waiting = list(_imports(stranger)) if stranger else [_Import(module, "")]
    while waiting:
        one = waiting.pop()
        path = None if one in seen else _path(one.module, root)
        seen.add(one)
        if path is None:
            continue
        if path.name == "__init__.py":
            waiting.extend(_through(one, path, root))
        else:
            found.add(path)
            waiting.extend(_imports(path))
    return tuple(sorted(found))


def _stranger(module: str) -> Path | None:
    """The file of a module of another package."""
    if module.partition(".")[0] == PACKAGE:
        return None
    origin = getattr(sys.modules.get(module), "__file__", None)
    return Path(origin) if origin else None


def _through(one: _Import, page: Path, root: Path) -> list[_Import]:
    """What a name of a front page stands for; a submodule is itself."""
    below = f"{one.module}.{one.name}"
    if one.name and _path(below, root) is not None:
        return [_Import(below, "")]
    return [other for other, alias in _named(page) if alias == one.name]


def _path(module: str, root: Path) -> Path | None:
    first, *parts = module.split(".")
    if first != PACKAGE:
        return None
    place = root.joinpath(*parts)
    return next((path for path in (place / "__init__.py", place.with_suffix(".py")) if path.is_file()), None)


@cache
def _imports(path: Path) -> tuple[_Import, ...]:
    return tuple(one for one, _ in _named(path))


@cache
def _named(path: Path) -> tuple[tuple[_Import, str], ...]:
    """Each import with the name it goes by in the module."""
    return tuple(_walk(ast.parse(path.read_bytes())))


def _walk(node: ast.AST) -> Iterator[tuple[_Import, str]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        if isinstance(child, ast.ImportFrom):
            yield from ((_Import(child.module or "", alias.name), alias.asname or alias.name) for alias in child.names)
        elif isinstance(child, ast.Import):
            yield from ((_Import(alias.name, ""), alias.asname or alias.name) for alias in child.names)
        else:
            yield from _walk(child)
