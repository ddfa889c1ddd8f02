"""Causal graphs: which variable is a direct cause of which, and what that implies about independence."""

from __future__ import annotations

import re
import tomllib
from difflib import get_close_matches
from fractions import Fraction
from functools import cached_property
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Any

import msgspec

from proveout.errors import GraphInvalid

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Graph", "parse_graph", "parse_model"]

Edge = tuple[str, str]

ARROW = re.compile(r"\s*->\s*")
TERM = re.compile(r"P\(\s*(?P<of>[^|)]+?)\s*(?:\|\s*(?P<given>[^)]+?)\s*)?\)")
EVENT = re.compile(r"(?P<name>.+?)\s*=\s*(?P<value>[01])")


class Graph(msgspec.Struct, frozen=True, dict=True):
    """A directed acyclic graph over variables, some of them unobserved.

    Args:
        edges: direct causes, as (cause, effect).
        unobserved: variables whose values no data show.
        alone: variables that no edge touches.

    Raises:
        GraphInvalid: a cycle, an edge from a variable to itself, or an unobserved variable that is in no edge.

    Example:
        >>> graph = Graph((("Z", "X"), ("Z", "Y"), ("X", "Y")), unobserved=("Z",))
        >>> graph.variables, graph.parents("Y"), graph.separated("X", "Y", ["Z"])
        (('X', 'Y', 'Z'), ('X', 'Z'), False)
    """

    edges: tuple[Edge, ...]
    unobserved: tuple[str, ...] = ()
    alone: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        known = set(self.variables)
        for name in self.unobserved:
            if name not in known:
                raise _unknown(name, known)
        for cause, effect in self.edges:
            if cause == effect or cause in self.descendants(effect):
                raise GraphInvalid(
                    "the graph has a cycle",
                    why=f"{cause} -> {effect} closes it",
                    fix="remove one of its edges, or split the variable by time",
                    about=f"{cause} -> {effect}",
                )

    @cached_property
    def variables(self) -> tuple[str, ...]:
        """All variables, sorted."""
        return tuple(sorted({name for edge in self.edges for name in edge} | set(self.alone)))

    @property
    def observed(self) -> tuple[str, ...]:
        """The variables that data show, sorted."""
        return tuple(name for name in self.variables if name not in self.unobserved)

    @cached_property
    def _beside(self) -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]:
        """The direct causes and the direct effects of each variable."""
        causes: dict[str, set[str]] = {}
        effects: dict[str, set[str]] = {}
        for cause, effect in self.edges:
            causes.setdefault(effect, set()).add(cause)
            effects.setdefault(cause, set()).add(effect)
        up, down = ({name: tuple(sorted(of)) for name, of in found.items()} for found in (causes, effects))
        return up, down

    @cached_property
    def _below(self) -> dict[str, set[str]]:
        """Each variable with everything that it causes, itself included."""
        return {name: _closure(name, self.children) for name in self.variables}

    @cached_property
    def _cuts(self) -> dict[tuple[frozenset[str], frozenset[str]], Graph]:
        """The graphs without some edges, as they are asked for."""
        return {}

    def parents(self, name: str) -> tuple[str, ...]:
        """Direct causes of a variable, sorted."""
        return self._beside[0].get(name, ())

    def children(self, name: str) -> tuple[str, ...]:
        """Direct effects of a variable, sorted."""
        return self._beside[1].get(name, ())

    def ancestors(self, names: Iterable[str] | str) -> set[str]:
        """The variables themselves and everything that causes them."""
        wanted = {names} if isinstance(names, str) else set(names)
        return {name for name, below in self._below.items() if not below.isdisjoint(wanted)} | wanted

    def descendants(self, names: Iterable[str] | str) -> set[str]:
        """The variables themselves and everything that they cause."""
        wanted = {names} if isinstance(names, str) else set(names)
        return wanted.union(*[self._below.get(name, ()) for name in wanted])

    def order(self) -> tuple[str, ...]:
        """All variables, causes before effects; ties by name."""
        done: list[str] = []
        while len(done) < len(self.variables):
            done.append(next(v for v in self.variables if v not in done and set(self.parents(v)) <= set(done)))
        return tuple(done)

    def cut(self, *, into: Iterable[str] = (), out_of: Iterable[str] = ()) -> Graph:
        """The graph without the edges into and out of some variables."""
        inward, outward = frozenset(into), frozenset(out_of)
        found = self._cuts.get((inward, outward))
        if found is None:
            kept = tuple((a, b) for a, b in self.edges if b not in inward and a not in outward)
            found = self._cuts[inward, outward] = Graph(kept, self.unobserved, self.variables)
        return found

    def separated(self, one: str, other: str, given: Iterable[str] = ()) -> bool:
        """Whether the graph makes two variables independent given others (d-separation).

        Decided in the moral graph of their ancestors (Lauritzen et al., Networks 20 (1990) 491-505).
        """
        known = set(given)
        if one == other or {one, other} & known:
            return one != other
        kept = self.ancestors({one, other} | known)
        joined = {frozenset(edge) for edge in self.edges if set(edge) <= kept}
        joined |= {frozenset(pair) for name in kept for pair in combinations(self.parents(name), 2)}
        reached, front = {one}, [one]
        while front:
            here = front.pop()
            beside = {name for pair in joined if here in pair for name in pair} - known - reached
            reached |= beside
            front.extend(beside)
        return other not in reached

    def paths(self, start: str, end: str, *, without: Iterable[str] = ()) -> Iterator[tuple[str, ...]]:
        """Every directed path from one variable to another that avoids some."""
        avoided = set(without)
        stack: list[tuple[str, ...]] = [(start,)]
        while stack:
            path = stack.pop()
            if path[-1] == end:
                yield path
                continue
            stack.extend((*path, child) for child in self.children(path[-1]) if child not in avoided)


