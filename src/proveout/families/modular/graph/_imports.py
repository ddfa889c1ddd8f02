"""Finding what ``module:function`` names, and naming what was found. Importing a module runs it."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from proveout.errors import WorkflowInvalid
from proveout.families.modular.graph._code import PACKAGE, module_of
from proveout.families.modular.graph._words import known, near

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec

__all__ = ["imported", "name_of"]


def imported(name: str, folder: Path | None, where: str) -> Any:
    """What ``module:function`` names: from the graph's folder if there is such a file, else from an installed package.

    The module is run, with all that this process may do: a graph file is as trusted as code. A file beside the graph
    reads another with ``from . import other``. The current directory is searched only where it is the graph's folder.

    Args:
        name: as written, ``module:function`` or ``package.module:Class.method``.
        folder: where the graph lies; None when it lies nowhere.
        where: of the graph, for messages.

    Raises:
        WorkflowInvalid: there is no such module or name in it, it cannot be called, or importing it raised.

    Example:
        >>> imported("textwrap:dedent", None, "desk.toml").__name__
        'dedent'
    """
    module_name, _, path = name.partition(":")
    if not path or not all(part.isidentifier() for part in [*module_name.split("."), *path.split(".")]):
        fix = "write module:function"
        raise WorkflowInvalid("not a name to import", why=f"it is {name!r:.80}", fix=fix, about=where)
    found: Any = _module(module_name, folder, where)
    for part in path.split("."):
        if not hasattr(found, part):
            callables = [one for one in vars(found) if not one.startswith("_")] if hasattr(found, "__dict__") else []
            why = f"{module_name} has no {path}"
            fix = f"{near(part, callables)}it has {known(callables)}"
            raise WorkflowInvalid("a step cannot be imported", why=why, fix=fix, about=where)
        found = getattr(found, part)
    if not callable(found):
        why = f"{name} is of type {type(found).__name__}"
        raise WorkflowInvalid("nothing to call", why=why, fix="name a function or a micro-model", about=where)
    return found


def name_of(run: Any, where: str) -> str:
    """The ``module:function`` under which something can be imported again.

    Raises:
        WorkflowInvalid: there is no such name: it is a lambda, made within a function, or was typed at a prompt.

    Example:
        >>> import textwrap
        >>> name_of(textwrap.dedent, "desk")
        'textwrap:dedent'
    """
    module_name, path = getattr(run, "__module__", None), getattr(run, "__qualname__", None)
    found: Any = sys.modules.get(str(module_name)) if path else None
    for part in str(path).split("."):
        found = getattr(found, part, None)
    if found != run or found is None or module_name == "__main__":
        why = f"{path or type(run).__qualname__} is not at the top of a module that can be imported"
        fix = "give it a name in steps, or move it into a module"
        raise WorkflowInvalid("a step cannot be named", why=why, fix=fix, about=where)
    return f"{module_of(run)}:{path}"


def _module(name: str, folder: Path | None, where: str) -> ModuleType:
    try:
        if folder is not None and _beside(name, folder):
            return importlib.import_module(f"{_package(folder)}.{name}")
        top = name.partition(".")[0]
        # The program that runs has another name in the next process.
        if top != "__main__" and _elsewhere(importlib.util.find_spec(top)):
            return importlib.import_module(name)
    except (Exception, SystemExit) as error:
        why = f"importing {name} raised {type(error).__name__}: {error}"
        fix = "correct the module, or install the package that it needs"
        raise WorkflowInvalid("a step cannot be imported", why=why, fix=fix, about=where) from error
    why = f"there is no {name}.py {'beside the graph' if folder else 'known here'}, and no installed package {name}"
    fix = "put the file beside the graph, install the package, or give the step a name in steps"
    raise WorkflowInvalid("a step cannot be imported", why=why, fix=fix, about=where)


def _beside(name: str, folder: Path) -> bool:
    path = folder.joinpath(*name.split("."))
    return path.with_name(f"{path.name}.py").is_file() or (path / "__init__.py").is_file()


def _package(folder: Path) -> str:
    """A package whose modules are the files of the folder; a changed file makes another one."""
    digest = hashlib.blake2b(str(folder.resolve()).encode(), digest_size=8)
    for path in sorted(folder.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    name = PACKAGE + digest.hexdigest()
    if name not in sys.modules:
        package = ModuleType(name, f"The files of {folder}.")
        package.__path__ = [str(folder.resolve())]
        sys.modules[name] = package
        importlib.invalidate_caches()
    return name


def _elsewhere(spec: ModuleSpec | None) -> bool:
    """Whether a module is found, and not only because Python was started in its folder."""
    if spec is None:
        return False
    place = Path(spec.origin) if spec.origin and spec.has_location else None
    if place is None:
        return True
    root = place.parent.parent if spec.submodule_search_locations else place.parent
    return root.resolve() != Path.cwd().resolve()
