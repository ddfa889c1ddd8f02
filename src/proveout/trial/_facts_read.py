"""Facts read from text, judged apart from what was reasoned from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from proveout.trial._estimates import Estimate, share

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from proveout.task import Answer, Example, Task

__all__ = ["FactsRead", "facts_read"]

STEP = "facts"


class FactsRead(msgspec.Struct, frozen=True, kw_only=True):
    """How the facts that the rows state were read, over facts that a row states or a candidate read.

    Attributes:
        right: share read as stated.
        wrong: share read otherwise, or invented.
        missed: share that was stated and not read.
        ambiguous: share that was left to confirm.
        rows_clear: share of rows with nothing to confirm.
        rows_right: of these, share with every fact right.
    """

    right: Estimate | None
    wrong: Estimate | None
    missed: Estimate | None
    ambiguous: Estimate | None
    rows_clear: Estimate | None
    rows_right: Estimate | None


def facts_read(task: Task, examples: Sequence[Example], answers: Sequence[Answer]) -> FactsRead | None:
    """Compare what the answers' traces say was read with the facts that the rows state.

    None where the task names no column of facts, no row has any, or the candidate reads none.
    """
    rows = [_row(task, example, answer) for example, answer in zip(examples, answers, strict=True)]
    judged = [row for row in rows if row is not None]
    if not judged:
        return None
    verdicts = np.array([verdict for row in judged for verdict in row], dtype=object)
    clear = np.array(["ambiguous" not in row for row in judged], dtype=bool)
    whole = np.array([set(row) <= {"right"} for row in judged], dtype=bool)
    found = {name: share(verdicts == name) for name in ("right", "wrong", "missed", "ambiguous")}
    return FactsRead(**found, rows_clear=share(clear), rows_right=share(whole[clear]))


def _row(task: Task, example: Example, answer: Answer) -> list[str] | None:
    """The verdict on each fact of a row."""
    stated = _stated(example.meta.get(task.rules.facts)) if task.rules.facts else None
    read = next((step.output for step in answer.evidence.trace if step.name == STEP), None)
    if stated is None or not isinstance(read, dict):
        return None
    facts, unsure = read.get("facts", {}), set(read.get("ambiguous", ()))
    return [_verdict(name, stated, facts, unsure) for name in sorted({*stated, *facts, *unsure})]


def _verdict(name: str, stated: Mapping[str, Any], read: Mapping[str, Any], unsure: set[str]) -> str:
    if name in unsure:
        return "ambiguous"
    if name not in read:
        return "missed"
    return "right" if name in stated and stated[name] == read[name] else "wrong"


def _stated(value: Any) -> dict[str, Any] | None:
    """The facts of a row: a JSON object, or the text of one."""
    if isinstance(value, str):
        try:
            value = msgspec.json.decode(value)
        except msgspec.DecodeError:
            return None
    return value if isinstance(value, dict) else None
