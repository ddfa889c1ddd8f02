"""A graph as an SVG picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from markupsafe import Markup

from proveout.families.modular.graph._cards import (
    PAD,
    end_card,
    head_card,
    input_lines,
    marks_of,
    percent,
    step_card,
    time_words,
)
from proveout.families.modular.graph._graph import Graph
from proveout.families.modular.graph._layout import Layout, Size, layout
from proveout.families.modular.graph._markup import tag
from proveout.families.modular.graph._references import INPUT
from proveout.families.modular.graph._types import shown
from proveout.families.modular.graph._wires import END, Wire, condition_text, reads, wires_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from proveout.families.modular.graph._model import StepSpec
    from proveout.families.modular.graph._stats import StepStats

__all__ = ["graph_svg"]

MARGIN = 16.0
PORT = Size(44.0, 7.0)
# Colours of Okabe and Ito (2008), darkened for text on white and lightened for text on black.
LIGHT = """
.pg-ground{fill:#fff}.pg text{font-family:system-ui,-apple-system,"Segoe UI",sans-serif;fill:#1d2733}
.pg .pg-name{font-size:13px;font-weight:600}.pg .pg-small{font-size:11px;fill:#5b6876}.pg .pg-mark{font-size:10px}
.pg .pg-time{font-size:11px}.pg .pg-fail{font-size:11px;font-weight:600;fill:#a63c00}
.pg .pg-cond{font-size:11px;fill:#7d3f66}
.pg-card{fill:#f7f9fb;stroke:#aab5c0}.pg-end{fill:#fff;stroke:#5b6876}
.pg-box{fill:#eef2f6;fill-opacity:.55;stroke:#8794a1;stroke-dasharray:6 3}.pg-port{fill:#5b6876}
.pg-failing{stroke:#d55e00;stroke-width:2}
.pg-pill{fill:#e3e9ef}.pg-bar-ground{fill:#e3e9ef}.pg-bar{fill:#0072b2}
.pg-wire{fill:none;stroke:#7b8794;stroke-width:1.4}
.pg-if{stroke:#9b4f7e;stroke-dasharray:6 4}.pg-if-tip{fill:#9b4f7e}.pg-first{stroke-dasharray:2 3}
.pg-tip{fill:#7b8794}.pg-strip{fill:#f6e9f1}
"""
DARK = """
.pg-ground{fill:#14191f}.pg text{fill:#e6ebf0}.pg .pg-small{fill:#9fabb7}.pg .pg-fail{fill:#ffb074}
.pg-card{fill:#1d242c;stroke:#52606d}.pg-end{fill:#14191f;stroke:#9fabb7}
.pg-box{fill:#1a2027;stroke:#66737f}.pg-failing{stroke:#e8843c}.pg-port{fill:#9fabb7}.pg-pill{fill:#2c3641}.pg-bar-ground{fill:#2c3641}
.pg-bar{fill:#56b4e9}.pg-wire{stroke:#8794a1}.pg-tip{fill:#8794a1}
.pg .pg-cond{fill:#f0bcd8}.pg-strip{fill:#3a2833}.pg-if{stroke:#d48fb5}.pg-if-tip{fill:#d48fb5}
"""
STYLE = f"{LIGHT}@media (prefers-color-scheme: dark){{{DARK}}}"


class _Drawn(NamedTuple):
    size: Size
    parts: Markup


def graph_svg(graph: Graph, *, stats: Mapping[str, StepStats] | None = None) -> str:
    """A picture of a graph: steps in layers from the top down, graphs within it as boxes, conditions on the wires.

    A dashed wire leads to a step that runs on a condition, a dotted one to a step that takes the first of several.
    The picture stands alone, follows the reader's light or dark setting, and says in words all that it shows.

    Args:
        graph: to draw.
        stats: by step, as `graph_stats` gives them: each step then shows its median time, its share of all time as a
            bar, and its failures in colour and in words.

    Example:
        >>> from proveout.families.modular.graph import StepSpec
        >>> def shout(text: str) -> str:
        ...     return text.upper()
        >>> step = StepSpec(name="shout", run=shout, takes={"text": "input.text"})
        >>> graph_svg(Graph("g", takes={"text": str}, steps=[step], gives="shout"))[:4]
        '<svg'
    """
    drawn = _level(graph, stats or {}, "", outer=True)
    width, height = drawn.size.width + 2 * MARGIN, drawn.size.height + 2 * MARGIN
    described = " ".join(_words(graph, stats or {}, ""))
    title = f"Graph {graph.name}"
    return str(
        tag(
            "svg",
            tag("title", title),
            tag("desc", described),
            tag("style", Markup(STYLE)),  # noqa: S704  ours, and escaped it would be no style
            tag("rect", width=width, height=height, class_="pg-ground"),
            tag("g", drawn.parts, transform=f"translate({MARGIN:g} {MARGIN:g})"),
            xmlns="http://www.w3.org/2000/svg",
            viewBox=f"0 0 {width:.1f} {height:.1f}",
            width=width,
            height=height,
            role="img",
            aria_label=title,
            class_="pg",
        )
    )


def _level(graph: Graph, stats: Mapping[str, StepStats], prefix: str, *, outer: bool) -> _Drawn:
    """One level of a graph, at 0, 0."""
    boxes = {INPUT: _end(graph, INPUT, outer=outer)}
    boxes |= {spec.name: _box(spec, stats, prefix) for spec in graph.steps}
    boxes[END] = _end(graph, END, outer=outer)
    wires = wires_of(graph)
    gap = 38.0 if outer else 28.0
    pairs = [(wire.source, wire.target) for wire in wires]
    placed = layout({name: box.size for name, box in boxes.items()}, pairs, gap)
    parts = [_wire(wire, placed) for wire in wires]
    for name, box in boxes.items():
        corner = placed.corners[name]
        parts.append(tag("g", box.parts, transform=f"translate({corner.x:.1f} {corner.y:.1f})"))
    return _Drawn(placed.size, Markup("").join(parts))


def _end(graph: Graph, name: str, *, outer: bool) -> _Drawn:
    if not outer:
        said = "the input" if name == INPUT else f"gives {graph.gives}"
        port = tag("rect", tag("title", said), width=PORT.width, height=PORT.height, rx=3.5, class_="pg-port")
        return _Drawn(PORT, port)
    card = (
        end_card("input", input_lines(graph))
        if name == INPUT
        else end_card("gives", [graph.gives, shown(graph.output_type)])
    )
    return _Drawn(card.size, card.parts)


def _box(spec: StepSpec, stats: Mapping[str, StepStats], prefix: str) -> _Drawn:
    own = stats.get(f"{prefix}{spec.name}")
    titled = tag("title", " ".join(_step_words(spec, own)))
    if not isinstance(spec.run, Graph):
        card = step_card(spec, own)
        return _Drawn(card.size, titled + card.parts)
    inner = _level(spec.run, stats, f"{prefix}{spec.name}/", outer=False)
    room = inner.size.height + PAD + 8.0
    card = head_card(spec, own, inner.size.width + 2 * PAD, room)
    at = f"translate({(card.size.width - inner.size.width) / 2:.1f} {card.size.height - room + 8.0:.1f})"
    return _Drawn(card.size, titled + card.parts + tag("g", inner.parts, transform=at))


def _wire(wire: Wire, placed: Layout) -> Markup:
    points = placed.routes[wire.source, wire.target]
    first, last = points[0], points[-1]
    path = f"M{first.x:.1f},{first.y:.1f}"
    for at in range(1, len(points), 2):
        leave, enter = points[at], points[at + 1]
        middle = (leave.y + enter.y) / 2
        path += f"V{leave.y:.1f}C{leave.x:.1f},{middle:.1f} {enter.x:.1f},{middle:.1f} {enter.x:.1f},{enter.y:.1f}"
    kind = "pg-wire" + (" pg-if" if wire.labels else " pg-first" if wire.first_of else "")
    tip = f"M{last.x - 4:.1f},{last.y - 7:.1f}h8L{last.x:.1f},{last.y:.1f}z"
    said = f"{wire.source} to {'what the graph gives' if wire.target == END else wire.target}"
    return tag(
        "g",
        tag("title", ": if ".join([said, *([" and ".join(wire.labels)] if wire.labels else [])])),
        tag("path", d=path, class_=kind),
        tag("path", d=tip, class_="pg-if-tip" if wire.labels else "pg-tip"),
    )


def _words(graph: Graph, stats: Mapping[str, StepStats], prefix: str) -> Iterator[str]:
    """All that the picture shows, in sentences."""
    yield f"{graph.name} takes {', '.join(f'{name}: {shown(of)}' for name, of in graph.takes.items()) or 'nothing'}."
    for spec in graph.steps:
        yield from _step_words(spec, stats.get(f"{prefix}{spec.name}"), prefix)
        if isinstance(spec.run, Graph):
            yield f"{prefix}{spec.name} is a graph:"
            yield from _words(spec.run, stats, f"{prefix}{spec.name}/")
    yield f"{graph.name} gives {graph.gives}."


def _step_words(spec: StepSpec, stats: StepStats | None, prefix: str = "") -> Iterator[str]:
    name = f"{prefix}{spec.name}"
    yield f"{name} reads {reads(spec) or 'nothing'}."
    if spec.when:
        yield f"{name} runs if {' and '.join(condition_text(*one) for one in spec.when.items())}."
    if marks_of(spec):
        yield f"{name}: {', '.join(marks_of(spec))}."
    if stats is not None:
        failed = f", {percent(stats.failure_rate)} failed" if stats.failures else ""
        yield f"{name}: {time_words(stats)}{failed}."
