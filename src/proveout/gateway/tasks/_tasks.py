"""The tasks that a gateway serves, by the names of their models."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from proveout.errors import SettingsInvalid
from proveout.gateway._settings import ServedTask

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from proveout.gateway._settings import Settings
    from proveout.gateway.tasks._answerer import TaskAnswerer
    from proveout.gateway.tasks._embeddings import EmbeddingsAnswerer

__all__ = ["load_embeddings", "load_tasks", "task_names"]


def task_names(folders: Iterable[str]) -> dict[str, Path]:
    """The name under which each task is served: that of its folder.

    Args:
        folders: of tasks.

    Raises:
        SettingsInvalid: two folders have the same name, or a name cannot stand in a header.

    Example:
        >>> sorted(task_names(["work/desk", "work/refunds"]))
        ['desk', 'refunds']
    """
    found: dict[str, Path] = {}
    for folder in map(Path, folders):
        name = folder.resolve().name
        if not name.isprintable() or not name:
            why = "it stands in headers, and a line break or another control character cannot"
            raise SettingsInvalid("no name for a model", why=why, fix="rename the folder", about=repr(name))
        if name in found and found[name].resolve() != folder.resolve():
            why = f"{found[name]} and {folder} would both be the model {name!r}"
            raise SettingsInvalid("two tasks of one name", why=why, fix="rename one of the folders", about=name)
        found[name] = folder
    return found


def load_tasks(folders: Iterable[str], settings: Settings, *, seconds: float = 30.0) -> dict[str, TaskAnswerer]:
    """What answers each task, by the name of its model.

    Args:
        folders: of tasks.
        settings: their routes; and the tiers, which decide whether rules may answer.
        seconds: in which a candidate has to answer.

    Raises:
        SettingsInvalid: two folders have the same name, settings are of a task that is not served, or a route is none.
        TaskNotFound: a folder holds no task.
        CandidateNotFound: nothing is built that the route needs.
        TaskChanged: what is built was built for the task as it was before.
        CertificateCorrupt: the newest certificate does not verify.

    Example:
        >>> from proveout.gateway._settings import Settings
        >>> load_tasks([], Settings())
        {}
    """
    names = task_names(folders)
    _check(names, settings)
    if not names:
        return {}
    from proveout.gateway.tasks._load import load_task_answerer  # noqa: PLC0415  it imports all that is heavy

    rules = any("rules" in tier.answers for tier in settings.tiers.values())
    return {
        name: load_task_answerer(name, folder, settings.tasks.get(name, ServedTask()), rules=rules, seconds=seconds)
        for name, folder in names.items()
    }


def load_embeddings(settings: Settings, cache: Path, *, seconds: float = 60.0) -> dict[str, EmbeddingsAnswerer]:
    """What answers each local embedder of the settings, by its name.

    Args:
        settings: name the embedders.
        cache: a folder for what can be made again.
        seconds: in which an embedder has to answer.

    Raises:
        WeightsMissing: an embedder is not on this machine.
        ExtraMissing: what it needs is not installed.
        SettingsInvalid: it cannot be served, because it is fitted to texts.

    Example:
        >>> from proveout.gateway._settings import Settings
        >>> load_embeddings(Settings(), Path())
        {}
    """
    if not settings.embeddings:
        return {}
    from proveout.gateway.tasks._embedders import open_embedder  # noqa: PLC0415  it imports all that is heavy

    return {name: open_embedder(name, cache, seconds=seconds) for name in settings.embeddings}


def _check(names: Mapping[str, Path], settings: Settings) -> None:
    for name in settings.tasks:
        if name not in names:
            near = get_close_matches(name, names, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            fix = f"{hint}Served are {', '.join(names) or 'no tasks'}; a task is named like its folder"
            raise SettingsInvalid("settings of a task that is not served", why=name, fix=fix, about=f"tasks.{name}")
    both = next((name for name in names if name in settings.embeddings), None)
    if both is not None:
        why = f"a task and an embedder are both the model {both!r}"
        raise SettingsInvalid("two models of one name", why=why, fix="rename the task's folder", about=both)
