"""Minimal edits of test rows: one factor of the input changed, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import numpy as np

from proveout.task import causal_field, content_hash, pattern_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from proveout.task import CausalFactor, Example, Task

__all__ = ["Edit", "edits_of", "number_in"]

Json = dict[str, Any]
# Only so much of a text is searched for a factor: a search may take time that grows with its square.
SEARCHED = 10_000
# Numbers drawn from the whole range besides those next to the old one and to a threshold.
ANYWHERE = 4


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """A test row with one factor changed.

    Attributes:
        base: index of the row among the labelled test rows.
        factor: name.
        role: of the factor.
        inputs: the edited input.
        moves: by how much the factor's number was moved in the direction the output may follow; 0 without a direction.
        group: the group of a protected factor whose value stands there now.
        near: whether the number stands within a step of a threshold.
        known: whether the row's expected output holds for the edit too.
    """

    base: int
    factor: str
    role: str
    inputs: Json
    moves: float = 0.0
    group: str = ""
    near: bool = False
    known: bool = False


class _Place(NamedTuple):
    """The value of a factor in one input: what it is, and the text around it when it stands in one."""

    value: Any
    before: str = ""
    after: str = ""
    in_text: bool = False


def edits_of(task: Task, examples: Sequence[Example]) -> tuple[Edit, ...]:
    """Edits for each factor of ``[causal]``, in the order of factors and rows; the same for the same task and rows.

    Behavioural tests after Ribeiro et al. (ACL 2020, arXiv:2005.04118): edits that must not matter, and edits with a
    direction; swaps of protected values after Garg et al. (AIES 2019, arXiv:1809.10610).

    Example:
        >>> from proveout.task import Causal, CausalFactor, Example, Task
        >>> factor = CausalFactor(name="days", role="causal", find="([0-9]{1,3}) days", range=(0, 2))
        >>> schema = {"type": "object", "properties": {"text": {"type": "string"}}}
        >>> task = Task(name="t", kind="decide", input=schema, output={}, causal=Causal(factors=(factor,)))
        >>> [edit.inputs["text"] for edit in edits_of(task, [Example(id="1", inputs={"text": "after 1 days"})])]
        ['after 0 days', 'after 2 days']
    """
    found: list[Edit] = []
    for factor in task.causal.factors:
        rng = np.random.default_rng([task.causal.seed, int(content_hash(factor.name)[:12], 16)])
        per_row: dict[int, list[Edit]] = {}
        for row in rng.permutation(len(examples)):
            edits = list(_edits(task, factor, int(row), examples[row], rng))
            if edits:
                per_row[int(row)] = edits
            if len(per_row) == task.causal.rows:
                break
        found += [edit for row in sorted(per_row) for edit in per_row[row]]
    return tuple(found)


def number_in(task: Task, factor: CausalFactor, inputs: Json) -> float | None:
    """The factor's number in one input; None where it has none."""
    place = _place(task, factor, inputs)
    return None if place is None else _number(place.value)


def _edits(task: Task, factor: CausalFactor, row: int, example: Example, rng: np.random.Generator) -> Iterator[Edit]:
    field = causal_field(task, factor)
    for value, changed, group in _changes(task, factor, example.inputs, rng):
        old, new = number_in(task, factor, example.inputs), _number(value)
        yield Edit(
            base=row,
            factor=factor.name,
            role=factor.role,
            inputs={**example.inputs, field: changed},
            moves=_moves(factor, old, new),
            group=group,
            near=new is not None and any(abs(new - edge) <= factor.step for edge in factor.threshold),
            known=factor.role != "causal" or _same_side(factor, old, new),
        )


def _moves(factor: CausalFactor, old: float | None, new: float | None) -> float:
    if not factor.direction or old is None or new is None:
        return 0.0
    return new - old if factor.direction == "up" else old - new


def _same_side(factor: CausalFactor, old: float | None, new: float | None) -> bool:
    """Whether both numbers lie strictly between the same thresholds: the output may change nowhere else."""
    if not factor.threshold or old is None or new is None:
        return False
    return all((old < edge and new < edge) or (old > edge and new > edge) for edge in factor.threshold)


def _changes(
    task: Task, factor: CausalFactor, inputs: Json, rng: np.random.Generator
) -> Iterator[tuple[Any, Any, str]]:
    """(new value, new content of the field, its group) for each edit of one input."""
    if factor.insert:
        yield from _insertions(task, factor, inputs, rng)
        return
    place = _place(task, factor, inputs)
    if place is None:
        return
    for value, group in _values(task, factor, place.value, rng):
        written = f"{place.before}{factor.template.replace('{}', str(value))}{place.after}"
        yield value, written if place.in_text else value, group


def _place(task: Task, factor: CausalFactor, inputs: Json) -> _Place | None:
    content = inputs.get(causal_field(task, factor))
    if content is None:
        return None
    if not factor.find:
        return _Place(content)
    match = pattern_of(factor.find).search(content[:SEARCHED]) if isinstance(content, str) else None
    group = match.re.groups if match else 0
    if match is None or match.group(group) is None:
        return None
    start, end = match.span(group)
    return _Place(content[start:end], content[:start], content[end:], in_text=True)


def _values(task: Task, factor: CausalFactor, old: Any, rng: np.random.Generator) -> Iterator[tuple[Any, str]]:
    """Other values for ``old``, with their group."""
    if factor.groups:
        yield from _of_each_group(factor, rng)
        return
    pool = _numbers(factor, _number(old), rng) if factor.range else list(factor.values)
    others = [value for value in pool if str(value).casefold() != str(old).casefold()]
    for at in sorted(rng.permutation(len(others))[: task.causal.edits]):
        yield others[at], ""


def _of_each_group(factor: CausalFactor, rng: np.random.Generator) -> Iterator[tuple[str, str]]:
    for group, values in sorted(factor.groups.items()):
        yield values[int(rng.integers(len(values)))], group


def _numbers(factor: CausalFactor, old: float | None, rng: np.random.Generator) -> list[float]:
    """Numbers of the range next to the old one and to each threshold, and some from anywhere in it."""
    if old is None:
        return []
    low, high = factor.range
    steps = int((high - low) / factor.step) + 1
    wanted = [old - factor.step, old + factor.step]
    wanted += [edge + side for edge in factor.threshold for side in (-factor.step, factor.step)]
    wanted += [low + factor.step * int(rng.integers(steps)) for _ in range(ANYWHERE)]
    inside = sorted({round(value, 9) for value in wanted if low <= value <= high and value != old})
    return [int(value) if value.is_integer() else value for value in inside]


def _insertions(
    task: Task, factor: CausalFactor, inputs: Json, rng: np.random.Generator
) -> Iterator[tuple[Any, str, str]]:
    content = inputs.get(causal_field(task, factor))
    if not isinstance(content, str):
        return
    if factor.groups:
        sentence = factor.insert[int(rng.integers(len(factor.insert)))]
        for value, group in _of_each_group(factor, rng):
            yield value, _added(content, sentence.replace("{}", value), factor.at), group
        return
    for at in sorted(rng.permutation(len(factor.insert))[: task.causal.edits]):
        yield None, _added(content, factor.insert[at], factor.at), ""


def _added(content: str, sentence: str, at: str) -> str:
    parts = (sentence, content.lstrip()) if at == "start" else (content.rstrip(), sentence)
    return " ".join(part for part in parts if part)


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        return float(str(value).replace(",", ""))
    except ValueError:
        return None
