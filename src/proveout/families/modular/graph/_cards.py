"""Boxes of a picture: a step, a graph within a graph, the input and what is given."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, NamedTuple

from markupsafe import Markup

from proveout.families.modular.graph._layout import Point, Size
from proveout.families.modular.graph._markup import cut, tag, wide
from proveout.families.modular.graph._types import shown
from proveout.families.modular.graph._wires import condition_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from proveout.families.modular.graph._graph import Graph
    from proveout.families.modular.graph._model import StepSpec
    from proveout.families.modular.graph._stats import StepStats

__all__ = ["PAD", "Card", "head_card", "marks_of", "percent", "seconds", "step_card", "text", "time_words"]

PAD = 12.0
NAME, SMALL = 13.0, 11.0
LEAST, MOST_MARKS = 140.0, 190.0
# From here on two digits need no decimal.
TWO_DIGITS = 9.95
# Characters of a line.
MOST_NAME, MOST_SMALL, MOST_CONDITION = 24, 28, 36


class Card(NamedTuple):
    """A box's size, and its parts as they stand in a box at 0, 0."""

    size: Size
    parts: Markup


def text(at: Point, content: str, class_: str, anchor: str = "start") -> Markup:
    """A line of text."""
    return tag("text", content, x=at.x, y=at.y, class_=class_, text_anchor=anchor)


def step_card(spec: StepSpec, stats: StepStats | None) -> Card:
    """The box of a step that calls a function."""
    rows = [_If(line) for line in _conditions(spec)]
    body = [_Line(cut(spec.name, MOST_NAME), "pg-name"), _Line(cut(_runs(spec), MOST_SMALL), "pg-small")]
    return _card([*rows, *body, *_mark_rows(spec), *_stat_rows(stats)], 6.0, "pg-card", stats)


def head_card(spec: StepSpec, stats: StepStats | None, least: float, below: float) -> Card:
    """The box of a graph within a graph: its head, with room below for what is in it.

    Args:
        spec: the step that is the graph.
        stats: its own, where it maps.
        least: width that it needs.
        below: height of the room.
    """
    rows = [_If(line) for line in _conditions(spec)]
    beside = "graph, an item as one call" if spec.each else "graph"
    body = [_Line(cut(spec.name, MOST_NAME), "pg-name"), _Line(beside, "pg-small")]
    return _card([*rows, *body, *_mark_rows(spec), *_stat_rows(stats)], below, "pg-box", stats, least)


class _Line(NamedTuple):
    content: str
    class_: str

    @property
    def width(self) -> float:
        bold = self.class_ != "pg-small"
        return wide(self.content, NAME if self.class_ == "pg-name" else SMALL, bold=bold)

    @property
    def height(self) -> float:
        return 20.0 if self.class_ == "pg-name" else 16.0

    def drawn(self, at: float, width: float) -> Markup:  # noqa: ARG002  as the other rows
        return text(Point(PAD, at + self.height - 3.0), self.content, self.class_)


class _If(NamedTuple):
    """A condition, as a strip across the top of the box."""

    content: str

    @property
    def width(self) -> float:
        return wide(self.content, SMALL)

    @property
    def height(self) -> float:
        return 19.0

    def drawn(self, at: float, width: float) -> Markup:
        strip = tag("rect", x=3.0, y=at + 3.0, width=width - 6.0, height=17.0, rx=5.0, class_="pg-strip")
        return strip + text(Point(PAD, at + 15.5), self.content, "pg-cond")


class _Marks(NamedTuple):
    marks: tuple[str, ...]

    @property
    def width(self) -> float:
        return sum(map(_pill_width, self.marks)) + 4.0 * (len(self.marks) - 1)

    @property
    def height(self) -> float:
        return 19.0

    def drawn(self, at: float, width: float) -> Markup:  # noqa: ARG002  as the other rows
        parts, x = [], PAD
        for mark in self.marks:
            across = _pill_width(mark)
            parts.append(tag("rect", x=x, y=at + 3.0, width=across, height=15.0, rx=7.5, class_="pg-pill"))
            parts.append(text(Point(x + across / 2, at + 14.0), mark, "pg-mark", "middle"))
            x += across + 4.0
        return Markup("").join(parts)


class _Share(NamedTuple):
    """A bar for a share of all time."""

    share: float

    @property
    def width(self) -> float:
        return 0.0

    @property
    def height(self) -> float:
        return 9.0

    def drawn(self, at: float, width: float) -> Markup:
        across = width - 2 * PAD
        sides = {"x": PAD, "y": at + 3.0, "height": 5.0, "rx": 2.5}
        ground = tag("rect", **sides, width=across, class_="pg-bar-ground")
        return ground + tag("rect", **sides, width=across * self.share, class_="pg-bar")


Row = _Line | _If | _Marks | _Share


