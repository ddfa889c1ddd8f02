"""The candidate that asks an endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import msgspec
import numpy as np

from proveout.families._calibration import Calibrator
from proveout.families._protocol import CandidateCard
from proveout.families.llm._asking import Asker
from proveout.families.llm._budget import Budget
from proveout.families.llm._cache import AnswerCache
from proveout.families.llm._local import LocalProvider, LocalSettings
from proveout.families.llm._prompt import Shot, fitting, turn_of
from proveout.families.llm._provider import Provider
from proveout.families.llm._request import json_of, request
from proveout.families.llm._shown import loaded
from proveout.task import Answer, Evidence, Incumbent, Prices, Usage, canonical_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import jsonschema

    from proveout.families.llm._cache import Paid
    from proveout.families.llm._completion import Completion
    from proveout.families.llm._shown import Shown

__all__ = ["EndpointCandidate", "Prompt", "asker_of", "read_output", "usage_of"]

FILE = "prompt.json"
DIGITS = 4


class Prompt(msgspec.Struct, frozen=True, kw_only=True):
    """All that is sent but the input, and how an answer is read.

    Attributes:
        card: what the candidate is tied to.
        incumbent: endpoint, model and settings.
        output: the task's output schema.
        fields: of the input.
        system: the filled template.
        shots: labelled examples that may be shown.
        prices: of the model.
        cap: US dollars that may be spent; None sets no limit.
        confidence: the share of rows it was right on.
        calibrator: from the log-probability of an answer to confidence; None when there are too few of them.
    """

    card: CandidateCard
    incumbent: Incumbent
    output: dict[str, Any]
    fields: tuple[str, ...]
    system: str
    shots: tuple[Shot, ...]
    prices: Prices
    cap: float | None
    confidence: float = 0.5
    calibrator: Calibrator | None = None


class EndpointCandidate:
    """A model behind an OpenAI-compatible endpoint, asked for JSON of the task's output schema.

    Answers are kept in a cache: the same question is not paid twice, and is answered as before, with the tokens,
    seconds and money of the call that was paid for.
    """

    def __init__(self, prompt: Prompt, shown: Shown, asker: Asker) -> None:
        import jsonschema  # noqa: PLC0415  slow to import, and few commands need it

        self._prompt = prompt
        self._shown = shown
        self._asker = asker
        self._schema = jsonschema.Draft202012Validator(prompt.output)

    @property
    def card(self) -> CandidateCard:
        """What it is tied to."""
        return self._prompt.card

    def answer(self, inputs: Sequence[Mapping[str, Any]]) -> list[Answer]:
        """Ask for each input, a few at a time; a reply that is not of the schema is an abstention.

        Raises:
            ProviderError: the endpoint cannot be used, or the next call could cost more than the budget leaves.
        """
        filled = [row for row, one in enumerate(inputs) if any(str(value).strip() for value in one.values())]
        paid = dict(zip(filled, self.ask([inputs[row] for row in filled]), strict=True))
        return [self._read(paid[row]) if row in paid else _empty() for row in range(len(inputs))]

    def serving(self) -> Self:
        """The same for live traffic: answers of one client are kept for no other, and no build's budget ends it."""
        prompt = msgspec.structs.replace(self._prompt, cap=None)
        return type(self)(prompt, self._shown, asker_of(prompt, None, seed=prompt.card.seed))

    def ask(
        self,
        inputs: Sequence[Mapping[str, Any]],
        *,
        seed: int | None = None,
        time_of: int = 0,
        progress: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> list[Paid]:
        """What the endpoint says to each input; another ``seed`` and ``time_of`` ask anew."""
        sent_seed = self.card.seed if seed is None else seed
        ranked = self._shown.for_inputs(inputs)
        bodies = [self._body(one, shots, sent_seed) for one, shots in zip(inputs, ranked, strict=True)]
        return self._asker.ask_all(bodies, time_of=time_of, progress=progress)

    def _body(self, inputs: Mapping[str, Any], ranked: Sequence[Shot], seed: int) -> dict[str, Any]:
        prompt, asked = self._prompt, turn_of(inputs)
        taken = len(prompt.system.encode()) + len(asked["content"].encode())
        shots = fitting(ranked, prompt.incumbent.examples_shown, taken, prompt.incumbent.prompt_tokens)
        turns = [turn for shot in shots for turn in shot.turns]
        messages = [{"role": "system", "content": prompt.system}, *turns, asked]
        return request(prompt.incumbent, prompt.output, messages, seed)

    def _read(self, paid: Paid) -> Answer:
        prompt, reply = self._prompt, paid.completion
        usage = usage_of(paid, prompt.prices)
        evidence = Evidence(note="price unknown, counted as 0 USD" if prompt.prices.unknown else "")
        output, problem = read_output(reply, self._schema)
        if problem:
            return Answer(abstention=problem, evidence=evidence, usage=usage)
        return Answer(output=output, guess=output, confidence=self._confidence(reply), evidence=evidence, usage=usage)

    def _confidence(self, reply: Completion) -> float:
        if self._prompt.calibrator is None or reply.logprob is None:
            return self._prompt.confidence
        return round(float(self._prompt.calibrator(np.array([reply.logprob]))[0]), DIGITS)

    def save(self, folder: Path) -> None:
        """Write the prompt; the key is in no file."""
        (folder / FILE).write_bytes(canonical_json(self._prompt))
        self._shown.save(folder)

    @classmethod
    def load(cls, folder: Path, cache: Path) -> Self:
        """Read what `save` wrote; ``cache`` keeps answers. What it may spend is the task's cap, anew.

        Raises:
            ProviderRefused: there is no key.
        """
        prompt = msgspec.json.decode((folder / FILE).read_bytes(), type=Prompt)
        shown = loaded(folder, cache, prompt.incumbent, prompt.shots, prompt.fields)
        return cls(prompt, shown, asker_of(prompt, cache, seed=prompt.card.seed))


def asker_of(prompt: Prompt, cache: Path | None, *, seed: int) -> Asker:
    """What asks the prompt's endpoint with a budget of its own, or the model on this machine, which costs no money."""
    kept = None if cache is None else AnswerCache(cache)
    if prompt.incumbent.mode == "local":
        local = LocalProvider(prompt.incumbent.model, LocalSettings(seed=seed))
        return Asker(prompt.incumbent, local, kept)
    budget = Budget(prompt.cap, prompt.prices, about=prompt.incumbent.model)
    provider = Provider(prompt.incumbent, seed=seed, budget=budget)
    return Asker(prompt.incumbent, provider, kept)


def usage_of(paid: Paid, prices: Prices) -> Usage:
    """What the call took when it was paid for."""
    reply = paid.completion
    return Usage(
        tokens_in=reply.tokens_in,
        tokens_out=reply.tokens_out,
        wall_seconds=paid.seconds,
        usd=prices.usd(reply.tokens_in, reply.tokens_out),
        cached=int(paid.kept),
        estimated=int(reply.estimated),
    )


def read_output(reply: Completion, schema: jsonschema.Draft202012Validator) -> tuple[Any, str]:
    """The output and "", or None and why there is none."""
    if reply.refused:
        return None, "refused by the model"
    try:
        output = json_of(reply.text)
    except msgspec.DecodeError as error:
        return None, "cut off at incumbent.max_tokens" if reply.cut else f"not JSON: {error}"
    problem = next(iter(schema.iter_errors(output)), None)
    if problem is not None:
        return None, f"not of the output schema: {problem.message[:200]}"
    return output, ""


def _empty() -> Answer:
    return Answer(abstention="empty input")
