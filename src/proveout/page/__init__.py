"""Pages that open offline: one style sheet, a template environment that escapes, and SVG by pure functions."""

from proveout.page._environment import PageStyle, environment, page_style
from proveout.page._svg import Box, Scale, figure, line, linear_ticks, log_ticks, place, tag, text

__all__ = [
    "Box",
    "PageStyle",
    "Scale",
    "environment",
    "figure",
    "line",
    "linear_ticks",
    "log_ticks",
    "page_style",
    "place",
    "tag",
    "text",
]
