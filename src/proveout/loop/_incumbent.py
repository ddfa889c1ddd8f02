"""Who stands for the incumbent when something is certified."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from proveout import certify as certifying
from proveout import data
from proveout.errors import ColumnMissing
from proveout.loop._stages import build_families
from proveout.task import Example

if TYPE_CHECKING:
    from proveout.loop._certify import CertifyOptions
    from proveout.loop._open import OpenTask, Progress

__all__ = ["Standing", "incumbent_of"]

LLM = "llm"
# Modes in which the llm family answers by itself, and not by a simulation or from the rows.
ANSWERS = {"endpoint", "local"}
Outputs = list[dict[str, Any] | None]


class Standing(msgspec.Struct, frozen=True):
    """Who it is, and its outputs for examples."""

    who: certifying.Incumbency
    outputs: Callable[[Sequence[Example]], Outputs]


def incumbent_of(here: OpenTask, frozen: data.Snapshot, options: CertifyOptions, progress: Progress) -> Standing:
    """The column asked for; else answers recorded in the rows, the llm candidate, or the expected labels.

    Raises:
        ColumnMissing: the examples have no such column, or it holds no answers.
    """
    task, select = here.task, frozen.select().examples
    column = options.incumbent
    if column is not None and column != task.data.incumbent and any(column in one.meta for one in select):
        return _column(task.target or task.output_fields[0], column)
    if column == LLM or (column is None and task.incumbent.mode in ANSWERS):
        return _llm(here, frozen, options, progress)
    if column not in (None, task.data.incumbent):
        known = sorted({name for one in select for name in one.meta} | ({task.data.incumbent} - {""}))
        fix = f"name one of {', '.join(known) or 'no other columns'}, or {LLM} for the candidate of that family"
        why = "no example carries it besides its inputs and outputs"
        raise ColumnMissing("no such column", why=why, fix=fix, about=str(column))
    if any(one.incumbent is not None for one in select):
        simulated = task.incumbent.mode == "simulated"
        who = certifying.Incumbency(source="recorded", simulated=simulated and not task.data.incumbent)
        return Standing(who, lambda examples: [one.incumbent for one in examples])
    if column:
        why, fix = "no row of the SelectSplit holds one", f"record them there, or name {LLM} or another column"
        raise ColumnMissing("no answers of the incumbent", why=why, fix=fix, about=column)
    who = certifying.Incumbency(source="expected labels")
    return Standing(who, lambda examples: [one.expected for one in examples])


def _column(field: str, column: str) -> Standing:
    def outputs(examples: Sequence[Example]) -> Outputs:
        values = [one.meta.get(column) for one in examples]
        return [None if value is None or value == "" else _output(field, value) for value in values]

    return Standing(certifying.Incumbency(source=f"column {column}"), outputs)


def _output(field: str, value: Any) -> dict[str, Any]:
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            return msgspec.json.decode(value, type=dict[str, Any])
        except msgspec.MsgspecError:
            return {field: value}
    return value if isinstance(value, dict) else {field: value}


def _llm(here: OpenTask, frozen: data.Snapshot, options: CertifyOptions, progress: Progress) -> Standing:
    (built,) = build_families(here, frozen, [LLM], (options.seed, options.embedder), progress).built
    who = certifying.Incumbency(source=built.id, simulated=built.candidate.card.simulated)

    def outputs(examples: Sequence[Example]) -> Outputs:
        answers = built.candidate.answer([one.inputs for one in examples])
        return [answer.output if answer.guess is None else answer.guess for answer in answers]

    return Standing(who, outputs)
