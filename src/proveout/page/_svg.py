"""SVG by small pure functions: elements that escape, scales, ticks, and labels that keep clear of each other."""

from __future__ import annotations

import math
from typing import NamedTuple

from markupsafe import Markup, escape

__all__ = ["Box", "Scale", "figure", "line", "linear_ticks", "log_ticks", "place", "tag", "text"]

CHARACTER = 8.0  # mean width of a bold character at 12 units, generously: fonts differ


def tag(name: str, *children: str, **attributes: object) -> Markup:
    """An element; attribute names lose a trailing underscore, and their other underscores become hyphens.

    Example:
        >>> tag("circle", cx=1.5, stroke_width=2)
        Markup('<circle cx="1.5" stroke-width="2"></circle>')
        >>> tag("text", "a < b", class_="label")
        Markup('<text class="label">a &lt; b</text>')
    """
    pairs = Markup("").join(
        Markup(' {}="{}"').format(Markup(key.rstrip("_").replace("_", "-")), _attribute(value))  # noqa: S704  own names
        for key, value in attributes.items()
    )
    content = Markup("").join(escape(child) for child in children)
    return Markup("<{0}{1}>{2}</{0}>").format(Markup(name), pairs, content)  # noqa: S704  names are ours


def _attribute(value: object) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def text(x: float, y: float, content: str, *, anchor: str = "start", class_: str = "label") -> Markup:
    """A line of text."""
    return tag("text", content, x=x, y=y, text_anchor=anchor, class_=class_)


def line(start: tuple[float, float], end: tuple[float, float], class_: str) -> Markup:
    """A straight line."""
    return tag("line", x1=start[0], y1=start[1], x2=end[0], y2=end[1], class_=class_)


def figure(width: float, height: float, title: str, description: str, *parts: Markup) -> Markup:
    """A drawing with a title and a description for those who cannot see it."""
    box = f"0 0 {width:g} {height:g}"
    return tag("svg", tag("title", title), tag("desc", description), *parts, viewBox=box, role="img", aria_label=title)


class Scale(NamedTuple):
    """Maps data to units of the drawing, linearly or by logarithm.

    Example:
        >>> Scale(0, 10, 100, 200)(5), Scale(1, 100, 0, 10, log=True)(10)
        (150.0, 5.0)
    """

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        low, high, at = (math.log10(part) if self.log else part for part in (self.low, self.high, value))
        share = (at - low) / (high - low) if high > low else 0.5
        return self.start + share * (self.end - self.start)


def linear_ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Round numbers that divide [low, high] into about ``count`` parts.

    Example:
        >>> linear_ticks(0.0, 1.0, 5)
        [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    """
    raw = (high - low) / count or 1.0
    power = 10.0 ** math.floor(math.log10(raw))
    step = min((factor * power for factor in (1, 2, 5, 10)), key=lambda candidate: abs(candidate - raw))
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(number * step, 12) for number in range(first, last + 1)]


def log_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Powers of ten within [low, high], thinned to ``most``.

    Example:
        >>> log_ticks(0.5, 2000)
        [1.0, 10.0, 100.0, 1000.0]
    """
    powers = list(range(math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9) + 1))
    stride = max(1, math.ceil(len(powers) / most))
    return [10.0**power for power in powers[::stride]]


class Box(NamedTuple):
    """A rectangle: left, top, right, bottom."""

    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: Box) -> bool:
        """Whether they share a point."""
        return not (
            self.right <= other.left or other.right <= self.left or self.bottom <= other.top or other.bottom <= self.top
        )

    def inside(self, other: Box) -> bool:
        """Whether it lies within ``other``."""
        return (
            self.left >= other.left
            and self.top >= other.top
            and self.right <= other.right
            and self.bottom <= other.bottom
        )


def place(point: tuple[float, float], content: str, taken: list[Box], area: Box) -> tuple[float, float, str] | None:
    """Where a label can stand near ``point`` clear of ``taken``: x, baseline and anchor; None where it cannot.

    The place found is added to ``taken``.
    """
    width, height, gap = len(content) * CHARACTER, 14.0, 9.0
    x, y = point
    sides = ((x + gap, 0.0, "start"), (x - gap, 1.0, "end"), (x, 0.5, "middle"))
    for lift in (0.0, -16.0, 16.0, -32.0, 32.0, -48.0, 48.0):
        for at, share, anchor in sides:
            left = at - share * width
            box = Box(left, y + lift - height / 2, left + width, y + lift + height / 2)
            if box.inside(area) and not any(box.overlaps(other) for other in taken):
                taken.append(box)
                return at, y + lift + 4, anchor
    return None
