"""Places for boxes in layers, from the top down, after Sugiyama, Tagawa and Toda (1981).

Layers by longest path; long edges cut by bends; crossings reduced by sweeps of medians (Eades and Wormald 1994); places
across as a least-squares fit that keeps order and distances, by pooling adjacent violators (Ayer et al. 1955).
"""

from __future__ import annotations

import itertools
from bisect import bisect_left, insort
from collections import defaultdict
from graphlib import TopologicalSorter
from statistics import fmean, median_low
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["Layout", "Point", "Size", "fitted", "layers_of", "layout"]

SWEEPS = 8
APART = 26.0
BEND = 14.0
# How much straighter a stretch between two bends is wanted than one between two boxes.
STIFF = 6.0


class Size(NamedTuple):
    """Of a box."""

    width: float
    height: float


class Point(NamedTuple):
    """Across and down."""

    x: float
    y: float


class Layout(NamedTuple):
    """Where everything stands.

    Attributes:
        corners: left upper corner of each box.
        routes: of each edge, where it leaves its source, where it enters and leaves each layer between, and where it
            reaches its target.
        size: of the whole.
    """

    corners: dict[str, Point]
    routes: dict[tuple[str, str], list[Point]]
    size: Size


def layout(sizes: Mapping[str, Size], edges: Iterable[tuple[str, str]], gap: float) -> Layout:
    """Lay boxes out in layers.

    Args:
        sizes: of the boxes, in the order in which they are told.
        edges: from box to box, without a cycle.
        gap: between layers.

    Example:
        >>> found = layout({"a": Size(10, 10), "b": Size(10, 10)}, [("a", "b")], 34.0)
        >>> found.corners["b"].y - found.corners["a"].y
        44.0
    """
    pairs = list(dict.fromkeys(edges))
    ranks = layers_of(list(sizes), pairs)
    cut = _Cut(sizes, pairs, ranks)
    rows = _ordered(cut)
    centres = _across(rows, cut)
    left = min(centres[key] - cut.size(key).width / 2 for row in rows for key in row)
    tops, bottoms = _down(rows, cut, gap)
    at = {key: rank for rank, row in enumerate(rows) for key in row}
    corners = {key: Point(centres[key] - left - size.width / 2, tops[at[key]]) for key, size in sizes.items()}
    ports = _ports(cut, centres)
    routes = {}
    for pair, chain in cut.chains.items():
        first, *bends, last = chain
        points = [
            Point(ports[first, bends[0] if bends else last, "out"] - left, tops[at[first]] + cut.size(first).height)
        ]
        points.append(Point(points[0].x, bottoms[at[first]]))
        for bend in bends:
            points += [Point(centres[bend] - left, tops[at[bend]]), Point(centres[bend] - left, bottoms[at[bend]])]
        points.append(Point(ports[last, bends[-1] if bends else first, "in"] - left, tops[at[last]]))
        routes[pair] = points
    width = max(centres[key] + cut.size(key).width / 2 for row in rows for key in row) - left
    return Layout(corners, routes, Size(width, bottoms[-1]))


def layers_of(names: Sequence[str], edges: Sequence[tuple[str, str]]) -> dict[str, int]:
    """The layer of each box: below all it comes from, and what comes from nothing just above what needs it.

    Example:
        >>> layers_of(["a", "b", "c", "d"], [("a", "b"), ("b", "c"), ("d", "c")])
        {'a': 0, 'b': 1, 'c': 2, 'd': 1}
    """
    before: dict[str, list[str]] = {name: [] for name in names}
    after: dict[str, list[str]] = {name: [] for name in names}
    for source, target in edges:
        before[target].append(source)
        after[source].append(target)
    ranks: dict[str, int] = {}
    for name in TopologicalSorter(before).static_order():
        ranks[name] = max((ranks[one] + 1 for one in before[name]), default=0)
    for name in names:
        if not before[name] and after[name]:
            ranks[name] = min(ranks[one] for one in after[name]) - 1
    return {name: ranks[name] for name in names}


class _Cut:
    """Boxes, and the bends at which edges pass through layers."""

    def __init__(self, sizes: Mapping[str, Size], edges: Sequence[tuple[str, str]], ranks: Mapping[str, int]) -> None:
        self.sizes = sizes
        self.rows: list[list[str]] = [[] for _ in range(max(ranks.values()) + 1)]
        for name in sizes:
            self.rows[ranks[name]].append(name)
        self.chains: dict[tuple[str, str], list[str]] = {}
        self.above: dict[str, list[str]] = defaultdict(list)
        self.below: dict[str, list[str]] = defaultdict(list)
        for source, target in edges:
            # No name of a step has a line break in it.
            bends = [f"{source}\n{target}\n{rank}" for rank in range(ranks[source] + 1, ranks[target])]
            for rank, bend in enumerate(bends, ranks[source] + 1):
                self.rows[rank].append(bend)
            chain = [source, *bends, target]
            self.chains[source, target] = chain
            for upper, lower in itertools.pairwise(chain):
                self.above[lower].append(upper)
                self.below[upper].append(lower)

    def size(self, key: str) -> Size:
        return self.sizes.get(key, Size(BEND, 0.0))

    def stiffness(self, one: str, other: str) -> float:
        return STIFF ** ((one not in self.sizes) + (other not in self.sizes))


