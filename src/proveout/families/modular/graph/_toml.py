"""Graphs read from TOML, or from the same tables as plain values."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import msgspec

from proveout.errors import WorkflowInvalid
from proveout.families.modular.graph._graph import Graph
from proveout.families.modular.graph._imports import imported
from proveout.families.modular.graph._input_types import parse_type
from proveout.families.modular.graph._model import Retry, StepSettings, StepSpec
from proveout.families.modular.graph._settings import setting_wrong
from proveout.families.modular.graph._words import known, near

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

__all__ = ["GraphTable", "StepTable", "graph_from_plain", "graph_from_toml", "load_graph"]

# Graphs within graphs within graphs.
DEPTH = 16


class GraphTable(msgspec.Struct, frozen=True, kw_only=True):
    """A graph, at the top of a file or under ``steps.NAME.graph``.

    Attributes:
        name: letters, digits, `-` and `_`.
        takes: fields of the run's input, each with its type.
        gives: reference to what the run gives.
        steps: a table for each step, under its name.
    """

    name: str
    takes: dict[str, str] = {}
    gives: str
    steps: dict[str, Any]


class StepTable(StepSettings, frozen=True, kw_only=True):
    """One step, under its name.

    Attributes:
        run: a name in the mapping that the caller gives, or `module:function`; this or `graph`.
        graph: a graph in place of a function: a table as at the top of a file, or the name of a file beside this one.
        undo: named like `run`.
    """

    run: str = ""
    graph: str | dict[str, Any] = ""
    undo: str = ""


GRAPH_KEYS = [field.name for field in msgspec.structs.fields(GraphTable)]
STEP_KEYS = [field.name for field in msgspec.structs.fields(StepTable)]
RETRY_KEYS = [field.name for field in msgspec.structs.fields(Retry)]


def load_graph(path: Path, steps: Mapping[str, Callable[..., Any] | Graph] | None = None) -> Graph:
    """Read a graph from a TOML file; modules and files that it names are looked for beside it.

    Args:
        path: of the file.
        steps: what a step may name in ``run`` and ``undo``, besides ``module:function``.

    Raises:
        WorkflowInvalid: the file cannot be read, or as `graph_from_toml`.
    """
    return _Reader(steps or {}, path.parent, (path.resolve(),)).read(_content(path, str(path)), str(path))


def graph_from_toml(
    text: str | bytes,
    about: str,
    steps: Mapping[str, Callable[..., Any] | Graph] | None = None,
    *,
    folder: Path | None = None,
) -> Graph:
    r"""Read a graph from TOML.

    Naming ``module:function`` imports that module, which runs it: a graph file is as trusted as code.

    Args:
        text: of the file.
        about: names the text in messages.
        steps: what a step may name in ``run`` and ``undo``, besides ``module:function``.
        folder: where the modules and files that it names lie; None searches installed packages only.

    Raises:
        WorkflowInvalid: it is not TOML, has an unknown key or a wrong value, names what does not exist, or the graph
            itself is wrong.

    Example:
        >>> def shout(t: str) -> str:
        ...     return t.upper()
        >>> head = 'name = "g"\ntakes = {text = "str"}\ngives = "up"\n'
        >>> step = '[steps.up]\nrun = "shout"\ntakes = {t = "input.text"}\n'
        >>> list(graph_from_toml(head + step, "g.toml", {"shout": shout}).nodes)
        ['up']
    """
    return _Reader(steps or {}, folder, ()).read(text, about)


def graph_from_plain(
    plain: Mapping[str, Any],
    about: str,
    steps: Mapping[str, Callable[..., Any] | Graph] | None = None,
    *,
    folder: Path | None = None,
) -> Graph:
    """Make a graph of the tables of a graph file, as ``tomllib`` or JSON reads them.

    Raises:
        WorkflowInvalid: as `graph_from_toml`.
    """
    return _Reader(steps or {}, folder, ()).graph(plain, about, "")


def _content(path: Path, about: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        fix = "name a file that is there and readable"
        why = error.strerror or str(error)
        raise WorkflowInvalid("cannot read the graph", why=why, fix=fix, about=about) from error


class _Reader:
    """Reads a file and those it names."""

    def __init__(
        self, steps: Mapping[str, Callable[..., Any] | Graph], folder: Path | None, opened: tuple[Path, ...]
    ) -> None:
        self._steps = steps
        self._folder = folder
        self._opened = opened

    def read(self, text: str | bytes, about: str) -> Graph:
        try:
            plain = tomllib.loads(text if isinstance(text, str) else text.decode("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
            fix = "correct the file at that place"
            raise WorkflowInvalid("not a TOML file", why=str(error), fix=fix, about=about) from error
        return self.graph(plain, about, "")

    def graph(self, plain: Any, about: str, prefix: str) -> Graph:
        where = f"{about}: {prefix}" if prefix else about
        if prefix.count(".graph") > DEPTH or len(self._opened) > DEPTH:
            fix = "take some of them out"
            raise WorkflowInvalid("graphs too deep", why=f"there are more than {DEPTH} levels", fix=fix, about=about)
        _check_keys(plain, GRAPH_KEYS, where)
        table = _converted(plain, GraphTable, where)
        takes = {name: parse_type(text, f"{where}: takes.{name}") for name, text in table.takes.items()}
        inside = f"{prefix}." if prefix else ""
        specs = [self._step(name, one, about, f"{inside}steps.{name}") for name, one in table.steps.items()]
        try:
            return Graph(table.name, takes=takes, steps=specs, gives=table.gives)
        except WorkflowInvalid as error:
            raise WorkflowInvalid(error.what, why=error.why, fix=error.fix, about=f"{where}: {error.about}") from error

    def _step(self, name: str, plain: Any, about: str, path: str) -> StepSpec:
        where = f"{about}: {path}"
        _check_keys(plain, STEP_KEYS, where)
        if isinstance(plain.get("retry"), dict):
            _check_keys(plain["retry"], RETRY_KEYS, f"{where}.retry")
        table = _converted(plain, StepTable, where)
        if bool(table.run) == bool(table.graph):
            why = "both run and graph are set" if table.run else "neither run nor graph is set"
            raise WorkflowInvalid("what runs is not clear", why=why, fix="set one of them", about=where)
        run = self._found(table.run, f"{where}.run") if table.run else self._nested(table.graph, about, path)
        undo = self._found(table.undo, f"{where}.undo") if table.undo else None
        if isinstance(undo, Graph):
            raise WorkflowInvalid("nothing to call", why="undo is a graph", fix="name a function", about=where)
        settings = {one.name: getattr(table, one.name) for one in msgspec.structs.fields(StepSettings)}
        return StepSpec(name=name, run=run, undo=undo, **settings)

    def _found(self, name: str, where: str) -> Callable[..., Any] | Graph:
        if name in self._steps:
            return self._steps[name]
        if ":" in name:
            found: Callable[..., Any] = imported(name, self._folder, where)
            return found
        why = f"{name!r:.60}, and the names given are {known(self._steps)}"
        fix = f"{near(name, self._steps)}use a name that is given, or module:function"
        raise WorkflowInvalid("no such step to run", why=why, fix=fix, about=where)

    def _nested(self, graph: str | dict[str, Any], about: str, path: str) -> Graph:
        if isinstance(graph, dict):
            return self.graph(graph, about, f"{path}.graph")
        where = f"{about}: {path}.graph"
        file = self._file(graph, where)
        reader = _Reader(self._steps, self._folder, (*self._opened, file))
        return reader.read(_content(file, where), f"{about}: {graph}")

    def _file(self, name: str, where: str) -> Path:
        if self._folder is None:
            fix = "read the graph with load_graph, or write the table itself"
            raise WorkflowInvalid("no folder to look in", why=f"it names {name!r:.80}", fix=fix, about=where)
        root = self._folder.resolve()
        try:
            file = (root / name).resolve()
        except (OSError, ValueError, RuntimeError) as error:
            fix = "name a file beside the graph"
            raise WorkflowInvalid("no such file", why=f"{name!r:.80}: {error}", fix=fix, about=where) from error
        if not file.is_relative_to(root):
            fix = "put it into the folder of the graph"
            raise WorkflowInvalid("a file outside", why=f"{name!r:.80} leads out of the folder", fix=fix, about=where)
        if file in self._opened:
            fix = "take one of the references out"
            raise WorkflowInvalid("a graph holds itself", why=f"{name!r:.80} is being read", fix=fix, about=where)
        return file


def _check_keys(plain: Any, keys: Iterable[str], where: str) -> None:
    if not isinstance(plain, dict):
        why = f"it is {plain!r:.60}"
        raise WorkflowInvalid("not a table", why=why, fix=f"write a table with {known(keys)}", about=where)
    for key in plain:
        if key not in keys:
            why = f"it is set to {plain[key]!r:.60} and means nothing here"
            fix = f"{near(str(key), keys)}valid keys here are {', '.join(keys)}"
            raise WorkflowInvalid(f"unknown key {key!r:.60}", why=why, fix=fix, about=where)


def _converted(plain: dict[str, Any], kind: Any, where: str) -> Any:
    try:
        return msgspec.convert(plain, kind)
    except msgspec.ValidationError as error:
        raise setting_wrong(error, plain, where) from error
