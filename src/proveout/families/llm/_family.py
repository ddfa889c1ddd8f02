"""llm: the incumbent itself, by endpoint, or its recorded or simulated answers."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Self

import jsonschema
import msgspec

from proveout.families._protocol import BuildRun, Candidate, CandidateCard, Fit, Loads, card_of, family
from proveout.families.llm._provider import Provider
from proveout.families.llm._replay import ReplayCandidate
from proveout.task import Answer, Evidence, Incumbent, Task, Usage, canonical_json, content_hash

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from proveout.data import SelectSplit, TrainSplit
    from proveout.families.llm._provider import Completion
    from proveout.task import Example

__all__ = ["EndpointCandidate", "LlmFamily"]

FILE = "prompt.json"
PARALLEL = 4
# Rows of the SelectSplit an endpoint is called on, to state how often it is right.
CALIBRATION_ROWS = 40
MILLION = 1_000_000


class _Prompt(msgspec.Struct, frozen=True, kw_only=True):
    """All that is sent, but the input."""

    card: CandidateCard
    incumbent: Incumbent
    output: dict[str, Any]
    messages: tuple[dict[str, str], ...]
    confidence: float


class EndpointCandidate:
    """A model behind an OpenAI-compatible endpoint, asked for JSON of the task's output schema."""

    def __init__(self, prompt: _Prompt, provider: Provider) -> None:
        self._prompt = prompt
        self._provider = provider
        self._schema = jsonschema.Draft202012Validator(prompt.output)

    @property
    def card(self) -> CandidateCard:
        """What it is tied to."""
        return self._prompt.card

    def answer(self, inputs: Sequence[Mapping[str, Any]]) -> list[Answer]:
        """Ask for each input, a few at a time; a reply that is not of the schema is an abstention."""
        with ThreadPoolExecutor(PARALLEL) as pool:
            return list(pool.map(self._one, inputs))

    def _one(self, inputs: Mapping[str, Any]) -> Answer:
        if not any(str(value).strip() for value in inputs.values()):
            return Answer(abstention="empty input")
        begun = time.perf_counter()
        asked = {"role": "user", "content": canonical_json(inputs).decode()}
        body = {
            "model": self._prompt.incumbent.model,
            "messages": [*self._prompt.messages, asked],
            "temperature": 0,
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "output", "schema": self._prompt.output, "strict": True},
            },
        }
        reply = self._provider.complete(body)
        return self._read(reply, time.perf_counter() - begun)

    def _read(self, reply: Completion, seconds: float) -> Answer:
        prices = self._prompt.incumbent
        paid = reply.tokens_in * prices.usd_per_million_in + reply.tokens_out * prices.usd_per_million_out
        usage = Usage(tokens_in=reply.tokens_in, tokens_out=reply.tokens_out, wall_seconds=seconds, usd=paid / MILLION)
        if reply.refused:
            return Answer(abstention="refused by the model", usage=usage)
        try:
            output = msgspec.json.decode(reply.text)
        except msgspec.DecodeError as error:
            return Answer(abstention=f"not JSON: {error}", usage=usage)
        problem = next(iter(self._schema.iter_errors(output)), None)
        if problem is not None:
            return Answer(abstention=f"not of the output schema: {problem.message[:200]}", usage=usage)
        return Answer(output=output, guess=output, confidence=self._prompt.confidence, evidence=Evidence(), usage=usage)

    def save(self, folder: Path) -> None:
        """Write the prompt; the key is in no file."""
        (folder / FILE).write_bytes(canonical_json(self._prompt))

    @classmethod
    def load(cls, folder: Path, cache: Path) -> Self:
        """Read what `save` wrote.

        Raises:
            ProviderRefused: the variable that holds the key is not set.
        """
        del cache
        prompt = msgspec.json.decode((folder / FILE).read_bytes(), type=_Prompt)
        return cls(prompt, Provider(prompt.incumbent))


class LlmCandidate:
    """Loads whichever of the two was saved."""

    @classmethod
    def load(cls, folder: Path, cache: Path) -> Candidate:
        """Read an `EndpointCandidate` or a `ReplayCandidate`."""
        kind: type[Loads] = EndpointCandidate if (folder / FILE).exists() else ReplayCandidate
        return kind.load(folder, cache)


