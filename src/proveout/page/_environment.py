"""What every page shares: the style sheet with its hash, and how templates are rendered."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["PageStyle", "environment", "page_style"]


class PageStyle(NamedTuple):
    """The style sheet, and the source expression by which a Content-Security-Policy allows it and nothing else."""

    sheet: Markup
    source: str


def page_style() -> PageStyle:
    """The style sheet of all pages.

    Example:
        >>> page_style().source[:7]
        'sha256-'
    """
    sheet = files("proveout.page").joinpath("page.css").read_text(encoding="utf-8")
    digest = b64encode(hashlib.sha256(sheet.encode()).digest()).decode()
    return PageStyle(Markup(sheet), f"sha256-{digest}")  # noqa: S704  our own file


def environment(package: str, filters: Mapping[str, Callable[..., Any]]) -> Environment:
    """Templates of ``package``: every value is escaped, and an undefined name is an error.

    Example:
        >>> environment("proveout.trial", {}).autoescape
        True
    """
    made = Environment(
        loader=PackageLoader(package, "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(filters)
    return made