def _closure(names: Iterable[str] | str, step: Any) -> set[str]:
    """Everything that is reached from some variables."""
    reached = {names} if isinstance(names, str) else set(names)
    front = list(reached)
    while front:
        found = set(step(front.pop())) - reached
        reached |= found
        front.extend(found)
    return reached


def _unknown(name: str, known: Iterable[str]) -> GraphInvalid:
    """A variable that the graph does not have."""
    near = get_close_matches(name, sorted(known), 1)
    fix = f"did you mean {near[0]}?" if near else "add an edge with it, or correct its name"
    return GraphInvalid("an unknown variable", why=f"no edge has {name!r}", fix=fix, about=name)


def parse_graph(text: str) -> Graph:
    """A graph from TOML (``[graph]`` with ``edges`` and ``unobserved``) or from lines such as ``X -> Y``.

    In lines, ``X -> M -> Y`` is two edges, commas and ends of lines part them, and ``U unobserved`` marks a variable.

    Raises:
        GraphInvalid: text that is neither, a cycle, or an unknown variable.

    Example:
        >>> parse_graph("U -> X -> Y, U -> Y, U unobserved").observed
        ('X', 'Y')
    """
    return parse_model(text)[0]


def parse_model(text: str) -> tuple[Graph, dict[str, Fraction]]:
    r"""A graph with the probabilities of its TOML table ``[probabilities]``, such as ``"P(Y=1 | X=0)" = "69%"``.

    Raises:
        GraphInvalid: as `parse_graph`, and a probability of an unknown variable or outside 0 to 1.

    Example:
        >>> graph, stated = parse_model('[graph]\nedges = ["X -> Y"]\n[probabilities]\n"P(X=1)" = "40%"')
        >>> stated
        {'P(X=1)': Fraction(2, 5)}
    """
    if "[graph]" not in text:
        return _from_lines(text), {}
    try:
        document = tomllib.loads(text)
        table = msgspec.convert(document, _Document)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        fix = "write a table [graph] with edges and unobserved, as lists of texts"
        raise GraphInvalid("the graph cannot be read", why=str(error), fix=fix, about="graph") from error
    graph = Graph(tuple(edge for line in table.graph.edges for edge in _edges(line)), tuple(table.graph.unobserved))
    return graph, {term: _probability(term, value, graph) for term, value in table.probabilities.items()}


class _Table(msgspec.Struct, forbid_unknown_fields=True):
    edges: list[str]
    unobserved: list[str] = []


class _Document(msgspec.Struct, forbid_unknown_fields=True):
    graph: _Table
    probabilities: dict[str, str] = {}


def _from_lines(text: str) -> Graph:
    """A graph from lines of edges."""
    parts = [part.strip() for part in re.split(r"[,;\n]", text) if part.strip()]
    hidden = tuple(part.removesuffix("unobserved").strip() for part in parts if part.endswith(" unobserved"))
    return Graph(tuple(edge for part in parts if not part.endswith(" unobserved") for edge in _edges(part)), hidden)


def _edges(line: str) -> Iterator[Edge]:
    """The edges of ``A -> B -> C``."""
    names: list[str] = ARROW.split(line.strip())
    if len(names) < 2 or not all(names):  # noqa: PLR2004  an edge has two ends
        fix = "write an edge as 'X -> Y'"
        raise GraphInvalid("an edge cannot be read", why=f"{line!r} has no arrow between names", fix=fix, about=line)
    yield from pairwise(names)


def _probability(term: str, value: str, graph: Graph) -> Fraction:
    """A probability between 0 and 1 of variables the graph has."""
    found = TERM.fullmatch(term)
    events = (
        [EVENT.fullmatch(one.strip()) for one in f"{found['of']},{found['given'] or ''}".split(",") if one.strip()]
        if found
        else []
    )
    if not events or not all(events):
        fix = 'write it as "P(Y=1 | X=0)"'
        raise GraphInvalid("a probability cannot be read", why=f"{term!r} is no such term", fix=fix, about=term)
    for event in events:
        if event is not None and event["name"] not in graph.variables:
            raise _unknown(event["name"], graph.variables)
    try:
        number = Fraction(value.rstrip("% ")) / (100 if value.rstrip().endswith("%") else 1)
    except (ValueError, ZeroDivisionError):
        number = Fraction(-1)
    if not 0 <= number <= 1:
        fix = 'write it as "69%" or "0.69"'
        raise GraphInvalid("no probability", why=f"{value!r} is not between 0 and 1", fix=fix, about=term)
    return number
