"""Independent checker of causal proofs: terms, and independence in the graph, decided by walking every path."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Case", "Dag", "flat", "text_of", "written"]

Term = tuple[Any, ...]
PARTS = ("of", "given", "do", "had", "mediators", "as_if")


def flat(term: Mapping[str, Any]) -> Term:
    """A term of a proof in a form that can be compared."""
    if set(term) - set(PARTS):
        raise KeyError(*term)
    return tuple(
        tuple(sorted(term[part].items())) if part != "mediators" and part in term else tuple(term.get(part, ()))
        for part in PARTS
    )


def written(**parts: Any) -> Term:
    """A term of lists of events."""
    return tuple(tuple(sorted(parts.get(part, ()))) for part in PARTS)


def text_of(term: Term) -> str:
    """A term as it is printed."""
    of, given, do, had, mediators, as_if = term

    def listed(events: Iterable[tuple[str, int]]) -> str:
        return ", ".join(f"{name}={value}" for name, value in events)

    inner = ([listed(had)] if had else []) + [f"{name}[{listed(as_if)}]" for name in mediators]
    world = f"[{', '.join(inner)}]" if inner else ""
    after = ", ".join(([f"do({listed(do)})"] if do else []) + ([listed(given)] if given else []))
    return f"P({', '.join(f'{name}{world}={value}' for name, value in of)}{f' | {after}' if after else ''})"


class Dag:
    """A graph that decides independence by walking every path."""

    def __init__(self, edges: Iterable[tuple[str, str]], unobserved: Iterable[str]) -> None:
        self.edges, self.unobserved = frozenset(edges), frozenset(unobserved)
        self.names = sorted({name for edge in self.edges for name in edge})

    def below(self, names: set[str]) -> set[str]:
        """The variables and everything that they cause."""
        found = set(names)
        while more := {b for a, b in self.edges if a in found} - found:
            found |= more
        return found

    def order(self) -> list[str]:
        """All variables, causes first; ties by name."""
        done: list[str] = []
        while left := [name for name in self.names if name not in done]:
            done.append(next(name for name in left if all(a in done for a, b in self.edges if b == name)))
        return done

    def apart(self, x: str, y: str, given: Iterable[str], cut: Iterable[str] = ()) -> bool:
        """Whether every path is blocked, without the edges out of some variables."""
        known = set(given)
        kept = Dag([(a, b) for a, b in self.edges if a not in set(cut)], ())
        return not {x, y} & known and not kept._open([x], y, known)

    def _open(self, path: list[str], end: str, known: set[str]) -> bool:
        here = path[-1]
        if here == end:
            return True
        beside = {b for a, b in self.edges if a == here} | {a for a, b in self.edges if b == here}
        return any(
            self._passes(path, name, known) and self._open([*path, name], end, known)
            for name in sorted(beside - set(path))
        )

    def _passes(self, path: list[str], name: str, known: set[str]) -> bool:
        if len(path) == 1:
            return True
        before, here = path[-2:]
        if (before, here) in self.edges and (name, here) in self.edges:
            return bool(self.below({here}) & known)
        return here not in known

    def adjusts(self, x: str, y: str, given: Iterable[str]) -> bool:
        """The back-door criterion."""
        return not set(given) & self.below({x}) and self.apart(x, y, given, [x])

    def direct(self, x: str, y: str, without: Iterable[str]) -> bool:
        """Whether a directed path avoids some variables."""
        return y in Dag([(a, b) for a, b in self.edges if not {a, b} & set(without)], ()).below({x})


class Case(NamedTuple):
    """A line: the graph, its term (empty for an effect), the sets it names, and the question's roles with values."""

    dag: Dag
    term: Term
    sets: Mapping[str, tuple[str, ...]]
    roles: Mapping[str, tuple[str, int]]
