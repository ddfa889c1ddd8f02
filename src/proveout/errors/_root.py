"""The root of the tree."""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "ProveoutError",
]


FRONT_PAGE = "proveout.errors"


class ProveoutError(Exception):
    """The root of the tree.

    Args:
        what: what happened, in one clause.
        why: the cause, with the offending value.
        fix: the next thing to do, as an instruction.
        about: the id of what it concerns: a path, an entry index, a candidate id.

    Example:
        >>> from proveout.errors import DataEmpty
        >>> print(DataEmpty("no rows", why="the file has only a header", fix="export again", about="train.csv"))
        train.csv: no rows: the file has only a header. Next: export again.
    """

    __module__ = FRONT_PAGE
    exit_code: ClassVar[int] = 1

    def __init_subclass__(cls) -> None:
        """Name an error as it is imported: a traceback says ``proveout.errors.DiskFull``."""
        super().__init_subclass__()
        if cls.__module__.startswith(f"{FRONT_PAGE}._"):
            cls.__module__ = FRONT_PAGE

    def __init__(self, what: str, *, why: str, fix: str, about: str) -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.fix = fix
        self.about = about

    @property
    def code(self) -> str:
        """The class name, as printed by ``--json``."""
        return type(self).__name__

    def __str__(self) -> str:
        return f"{self.about}: {self.what}: {self.why}. Next: {self.fix}."

    def to_dict(self) -> dict[str, str]:
        """The error as the object that ``--json`` prints."""
        said = {"about": self.about, "what": self.what, "why": self.why, "fix": self.fix}
        # A file name may hold bytes that are no text, which JSON cannot; somebody's own error may hold a number.
        plain = {name: str(value).encode("utf-8", "backslashreplace").decode() for name, value in said.items()}
        return {"error": self.code, **plain}
