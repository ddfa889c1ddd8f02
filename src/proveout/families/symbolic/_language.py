"""Questions over controlled English, answered by whichever exact reader they are for, each with a proof."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from proveout.families._protocol import BuildRun, CandidateCard, Fit, card_of
from proveout.families._serving import measured
from proveout.families.symbolic import causal, logic
from proveout.families.symbolic._sureness import Sureness, sureness
from proveout.task import Answer, Evidence, Task, canonical_json

if TYPE_CHECKING:
    from pathlib import Path

    from proveout.data import SelectSplit, TrainSplit
    from proveout.task import Example

__all__ = ["APPROACH", "LanguageCandidate", "build_language", "fits_language"]

APPROACH = "language"
FILE = "language.json"
FIELDS = {"logic": ("context", "question", "options"), "causal": ("background", "given_info", "question")}
Inputs = Mapping[str, Any]


class Said(NamedTuple):
    """What a reader makes of a question: no output where it abstains; ``weak`` where its note weakens the answer."""

    output: str
    proof: dict[str, Any] | None
    abstention: str
    note: str
    weak: bool


class Reader(NamedTuple):
    """One exact reader: whether inputs are for it, and its answer."""

    reads: Callable[[Inputs], bool]
    answer: Callable[[Inputs], Said]


def _logic(inputs: Inputs) -> Said:
    found = logic.answer_question(inputs["context"], inputs["question"], inputs["options"])
    proof = found.proof if found.output else None
    return Said(found.output, proof, found.abstention, "", weak=False)


def _causal(inputs: Inputs) -> Said:
    found = causal.answer_question(*(inputs[name] for name in FIELDS["causal"]))
    weak = found.verdict not in {"yes", "no"} or bool(found.note)
    return Said(found.output, found.proof, found.abstention, found.note, weak)


READERS = {
    "logic": Reader(logic.looks_like_logic, _logic),
    "causal": Reader(causal.looks_causal, _causal),
}


class LanguageState(msgspec.Struct, frozen=True, kw_only=True):
    """What is stored of a candidate."""

    card: CandidateCard
    field: str
    sureness: Sureness


class LanguageCandidate:
    """Answers with a proof, or abstains and names the sentence it does not understand."""

    def __init__(self, state: LanguageState) -> None:
        self._state = state

    @property
    def card(self) -> CandidateCard:
        """What it is tied to."""
        return self._state.card

    def answer(self, inputs: Sequence[Inputs]) -> list[Answer]:
        """Answer a batch, in order."""
        return [self._one(one) for one in inputs]

    def _one(self, inputs: Inputs) -> Answer:
        wall, cpu = time.perf_counter(), time.process_time()
        said = said_of(inputs)
        usage = measured(time.perf_counter() - wall, time.process_time() - cpu)
        evidence = Evidence(proof=said.proof, note=said.note)
        if not said.output:
            return Answer(abstention=said.abstention or "not understood", evidence=evidence, usage=usage)
        output = {self._state.field: said.output}
        sure = self._state.sureness.of(weak=said.weak)
        return Answer(output=output, guess=output, confidence=sure, evidence=evidence, usage=usage)

    def save(self, folder: Path) -> None:
        """Write its one file."""
        (folder / FILE).write_bytes(canonical_json(self._state))

    @classmethod
    def is_in(cls, folder: Path) -> bool:
        """Whether the folder holds one."""
        return (folder / FILE).is_file()

    @classmethod
    def load(cls, folder: Path, cache: Path) -> LanguageCandidate:
        """Read what `save` wrote."""
        del cache
        return cls(msgspec.json.decode((folder / FILE).read_bytes(), type=LanguageState))


def said_of(inputs: Inputs) -> Said:
    """The answer of the reader that the inputs are for."""
    for reader in READERS.values():
        if reader.reads(inputs):
            return reader.answer(inputs)
    return Said("", None, "it is no question that a reader is for", "", weak=False)


def fits_language(task: Task) -> Fit:
    """Whether the input fields are those of a reader, and one field is asked for."""
    if not any(set(fields) <= set(task.input_fields) for fields in FIELDS.values()):
        wanted = " or ".join(", ".join(fields) for fields in FIELDS.values())
        return Fit(ok=False, reason=f"its readers of questions take the input fields {wanted}")
    if len(task.output_fields) != 1 and not task.target:
        return Fit(ok=False, reason="its readers of questions fill one output field")
    return Fit(ok=True)


def build_language(task: Task, train: TrainSplit, select: SelectSplit, run: BuildRun) -> LanguageCandidate:
    """Nothing is learned; where there are rows to select on, they say how sure an answer is."""
    del train
    field = task.target or task.output_fields[0]
    sure = sureness(_judged(field, select.examples))
    card = card_of("symbolic", task, run, approach=APPROACH, readers=sorted(READERS), **sure.parameters())
    return LanguageCandidate(LanguageState(card=card, field=field, sureness=sure))


def _judged(field: str, examples: Sequence[Example]) -> Iterator[tuple[bool, bool]]:
    for example in examples:
        said = said_of(example.inputs)
        if example.expected is not None and said.output:
            yield said.weak, said.output == str(example.expected.get(field))
