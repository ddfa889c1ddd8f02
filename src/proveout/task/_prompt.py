"""The template of a task's prompt, read from its file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proveout.errors import TaskInvalid

if TYPE_CHECKING:
    from proveout.task._task import Task

__all__ = ["prompt_text"]


def prompt_text(task: Task) -> str:
    """The text of the file that ``incumbent.prompt`` names; "" when it names none.

    Raises:
        TaskInvalid: the file is missing or is not UTF-8.

    Example:
        >>> from proveout.task import Task
        >>> prompt_text(Task(name="t", kind="classify", input={}, output={}))
        ''
    """
    if not task.incumbent.prompt:
        return ""
    path = task.root / task.incumbent.prompt
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        fix = "correct incumbent.prompt in task.toml, or the file"
        raise TaskInvalid("cannot read the prompt", why=str(error), fix=fix, about=str(path)) from error