@family("llm")
class LlmFamily:
    """The incumbent, in the mode that ``incumbent.mode`` says."""

    name = "llm"
    candidate = LlmCandidate

    def fits(self, task: Task) -> Fit:
        """All kinds, once the task says how the incumbent is reached."""
        if task.incumbent.mode == "none":
            return Fit(ok=False, reason='incumbent.mode is "none": name an endpoint, recorded answers or a simulation')
        return Fit(ok=True)

    def build(self, task: Task, train: TrainSplit, select: SelectSplit, run: BuildRun) -> Candidate:
        """A replay, or a prompt with labelled examples of ``train``; confidence is measured on ``select``.

        Raises:
            ProviderError: the endpoint cannot be used.
        """
        if task.incumbent.mode == "endpoint":
            return _endpoint(task, train, select, run)
        answers = run.recorded()
        simulated = task.incumbent.mode == "simulated"
        rate = task.incumbent.simulated.error_rate
        note = f"simulated: the expected output with {rate:.0%} errors" if simulated else "replayed as recorded"
        right = [
            answers[content_hash(one.inputs)].output == one.expected
            for one in select.examples
            if one.expected is not None and content_hash(one.inputs) in answers
        ]
        card = card_of(
            self.name,
            task,
            run,
            simulated=simulated,
            mode={"value": task.incumbent.mode},
            confidence={"value": _share(right), "chosen_on": "select"},
        )
        return ReplayCandidate.of(card, dict(sorted(answers.items())), confidence=_share(right), note=note)


def _endpoint(task: Task, train: TrainSplit, select: SelectSplit, run: BuildRun) -> EndpointCandidate:
    messages = _messages(task, train.examples)
    provider = Provider(task.incumbent, seed=run.seed)
    rows = [one for one in select.examples if one.expected is not None][:CALIBRATION_ROWS]
    unmeasured = _prompt(task, run, messages, 0.5)
    answers = EndpointCandidate(unmeasured, provider).answer([one.inputs for one in rows])
    right = [answer.guess == one.expected for answer, one in zip(answers, rows, strict=True)]
    return EndpointCandidate(_prompt(task, run, messages, _share(right)), provider)


def _prompt(task: Task, run: BuildRun, messages: tuple[dict[str, str], ...], confidence: float) -> _Prompt:
    card = card_of(
        "llm",
        task,
        run,
        mode={"value": "endpoint"},
        model={"value": task.incumbent.model},
        prompt={"value": content_hash(messages)[:16], "chosen_on": "train"},
        confidence={"value": confidence, "chosen_on": f"first {CALIBRATION_ROWS} rows of select"},
    )
    return _Prompt(
        card=card, incumbent=task.incumbent, output=task.output, messages=messages, confidence=round(confidence, 4)
    )


def _messages(task: Task, examples: Sequence[Example]) -> tuple[dict[str, str], ...]:
    schema = canonical_json(task.output).decode()
    asked = task.description or f"Read the input and give the output of the task {task.name!r}."
    system = f"{asked}\nAnswer with one JSON object of this schema and nothing else:\n{schema}"
    shown = [turn for example in _shown(task, examples) for turn in _turns(example)]
    return ({"role": "system", "content": system}, *shown)


def _turns(example: Example) -> list[dict[str, str]]:
    asked, given = canonical_json(example.inputs).decode(), canonical_json(example.expected).decode()
    return [{"role": "user", "content": asked}, {"role": "assistant", "content": given}]


def _shown(task: Task, examples: Sequence[Example]) -> list[Example]:
    """As many examples as the task shows, of as many different outputs as possible, in an order set by their hashes."""
    ordered = sorted((one for one in examples if one.expected), key=lambda one: content_hash(one.inputs))
    seen: dict[bytes, int] = {}
    ranked = []
    for one in ordered:
        key = canonical_json(one.expected)
        seen[key] = seen.get(key, 0) + 1
        ranked.append((seen[key], one))
    ranked.sort(key=lambda pair: pair[0])
    return [one for _, one in ranked[: task.incumbent.examples_shown]]


def _share(right: Sequence[bool]) -> float:
    """Laplace's estimate, so that a few right rows do not claim certainty."""
    return (sum(right) + 1) / (len(right) + 2)
