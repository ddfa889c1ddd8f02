"""SVG elements that escape what they hold."""

from __future__ import annotations

import re
from unicodedata import east_asian_width

from markupsafe import Markup, escape

__all__ = ["cut", "tag", "wide"]

# Characters that XML 1.0 does not allow, surrogates among them.
NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def tag(name: str, *children: str, **attributes: object) -> Markup:
    """An element; attribute names lose a trailing underscore, and their other underscores become hyphens.

    Example:
        >>> tag("text", "a < b", class_="label", x=1.50)
        Markup('<text class="label" x="1.5">a &lt; b</text>')
    """
    pairs = Markup("").join(
        Markup(' {}="{}"').format(Markup(key.rstrip("_").replace("_", "-")), _clean(_number(value)))  # noqa: S704  ours
        for key, value in attributes.items()
    )
    content = Markup("").join(child if isinstance(child, Markup) else escape(_clean(child)) for child in children)
    return Markup("<{0}{1}>{2}</{0}>").format(Markup(name), pairs, content)  # noqa: S704  names are ours


def _number(value: object) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)


def _clean(text: str) -> str:
    return NOT_XML.sub("\ufffd", text)


def wide(text: str, size: float, *, bold: bool = False) -> float:
    """About how wide a text is, generously: fonts differ.

    Example:
        >>> wide("abc", 10.0) < wide("abc", 10.0, bold=True) < wide("日本語", 10.0)
        True
    """
    units = sum(1.05 if east_asian_width(one) in "WF" else 0.58 for one in text)
    return units * size * (1.07 if bold else 1.0)


def cut(text: str, most: int) -> str:
    """A text on one line, cut where it is longer than so many characters.

    Example:
        >>> cut("a long name", 7)
        'a long…'
    """
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"
