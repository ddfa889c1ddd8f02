"""Graphs by reference: a file in a folder, and a name in it."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from proveout.errors import WorkflowInvalid
from proveout.families.modular.graph import Graph

__all__ = ["Loader", "graph_loaders", "load_reference"]

# Called with the file and the name behind the colon, "" for none.
Loader = Callable[[Path, str], Graph]


def load_reference(folder: Path, reference: str, loaders: Mapping[str, Loader] | None = None) -> Graph:
    """The graph that a reference such as ``desk.py:refunds`` names.

    Args:
        folder: in which the file is.
        reference: a path in it, and behind a colon the name in the file.
        loaders: by suffix of the file; None takes `graph_loaders`.

    Raises:
        WorkflowInvalid: there is no such file or name, or the file cannot be loaded.
    """
    loaders = graph_loaders() if loaders is None else loaders
    path, _, name = reference.partition(":")
    file = folder / path
    loader = loaders.get(file.suffix)
    if loader is None:
        fix = f"name a file that ends in {' or '.join(sorted(loaders))}"
        raise WorkflowInvalid("no graph", why=f"{path} is no file of graphs", fix=fix, about=reference)
    if not file.is_file():
        fix = "name a file in that folder"
        raise WorkflowInvalid("no graph", why=f"there is no {file}", fix=fix, about=reference)
    return loader(file, name)


def graph_loaders() -> Mapping[str, Loader]:
    """How files of each suffix are loaded."""
    return MappingProxyType({".py": _from_python})


def _from_python(file: Path, name: str) -> Graph:
    """A variable of a module. The folder of the file is on the path, behind all others."""
    found = getattr(_module(file), name, None)
    if not isinstance(found, Graph):
        why = f"{file} has no graph called {name}" if name else f"{file} may hold several"
        fix = "write FILE.py:NAME, with the name of a Graph at the top of the file"
        raise WorkflowInvalid("no graph", why=why, fix=fix, about=f"{file.name}:{name}")
    return found


def _module(file: Path) -> object:
    # Steps are versioned by the name of their module, so it may not depend on where the folder is.
    name = f"graph_file_{re.sub(r'[^0-9a-zA-Z_]', '_', file.stem)}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        fix = "name a Python file"
        raise WorkflowInvalid("no graph", why=f"{file} cannot be loaded", fix=fix, about=str(file))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    if str(file.parent) not in sys.path:
        sys.path.append(str(file.parent))
    try:
        spec.loader.exec_module(module)
    except WorkflowInvalid:
        raise
    except Exception as error:
        why = f"{type(error).__name__}: {error}"
        fix = "correct the file"
        raise WorkflowInvalid("a file of graphs cannot be loaded", why=why, fix=fix, about=str(file)) from error
    return module
