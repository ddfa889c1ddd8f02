"""Which routes to build, as people name them, and building them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import msgspec

from proveout.errors import BuildFailed, FamilyUnknown
from proveout.families import code_version, find_built, keep_candidate
from proveout.release._cascade import build_cascade
from proveout.release._mixture import build_mixture
from proveout.release._parts import Judged, Part
from proveout.task import content_hash
from proveout.trial import points_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from proveout.data import SelectSplit
    from proveout.families import Built, Candidate
    from proveout.ledger import Ledger
    from proveout.store import Workspace
    from proveout.task import Task

    Build = Callable[[Sequence[Part], Sequence[Judged]], Candidate]

__all__ = ["RoutePlan", "build_route", "parse_route"]

BUILDS: dict[str, Build] = {"cascade": build_cascade, "mixture": build_mixture}


class RoutePlan(msgspec.Struct, frozen=True):
    """A route to build: ``cascade`` or ``mixture``, and the families of its candidates, in order."""

    form: str
    families: tuple[str, ...]


def parse_route(text: str) -> RoutePlan:
    """Read ``cascade:distilled,llm``.

    Raises:
        FamilyUnknown: there is no such form of route.
        BuildFailed: it names fewer than two families, or one twice.

    Example:
        >>> parse_route("cascade:distilled,llm")
        RoutePlan(form='cascade', families=('distilled', 'llm'))
    """
    form, _, listed = text.partition(":")
    names = tuple(filter(None, (name.strip() for name in listed.split(","))))
    if form not in BUILDS:
        fix = f"write one of {', '.join(sorted(BUILDS))}, then a colon and families: cascade:distilled,llm"
        raise FamilyUnknown("unknown route", why=f"no route is called {form!r}", fix=fix, about=text)
    if len(names) < 2 or len(set(names)) < len(names):  # noqa: PLR2004  one candidate is no route
        why = f"it has {', '.join(names) or 'no candidate'}"
        raise BuildFailed("no route", why=why, fix="name two or more different families", about=text)
    return RoutePlan(form, names)


def build_route(
    workspace: Workspace, task: Task, plan: RoutePlan, built: Sequence[Built], select: SelectSplit, *, ledger: Ledger
) -> Built:
    """Build a route over candidates, or find it; what it chooses, it chooses on ``select``.

    Raises:
        BuildFailed: no candidate of a family it names was built, or ``select`` holds no labelled row.
    """
    parts = [_part(plan, name, built) for name in plan.families]
    built_from = content_hash(["route", plan.form, [part.id for part in parts], code_version()])
    known = find_built(workspace, built_from)
    if known:
        return known
    wall, cpu = time.perf_counter(), time.process_time()
    candidate = BUILDS[plan.form](parts, [_judged(task, part, select) for part in parts])
    took = (time.perf_counter() - wall, time.process_time() - cpu)
    return keep_candidate(workspace, candidate, built_from, took, ledger)


def _part(plan: RoutePlan, name: str, built: Sequence[Built]) -> Part:
    for one in built:
        if one.candidate.card.family == name:
            return Part(one.id, one.candidate)
    have = ", ".join(one.candidate.card.family for one in built) or "none"
    fix = "name its family under --families too, or leave --families out"
    about = f"{plan.form}: {name}"
    raise BuildFailed("a candidate of the route is missing", why=f"built are {have}", fix=fix, about=about)


def _judged(task: Task, part: Part, select: SelectSplit) -> Judged:
    rows = [example for example in select.examples if example.expected is not None]
    if not rows:
        fix = "add labelled examples, or a larger share data.select"
        raise BuildFailed("nothing to choose on", why="the SelectSplit holds no labelled row", fix=fix, about=part.id)
    answers = tuple(part.candidate.answer([example.inputs for example in rows]))
    points = points_of(task, rows, answers)
    outside = tuple(row for row, one in enumerate(points) if one is None)
    left = (float(one.output is None or one.output.get(task.target) == task.out_of_scope) for one in answers)
    return Judged(
        answers=answers,
        points=tuple(held if one is None else one for one, held in zip(points, left, strict=True)),
        outside=outside,
    )