def _ordered(cut: _Cut) -> list[list[str]]:
    """The order in each layer, of those tried the one with the fewest crossings."""
    rows = [list(row) for row in cut.rows]
    best, fewest = [list(row) for row in rows], _crossings(rows, cut)
    for sweep in range(SWEEPS):
        if fewest == 0:
            break
        downwards = sweep % 2 == 0
        numbers = range(1, len(rows)) if downwards else range(len(rows) - 2, -1, -1)
        for number in numbers:
            fixed = rows[number - 1 if downwards else number + 1]
            places = {key: place for place, key in enumerate(fixed)}
            beside = cut.above if downwards else cut.below
            rows[number] = _sorted(rows[number], beside, places)
        found = _crossings(rows, cut)
        if found < fewest:
            best, fewest = [list(row) for row in rows], found
    return best


def _sorted(row: Sequence[str], beside: Mapping[str, list[str]], places: Mapping[str, int]) -> list[str]:
    """A row by the medians of its neighbours; what has none keeps its place."""
    medians = {key: median_low([places[one] for one in beside[key]]) for key in row if beside.get(key)}
    moving = iter(sorted(medians, key=lambda key: (medians[key], fmean(places[one] for one in beside[key]))))
    return [next(moving) if key in medians else key for key in row]


def _crossings(rows: Sequence[Sequence[str]], cut: _Cut) -> int:
    """How often edges cross between neighbouring layers: inversions, counted by insertion into a sorted list."""
    total = 0
    for upper, lower in itertools.pairwise(rows):
        places = {key: place for place, key in enumerate(lower)}
        seen: list[int] = []
        for key in upper:
            ends = sorted(places[one] for one in cut.below.get(key, ()))
            total += sum(len(seen) - bisect_left(seen, end + 1) for end in ends)
            for end in ends:
                insort(seen, end)
    return total


def _across(rows: Sequence[Sequence[str]], cut: _Cut) -> dict[str, float]:
    """Centres, drawn towards their neighbours in turn, until they hardly move."""
    centres: dict[str, float] = {}
    for row in rows:
        at = 0.0
        for key in row:
            centres[key] = at + cut.size(key).width / 2
            at += cut.size(key).width + APART
        for key in row:
            centres[key] -= at / 2
    for sweep in range(2 * SWEEPS + 1):
        last = sweep == 2 * SWEEPS
        for row in rows if sweep % 2 == 0 else reversed(rows):
            wanted = [
                _wanted(key, cut, centres, above=sweep % 2 == 0 or last, below=sweep % 2 == 1 or last) for key in row
            ]
            widths = [cut.size(key).width for key in row]
            apart = [(one + other) / 2 + APART for one, other in itertools.pairwise(widths)]
            weights = [1.0 if key in cut.sizes else STIFF for key in row]
            centres.update(zip(row, fitted(wanted, apart, weights), strict=True))
    return centres


def _wanted(key: str, cut: _Cut, centres: Mapping[str, float], *, above: bool, below: bool) -> float:
    beside = [*(cut.above.get(key, []) if above else []), *(cut.below.get(key, []) if below else [])]
    if not beside:
        return centres[key]
    weights = [cut.stiffness(key, one) for one in beside]
    return sum(weight * centres[one] for weight, one in zip(weights, beside, strict=True)) / sum(weights)


def fitted(wanted: Sequence[float], apart: Sequence[float], weights: Sequence[float]) -> list[float]:
    """The places nearest to those wanted, by weighted least squares, that keep the order and the distances.

    Args:
        wanted: n places.
        apart: n - 1 least distances between neighbours.
        weights: n, positive.

    Example:
        >>> fitted([0.0, 0.0], [10.0], [1.0, 1.0])
        [-5.0, 5.0]
    """
    offsets = [0.0]
    for distance in apart:
        offsets.append(offsets[-1] + distance)
    # Blocks of places that stand as close as they may: mean, weight, count.
    blocks: list[tuple[float, float, int]] = []
    for place, offset, weight in zip(wanted, offsets, weights, strict=True):
        mean, total, count = place - offset, weight, 1
        while blocks and blocks[-1][0] >= mean:
            before, more, others = blocks.pop()
            mean = (mean * total + before * more) / (total + more)
            total, count = total + more, count + others
        blocks.append((mean, total, count))
    means = [mean for mean, _, count in blocks for _ in range(count)]
    return [mean + offset for mean, offset in zip(means, offsets, strict=True)]


def _down(rows: Sequence[Sequence[str]], cut: _Cut, gap: float) -> tuple[list[float], list[float]]:
    """Top and bottom of each layer."""
    tops, bottoms = [], []
    at = 0.0
    for number, row in enumerate(rows):
        at += gap if number else 0.0
        tops.append(at)
        at += max(cut.size(key).height for key in row)
        bottoms.append(at)
    return tops, bottoms


def _ports(cut: _Cut, centres: Mapping[str, float]) -> dict[tuple[str, str, str], float]:
    """Where along its lower and upper side each edge meets a box, in the order of where they come from."""
    found = {}
    for way, beside in (("in", cut.above), ("out", cut.below)):
        for key in cut.sizes:
            ends = sorted(beside.get(key, []), key=lambda end: centres[end])
            step = min(22.0, cut.sizes[key].width * 0.8 / max(1, len(ends)))
            for number, end in enumerate(ends):
                found[key, end, way] = centres[key] + (number - (len(ends) - 1) / 2) * step
    return found