def _card(rows: Sequence[Row], below: float, class_: str, stats: StepStats | None, least: float = LEAST) -> Card:
    width = max([least, *(row.width + 2 * PAD for row in rows)])
    parts, at = [], 2.0
    for row in rows:
        parts.append(row.drawn(at, width))
        at += row.height
    failing = " pg-failing" if stats is not None and stats.failures else ""
    size = Size(width, at + below)
    ground = tag("rect", width=width, height=size.height, rx=8.0, class_=class_ + failing)
    return Card(size, Markup("").join([ground, *parts]))


def end_card(head: str, lines: Sequence[str]) -> Card:
    """The box of the input, or of what the graph gives."""
    lines = [cut(line, MOST_SMALL) for line in lines]
    width = max([wide(head, NAME, bold=True), *(wide(line, SMALL) for line in lines)]) + 2 * PAD
    height = 26.0 + 15.0 * len(lines) + (4.0 if lines else 0.0)
    parts = [tag("rect", width=width, height=height, rx=13.0, class_="pg-end")]
    parts.append(text(Point(width / 2, 18.0), head, "pg-name", "middle"))
    parts += [text(Point(width / 2, 34.0 + 15.0 * at), line, "pg-small", "middle") for at, line in enumerate(lines)]
    return Card(Size(width, height), Markup("").join(parts))


def input_lines(graph: Graph, most: int = 5) -> list[str]:
    """The fields of the input with their types, the first few of many."""
    lines = [f"{name}: {shown(of)}" for name, of in graph.takes.items()]
    return lines if len(lines) <= most else [*lines[: most - 1], f"and {len(lines) - most + 1} more"]


def marks_of(spec: StepSpec) -> list[str]:
    """What a step does besides running once, in a word or two each.

    Example:
        >>> from proveout.families.modular.graph import Retry, StepSpec
        >>> marks_of(StepSpec(name="a", run=print, each="line", retry=Retry(attempts=3), timeout_seconds=2))
        ['each of line', '3 tries', 'at most 2 s']
    """
    marks = {
        f"each of {spec.each}": bool(spec.each),
        "a person approves": bool(spec.approval),
        f"{spec.retry.attempts} tries": spec.retry.attempts > 1,
        f"at most {seconds(spec.timeout_seconds or 0.0)}": spec.timeout_seconds is not None,
        "undo": spec.undo is not None,
        "keyed": spec.keyed,
        "own process": spec.isolated,
        f"{spec.memory_mb} MB": spec.memory_mb is not None,
        "synced": spec.sync,
    }
    return [mark for mark, holds in marks.items() if holds]


def seconds(value: float) -> str:
    """A time as people read it.

    Example:
        >>> seconds(0.0000123), seconds(0.0042), seconds(0.25), seconds(2), seconds(600)
        ('12 µs', '4.2 ms', '250 ms', '2 s', '10 min')
    """
    for unit, size, upto in (("µs", 1e-6, 1e-3), ("ms", 1e-3, 1.0), ("s", 1.0, 120.0)):
        if value < upto:
            count = value / size
            return f"{count:.1f}".removesuffix(".0") + f" {unit}" if count < TWO_DIGITS else f"{count:.0f} {unit}"
    return f"{value / 60:.0f} min"


def percent(share: float) -> str:
    """A share in per cent, never a nought for what is not nothing.

    Example:
        >>> percent(0.5), percent(0.021), percent(0.0001), percent(0.0)
        ('50 %', '2.1 %', '<0.1 %', '0 %')
    """
    if 0 < share < 0.001:  # noqa: PLR2004  what would be shown as nought
        return "<0.1 %"
    return f"{share * 100:.0f} %" if share >= 0.1 or share == 0 else f"{share * 100:.1f} %"  # noqa: PLR2004


def time_words(stats: StepStats) -> str:
    """The time line of a box."""
    if stats.p50_seconds is None:
        return "did not run"
    return f"p50 {seconds(stats.p50_seconds)} · {percent(stats.share)} of time"


def _runs(spec: StepSpec) -> str:
    run: Any = spec.run
    while isinstance(run, functools.partial):
        run = run.func
    version = spec.version or getattr(run, "version", None)
    if isinstance(version, str):
        return version
    return str(getattr(run, "__qualname__", type(run).__qualname__)).rpartition(">.")[2]


def _conditions(spec: StepSpec) -> list[str]:
    return [cut(f"if {condition_text(*one)}", MOST_CONDITION) for one in spec.when.items()]


def _stat_rows(stats: StepStats | None) -> list[Row]:
    if stats is None:
        return []
    rows: list[Row] = [_Line(time_words(stats), "pg-time"), _Share(stats.share)]
    if stats.failures:
        rows.append(_Line(f"▲ {percent(stats.failure_rate)} failed ({stats.failures:,})", "pg-fail"))
    return rows


def _mark_rows(spec: StepSpec) -> list[_Marks]:
    rows: list[_Marks] = []
    for mark in (cut(one, MOST_SMALL) for one in marks_of(spec)):
        joined = _Marks((*rows[-1].marks, mark)) if rows else None
        if joined and joined.width <= MOST_MARKS:
            rows[-1] = joined
        else:
            rows.append(_Marks((mark,)))
    return rows


def _pill_width(mark: str) -> float:
    return wide(mark, SMALL - 1) + 12.0
