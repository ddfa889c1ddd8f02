from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from proveout.families.modular.graph import Graph, StepSpec, StepStats, graph_svg

SVG = "{http://www.w3.org/2000/svg}"


def take(**parts: Any) -> Any:
    return parts


INNER = Graph(
    "inner",
    takes={"v": Any},
    steps=[
        StepSpec(name="check", run=take, takes={"v": "input.v"}),
        StepSpec(name="pay", run=take, takes={"v": "check"}, when={"check.ok": (True,)}, approval="Pay?"),
    ],
    gives="pay",
)
ONE = Graph("one", takes={"v": Any}, steps=[StepSpec(name="check", run=take, takes={"v": "input.v"})], gives="check")
GRAPH = Graph(
    "desk",
    takes={"x": Any, "xs": list[str]},
    steps=[
        StepSpec(name="intent", run=take, takes={"v": "input.x"}),
        StepSpec(name="sub", run=INNER, takes={"v": "intent"}, when={"intent.label": ("<refund>", "a&b")}),
        StepSpec(name="each", run=ONE, takes={"v": "input.xs"}, each="v"),
        StepSpec(name="reply", run=take, takes={"v": "sub | intent"}),
    ],
    gives="reply",
)


def stats(failures: int) -> StepStats:
    return StepStats(calls=9, failures=failures, p50_seconds=0.5, p95_seconds=1, total_seconds=4, share=0.25)


def read(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314  our own output


def texts(svg: str) -> list[str]:
    return [one.text or "" for one in read(svg).iter(f"{SVG}text")]


def test_all_that_is_in_the_graph_is_in_the_picture() -> None:
    found = texts(graph_svg(GRAPH))
    for text in (
        "intent",
        "sub",
        "each",
        "reply",
        "input",
        "gives",
        "x: Any",
        "graph",
        "graph, an item as one call",
        "a person approves",
    ):
        assert text in found
    assert found.count("check") == 2
    assert "if intent.label is <refund> or a&b" in found
    assert "if check.ok is true" in found


def test_the_picture_says_in_words_what_it_shows() -> None:
    root = read(graph_svg(GRAPH, stats={"intent": stats(1), "sub/pay": stats(0)}))
    title, words = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None
    assert words is not None
    assert (title.text, root.get("role"), root.get("aria-label")) == ("Graph desk", "img", "Graph desk")
    for said in (
        "desk takes x: Any, xs: list[str].",
        "intent reads v from input.x. intent: p50 500 ms · 25 % of time, 10 % failed.",
        "sub runs if intent.label is <refund> or a&b. sub is a graph:",
        "sub/pay runs if check.ok is true. sub/pay: a person approves. sub/pay: p50 500 ms · 25 % of time.",
        "each: each of v.",
        "desk gives reply.",
    ):
        assert said in (words.text or "")


def test_times_and_failures_are_shown_on_their_steps() -> None:
    found = texts(graph_svg(GRAPH, stats={"intent": stats(1), "each": stats(3)}))
    assert found.count("p50 500 ms · 25 % of time") == 2
    assert [text for text in found if text.startswith("▲")] == ["▲ 10 % failed (1)", "▲ 25 % failed (3)"]


def test_wires_are_marked_by_kind() -> None:
    kinds = re.findall(r'class="pg-wire( pg-\w+)?"', graph_svg(GRAPH))
    assert kinds.count(" pg-if") == 2
    assert kinds.count(" pg-first") == 2


def test_light_and_dark() -> None:
    style = read(graph_svg(GRAPH)).find(f"{SVG}style")
    assert style is not None
    light, _, dark = (style.text or "").partition("@media (prefers-color-scheme: dark)")
    named = set(re.findall(r"\.(pg-[a-z-]+)", light))
    used = {
        name
        for one in read(graph_svg(GRAPH, stats={"intent": stats(1)})).iter()
        for name in one.get("class", "").split()
    }
    assert used - {"pg"} <= named
    assert {"pg-ground", "pg-card", "pg-wire", "pg-bar", "pg-fail"} <= set(re.findall(r"\.(pg-[a-z-]+)", dark))


def contrast(one: str, other: str) -> float:
    """Of two colours, by WCAG 2.1."""

    def light(colour: str) -> float:
        digits = colour if len(colour) == 6 else "".join(2 * digit for digit in colour)
        parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    dark, bright = sorted([light(one), light(other)])
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("part", [0, 1])
def test_texts_can_be_read_on_their_grounds(part: int) -> None:
    style = read(graph_svg(GRAPH)).find(f"{SVG}style")
    assert style is not None
    rules = (style.text or "").split("@media (prefers-color-scheme: dark)")[part]
    fills = dict(re.findall(r"(?:^|[\s}{])(?:\.pg )?(\.pg-[a-z-]+|text)\{[^}]*?fill:#([0-9a-f]+)", rules))
    ink = re.findall(r"\.pg text\{[^}]*fill:#([0-9a-f]+)", rules)[0]
    for ground in (".pg-card", ".pg-ground", ".pg-pill"):
        assert contrast(ink, fills[ground]) >= 7
    for name in (".pg-small", ".pg-fail"):
        assert contrast(fills[name], fills[".pg-card"]) >= 4.5
    assert contrast(fills[".pg-cond"], fills[".pg-strip"]) >= 4.5


def test_the_same_graph_has_the_same_picture() -> None:
    assert graph_svg(GRAPH) == graph_svg(GRAPH)


def test_thirty_steps_fit_on_a_page() -> None:
    steps = [StepSpec(name="s0", run=take, takes={"v": "input.x"})]
    steps += [StepSpec(name=f"s{at}", run=take, takes={"v": f"s{(at - 1) // 2}"}) for at in range(1, 30)]
    graph = Graph("tree", takes={"x": Any}, steps=steps, gives="s29")
    width, height = (float(read(graph_svg(graph)).get(side, "")) for side in ("width", "height"))
    assert width < 16 * 180
    assert height < 900
