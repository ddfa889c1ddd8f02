"""Graphs by reference: a file in a folder and a name in it, or the modular candidate built there."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from proveout.errors import WorkflowInvalid
from proveout.families import ModularCandidate, candidate_ids, load_candidate
from proveout.families.modular.graph import Graph, load_graph
from proveout.store import Workspace

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["LoadedGraph", "load_reference"]

MODULAR = "modular"
Json = Mapping[str, Any]


class LoadedGraph(NamedTuple):
    """A graph, and how it is found again.

    Attributes:
        graph: ready to run.
        source: a reference that names this graph: of a candidate, its id and not just its family.
        prepare: the fields of the graph's input, from what people give.
    """

    graph: Graph
    source: str
    prepare: Callable[[Json], dict[str, Any]] = dict


def load_reference(folder: Path, reference: str) -> LoadedGraph:
    """The graph that a reference names: ``flow.toml``, ``desk.py:refunds``, ``modular`` or ``modular@3f2a…``.

    Args:
        folder: in which the file is, or whose task the candidate was built for.
        reference: a path in the folder, for Python with the name behind a colon; or a candidate. The steps of a TOML
            file may name the micro-models of the candidate built last.

    Raises:
        WorkflowInvalid: there is no such file, name or candidate, or the file cannot be loaded.
    """
    if reference.partition("@")[0] == MODULAR:
        return _of_candidate(folder, reference)
    path, _, name = reference.partition(":")
    file = folder / path
    if file.suffix not in LOADERS:
        fix = f"name a file that ends in {' or '.join(sorted(LOADERS))}, or a candidate: {MODULAR}"
        raise WorkflowInvalid("no graph", why=f"{path} is no file of graphs", fix=fix, about=reference)
    if not _is_file(file):
        fix = "name a file in that folder"
        raise WorkflowInvalid("no graph", why=f"there is no {file}", fix=fix, about=reference)
    return LoadedGraph(LOADERS[file.suffix](folder, file, name), reference)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        # Its name is too long, or a folder on the way may not be entered.
        return False


def _of_candidate(folder: Path, reference: str) -> LoadedGraph:
    candidate, identifier = _candidate(folder, reference)
    return LoadedGraph(candidate.graph, identifier, candidate.graph_input)


def _candidate(folder: Path, reference: str) -> tuple[ModularCandidate, str]:
    """The candidate of that id, or the one built last."""
    workspace = Workspace(folder)
    known = [one for one in candidate_ids(workspace) if one.partition("@")[0] == MODULAR]
    wanted = known if reference == MODULAR else [one for one in known if one == reference]
    if not wanted:
        fix = f"build one with: proveout build {folder} --families {MODULAR}"
        raise WorkflowInvalid(
            "no graph", why=f"there is {', '.join(known) or 'no candidate'}", fix=fix, about=reference
        )
    identifier = max(wanted, key=lambda one: (workspace.candidates / one).stat().st_mtime_ns)
    found = load_candidate(workspace, identifier)
    assert isinstance(found, ModularCandidate)  # noqa: S101  what the family of that name builds
    return found, identifier


def _from_toml(folder: Path, file: Path, name: str) -> Graph:
    """A file holds one graph, which may name micro-models by their step."""
    if name:
        fix = f"write {file.name} alone"
        raise WorkflowInvalid("no graph", why="a TOML file holds one graph", fix=fix, about=f"{file.name}:{name}")
    built = any(one.partition("@")[0] == MODULAR for one in candidate_ids(Workspace(folder)))
    steps = _candidate(folder, MODULAR)[0].functions() if built else {}
    return load_graph(file, steps)


def _from_python(folder: Path, file: Path, name: str) -> Graph:
    """A variable of a module. The folder of the file is on the path, behind all others."""
    del folder
    found = getattr(_module(file), name, None)
    if not isinstance(found, Graph):
        why = f"{file} has no graph called {name}" if name else f"{file} may hold several"
        fix = "write FILE.py:NAME, with the name of a Graph at the top of the file"
        raise WorkflowInvalid("no graph", why=why, fix=fix, about=f"{file.name}:{name}")
    return found


LOADERS: dict[str, Callable[[Path, Path, str], Graph]] = {".py": _from_python, ".toml": _from_toml}


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
    except (Exception, SystemExit) as error:
        why = f"{type(error).__name__}: {error}"
        fix = "correct the file"
        raise WorkflowInvalid("a file of graphs cannot be loaded", why=why, fix=fix, about=str(file)) from error
    return module
