"""Decisions by a policy, each with a proof; refusals with the smallest change that would help."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import msgspec

from proveout.errors import BuildFailed, FactInvalid, PolicyInvalid
from proveout.families._protocol import BuildRun, CandidateCard, Fit, card_of
from proveout.families._serving import measured
from proveout.families.symbolic._case import Case, CaseReader
from proveout.families.symbolic._decider import Decider, Outcome
from proveout.families.symbolic._readers import load_readers, save_readers, taught_readers
from proveout.families.symbolic._sureness import Sureness, sureness
from proveout.families.symbolic.facts import (
    FactReader,
    LearnedReader,
    PatternReader,
    ReaderTrust,
)
from proveout.families.symbolic.policy import load_policy, policy_from_json, policy_to_json
from proveout.task import Answer, Evidence, Step, Task, canonical_json

if TYPE_CHECKING:
    from pathlib import Path

    from proveout.data import SelectSplit, TrainSplit
    from proveout.families.symbolic.policy import Policy
    from proveout.task import Example

__all__ = ["APPROACH", "DecisionCandidate", "build_decisions", "check_labels", "fits_decisions"]

APPROACH = "policy"
STATE, POLICY = "decisions.json", "policy.json"
YAML = (".yaml", ".yml")
Inputs = Mapping[str, Any]


class DecisionState(msgspec.Struct, frozen=True, kw_only=True):
    """What is stored of a candidate besides its policy and its readers."""

    card: CandidateCard
    fields: tuple[str, ...]
    target: str
    recourse: dict[str, str]
    day: str
    sureness: Sureness
    trust: ReaderTrust | None = None


class DecisionCandidate:
    """Decides by a policy: with a proof, or it says what has to be confirmed."""

    def __init__(self, state: DecisionState, policy: Policy, readers: Sequence[FactReader]) -> None:
        self._state, self._policy, self._readers = state, policy, readers
        self._cases = CaseReader(policy, state.fields, readers, state.trust, state.day)
        self._decider = Decider(policy, state.recourse)

    @property
    def card(self) -> CandidateCard:
        """What it is tied to."""
        return self._state.card

    def answer(self, inputs: Sequence[Inputs]) -> list[Answer]:
        """Answer a batch, in order."""
        return [self._one(one) for one in inputs]

    def _one(self, inputs: Inputs) -> Answer:
        wall, cpu = time.perf_counter(), time.process_time()
        if not any(str(inputs.get(field) or "").strip() for field in self._state.fields):
            return Answer(abstention="empty input", usage=measured(0.0, 0.0))
        try:
            found = self.outcome(inputs)
        except FactInvalid as error:
            usage = measured(time.perf_counter() - wall, time.process_time() - cpu)
            return Answer(abstention=f"{error.about}: {error.what}: {error.why}", usage=usage)
        usage = measured(time.perf_counter() - wall, time.process_time() - cpu)
        evidence = Evidence(proof=found.proof, trace=(_read_step(found.case),), note=found.note)
        target = self._state.target
        guess = {target: found.guess} if found.guess else None
        sure = self._state.sureness.of(weak=found.case.weak) if guess else 0.0
        shared: dict[str, Any] = {"guess": guess, "confidence": sure, "evidence": evidence, "usage": usage}
        if not found.decision:
            return Answer(abstention=found.abstention, **shared | {"confidence": min(sure, self._state.sureness.weak)})
        return Answer(output={target: found.decision}, **shared)

    def outcome(self, inputs: Inputs) -> Outcome:
        """What is decided of one input, and why.

        Raises:
            FactInvalid: a field holds what its fact cannot be, or a policy with dated rules is given no day.
        """
        return self._decider.outcome(self._cases.case(inputs))

    def save(self, folder: Path) -> None:
        """Write policy, readers and the rest."""
        (folder / STATE).write_bytes(canonical_json(self._state))
        (folder / POLICY).write_bytes(canonical_json(policy_to_json(self._policy)))
        save_readers(self._readers, folder)

    @classmethod
    def is_in(cls, folder: Path) -> bool:
        """Whether the folder holds one."""
        return (folder / STATE).is_file()

    @classmethod
    def load(cls, folder: Path, cache: Path) -> DecisionCandidate:
        """Read what `save` wrote."""
        del cache
        state = msgspec.json.decode((folder / STATE).read_bytes(), type=DecisionState)
        policy = policy_from_json(msgspec.json.decode((folder / POLICY).read_bytes()))
        return cls(state, policy, load_readers(folder, policy))


def _read_step(case: Case) -> Step:
    """The facts as they were read, so that reading is judged apart from reasoning."""
    return Step(name="facts", output={"facts": case.facts, "ambiguous": sorted(case.ambiguous)})


def fits_decisions(task: Task) -> Fit:
    """A task of kind ``decide`` or ``classify`` with a policy, and a way to its facts."""
    if not task.rules.policy.endswith(YAML):
        return Fit(ok=False, reason="it decides by a policy, and rules.policy names none in YAML")
    if task.kind not in {"decide", "classify"}:
        return Fit(ok=False, reason=f"a policy decides, and the task's kind is {task.kind}")
    names = {fact.name for fact in load_policy(task.root / task.rules.policy).facts}
    if not task.rules.readers and not names & set(task.input_fields):
        return Fit(
            ok=False, reason="no input field is a fact of the policy, and rules.readers names no way to read them"
        )
    if task.rules.recourse and find_spec("z3") is None:
        return Fit(ok=False, reason='rules.recourse needs the prover: pip install "proveout[symbolic]"')
    return Fit(ok=True)


def build_decisions(task: Task, train: TrainSplit, select: SelectSplit, run: BuildRun) -> DecisionCandidate:
    """Check the policy, learn a second reader where rows say their facts, and measure both on ``select``.

    Raises:
        PolicyInvalid: the policy or the readers cannot be used, or a decision is no label of the task.
        BuildFailed: a row states facts that are not JSON.
    """
    policy = load_policy(task.root / task.rules.policy)
    check_labels(task, policy)
    readers, trust = _readers(task, policy, train, select, run)
    fields = tuple(task.input_fields)
    state = DecisionState(
        card=card_of("symbolic", task, run),
        fields=fields,
        target=task.target,
        recourse=task.rules.recourse,
        day=task.rules.day,
        sureness=sureness(()),
        trust=trust,
    )
    sure = sureness(_judged(task.target, DecisionCandidate(state, policy, readers), select.examples))
    said: dict[str, Any] = {
        "approach": APPROACH,
        "policy": {"name": policy.name, "version": policy.version, "hash": policy.hash},
        "readers": [reader.name for reader in readers],
        **({"trust_level": {"value": trust.level, "chosen_on": "select"}} if trust else {}),
        **{key: value for one in readers if isinstance(one, LearnedReader) for key, value in one.chosen.items()},
        **sure.parameters(),
    }
    card = card_of("symbolic", task, run, **said)
    return DecisionCandidate(msgspec.structs.replace(state, card=card, sureness=sure), policy, readers)


def check_labels(task: Task, policy: Policy) -> None:
    """Every decision of the policy is a label of the task.

    Raises:
        PolicyInvalid: one is not.
    """
    stray = sorted(set(policy.decisions) - set(task.labels)) if task.labels else []
    if stray:
        why = f"the policy may decide {', '.join(stray)}, and {task.target} has {', '.join(task.labels)}"
        fix = "make the decisions and the enum of the output agree"
        raise PolicyInvalid("a decision that is no label", why=why, fix=fix, about=task.rules.policy)


def _readers(
    task: Task, policy: Policy, train: TrainSplit, select: SelectSplit, run: BuildRun
) -> tuple[list[FactReader], ReaderTrust | None]:
    if not task.rules.readers:
        return [], None
    path = task.root / task.rules.readers
    first = PatternReader(_bytes(path), policy.facts, about=str(path))
    if not task.rules.facts:
        return [first], None
    cases = CaseReader(policy, task.input_fields, [first], day=task.rules.day)
    known, held = (_stated(task, cases, split.examples) for split in (train, select))
    return taught_readers(first, policy, (known, held), run.seed, run.cache, run.progress)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        fix = "correct rules.readers in task.toml"
        raise PolicyInvalid("cannot read the readers", why=str(error), fix=fix, about=str(path)) from error


def _stated(task: Task, cases: CaseReader, examples: Sequence[Example]) -> list[tuple[str, dict[str, Any]]]:
    """Texts with the facts that their rows state."""
    found = []
    for example in examples:
        given = example.meta.get(task.rules.facts)
        if given is None or given == "":
            continue
        try:
            facts = msgspec.json.decode(given) if isinstance(given, str) else given
        except msgspec.DecodeError as error:
            why = f"column {task.rules.facts}: {error}"
            raise BuildFailed(
                "no facts", why=why, fix="write them as a JSON object", about=example.provenance
            ) from error
        found.append((cases.text(example.inputs), facts))
    return found


def _judged(target: str, candidate: DecisionCandidate, examples: Sequence[Example]) -> Iterator[tuple[bool, bool]]:
    for example in examples:
        if example.expected is None:
            continue
        try:
            found = candidate.outcome(example.inputs)
        except FactInvalid:
            continue
        if found.decision:
            yield found.case.weak, found.decision == str(example.expected.get(target))
