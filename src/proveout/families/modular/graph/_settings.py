"""What the settings of a step, and the names in a graph, may be: one place for Python and TOML."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec

from proveout.errors import WorkflowInvalid
from proveout.families.modular.graph._model import AnyGraph, StepSettings, StepSpec
from proveout.families.modular.graph._references import INPUT, NAME
from proveout.families.modular.graph._words import known

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = ["check_fields", "check_names", "check_settings", "setting_wrong"]

FORM = re.compile(NAME)
FIELDS = tuple(field.name for field in msgspec.structs.fields(StepSettings))
# Settings that cannot stand together: the test, and what the error says.
CLASHES: tuple[tuple[Callable[[StepSpec], Any], str, str, str], ...] = (
    (
        lambda spec: spec.memory_mb is not None and not spec.isolated,
        "memory_mb has no effect",
        "the step is not isolated",
        "set isolated as well, or take memory_mb out",
    ),
    (
        lambda spec: set(spec.takes) & set(spec.given),
        "a parameter is given twice",
        "it stands in both takes and given",
        "leave it in one of them",
    ),
    (
        lambda spec: spec.keyed and {"key"} & {*spec.takes, *spec.given},
        "the key is given twice",
        "the step is keyed, and key stands in takes or given",
        "leave key out of takes and given",
    ),
    (
        lambda spec: spec.keyed and isinstance(spec.run, AnyGraph),
        "a graph has no key",
        "keyed is set on a graph",
        "set keyed on the steps in it, which have keys of their own",
    ),
    (
        lambda spec: spec.approval and not spec.approval.strip(),
        "nothing to ask",
        "the question of approval is blank",
        "write what the person is asked",
    ),
)


def check_names(graph: Any, steps: Iterable[Any]) -> None:
    """The graph and its steps have names that can be written in a reference, each its own.

    Raises:
        WorkflowInvalid: a name has other characters, is reserved, or stands twice.
    """
    names = list(steps)
    for what, name in [("a graph", graph), *(("a step", name) for name in names)]:
        if not isinstance(name, str) or FORM.fullmatch(name) is None:
            fix = "use letters, digits, - and _, beginning with a letter or _"
            raise WorkflowInvalid("a name cannot be used", why=f"{what} is called {name!r}", fix=fix, about=str(graph))
    twice = sorted(name for name, count in Counter([INPUT, *names]).items() if count > 1)
    if twice:
        why = "input is the run's own input" if twice == [INPUT] else f"{known(twice)} stands more than once"
        raise WorkflowInvalid("a step's name is taken", why=why, fix="give each step its own name", about=graph)
    if not names:
        raise WorkflowInvalid("nothing to run", why="the graph has no step", fix="add one", about=graph)


def check_fields(takes: Mapping[str, Any], about: str) -> None:
    """The fields of a graph's input can be written in a reference.

    Raises:
        WorkflowInvalid: one is blank, has a dot or a bar in it, or a space at an end.
    """
    for name in takes:
        if not name or name != name.strip() or set(name) & {".", "|"}:
            fix = "take . and | out of it, and spaces at its ends"
            raise WorkflowInvalid("a field cannot be referred to", why=f"it is called {name!r}", fix=fix, about=about)


def check_settings(spec: StepSpec, about: str) -> None:
    """Each setting has a value of its type and in its range, and none contradicts another.

    Raises:
        WorkflowInvalid: which one, and why.
    """
    plain = {name: getattr(spec, name) for name in FIELDS}
    # A struct made in Python was not checked when it was made.
    retry = plain["retry"]
    plain["retry"] = msgspec.structs.asdict(retry) if isinstance(retry, msgspec.Struct) else retry
    try:
        msgspec.convert(plain, StepSettings)
    except msgspec.ValidationError as error:
        raise setting_wrong(error, plain, about) from error
    run: Any = spec.run
    if not callable(run) and not isinstance(run, AnyGraph):
        why = f"run is {run!r}"
        raise WorkflowInvalid("nothing to call", why=why, fix="give a function, a micro-model or a graph", about=about)
    undo: Any = spec.undo
    if undo is not None and not callable(undo):
        raise WorkflowInvalid("nothing to call", why=f"undo is {undo!r}", fix="give a function", about=about)
    for clash, what, why, fix in CLASHES:
        if clash(spec):
            raise WorkflowInvalid(what, why=why, fix=fix, about=about)


def setting_wrong(error: msgspec.ValidationError, plain: Any, about: str) -> WorkflowInvalid:
    """The error that says which setting has a wrong value."""
    message, _, path = str(error).partition(" - at `$")
    path = path.rstrip("`").lstrip(".")
    value = plain
    for name in re.findall(r"[^.\[\]]+", path):
        value = value.get(name, value) if isinstance(value, dict) else value
    said = f"{message[0].lower()}{message[1:]}"
    why = f"{said}, and it is {value!r:.80}" if path else said
    fix = "set it as the reference of graph TOML says"
    return WorkflowInvalid(f"wrong value for {path!r}" if path else "wrong keys", why=why, fix=fix, about=about)
