"""A task as a model: its route answers, and escalates what it is not sure enough of."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import msgspec

from proveout.errors import AnswerUnusable, Forbidden, ProviderError, Refused, RequestInvalid, UpstreamFailed
from proveout.gateway._exchange import Reply
from proveout.gateway.api import (
    JSON_TYPE,
    ModelInfo,
    Proveout,
    ResponsesRequest,
    Said,
    chat_completion,
    chat_events,
    response_events,
    response_object,
)
from proveout.gateway.tasks._asked import ASKS
from proveout.gateway.tasks._form import conflict
from proveout.gateway.tasks._inputs import InputReader, OutputGuard, fits_form
from proveout.gateway.tasks._stages import refusal, stages_for
from proveout.task import canonical_json, content_hash, fingerprint, prices_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from proveout.gateway._exchange import Exchange, Outcome
    from proveout.gateway.tasks._asked import Asked
    from proveout.gateway.tasks._stages import Stage
    from proveout.task import Answer, Task, Usage

__all__ = ["EVENT_STREAM", "TaskAnswerer"]

EVENT_STREAM = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-cache")]
GUARD = "output_schema"


class TaskAnswerer:
    """Answers requests whose model is one task.

    Args:
        name: what a request names as its model.
        task: the contract.
        stages: those who may answer, by kind.
        created: when the newest of them was built, seconds since the epoch.
        clock: seconds; a test passes its own.

    Attributes:
        name: what a request names as its model.
        fingerprint: of all that its answers depend on; another one means that cached answers are stale.

    Example:
        >>> from proveout.testing import make_task
        >>> TaskAnswerer("desk", make_task(), {}).info.id
        'desk'
    """

    def __init__(
        self,
        name: str,
        task: Task,
        stages: Mapping[str, Stage],
        *,
        created: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._task, self._stages, self._clock = task, dict(stages), clock
        self._created = created
        self._inputs, self._guard = InputReader(task), OutputGuard(task)
        self.fingerprint = _fingerprint(name, task, self._stages)
        self._prices = prices_of(task.incumbent) if any(one.pays for one in stages.values()) else None

    @property
    def info(self) -> ModelInfo:
        """What the list of models says of it."""
        return ModelInfo(id=self.name, created=self._created)

    @property
    def stages(self) -> dict[str, Stage]:
        """Those who may answer, by kind."""
        return dict(self._stages)

    def worst_usd(self, exchange: Exchange) -> float:
        """US dollars that a request may cost: those who may answer and pay for it each ask the incumbent once."""
        paying = sum(one.pays for one in stages_for(exchange.tier.answers, self._stages))
        if self._prices is None or not paying:
            return 0.0
        incumbent = self._task.incumbent
        return paying * self._prices.usd(incumbent.prompt_tokens + len(exchange.body), incumbent.max_tokens)

    def read(self, exchange: Exchange) -> None:
        """A step: read the task's inputs from the request's body, and all else that it asks.

        Raises:
            RequestInvalid: a parameter is unknown or cannot be honoured, or the inputs are not of the task's schema.
        """
        ask = ASKS.get(exchange.operation)
        if ask is None:
            fix = "ask it by chat completions or responses, or name an embedder"
            raise RequestInvalid(
                "a task gives no embeddings", why="it answers", fix=fix, about=self.name, param="model"
            )
        asked = ask(exchange.body)
        if asked.form is not None:
            problem = _conflict(asked.form, self._task)
            if problem:
                fix = "ask for the output schema of the task, or for less, or leave response_format out"
                what = "the task's answers are not of the schema asked for"
                raise RequestInvalid(what, why=problem, fix=fix, about=self.name, param="response_format")
        exchange.inputs = self._inputs.read(asked.text, asked.param)
        exchange.asked = asked

    async def answer(self, exchange: Exchange) -> Reply:
        """Answer by the first of those that the tier allows whose answer may go out.

        Raises:
            Forbidden: the tier lets none of them answer.
            AnswerUnusable: none of them has an answer that may go out.
            UpstreamFailed: the incumbent was asked and failed.
            UpstreamTimedOut: there was no answer in time.
            Overloaded: too many requests wait.
        """
        if exchange.asked is None or exchange.inputs is None:
            self.read(exchange)
        asked: Asked = exchange.asked
        stages = stages_for(exchange.tier.answers, self._stages)
        if not self._stages:
            raise self._none("its certificate was called broken, and it has no incumbent that can be asked", None)
        if not stages:
            why = f"it lets only {', '.join(exchange.tier.answers)} answer, and the task has none of them"
            raise Forbidden("the key's tier has no answer", why=why, fix="use a key of another tier", about=self.name)
        begun = self._clock()
        try:
            stage, found = await self._first(exchange, asked, stages)
        finally:
            exchange.outcome.stages["answer"] = _microseconds(self._clock() - begun)
        _note(exchange.outcome, stage, found)
        return _reply(exchange, asked, found)

    def close(self) -> None:
        """Refuse what waits and what comes; for the end of the process, and not for a reload."""
        for stage in self._stages.values():
            stage.ask.close()

    async def _first(self, exchange: Exchange, asked: Asked, stages: tuple[Stage, ...]) -> tuple[Stage, Answer]:
        outcome, reasons = exchange.outcome, []
        failure: Exception | None = None
        for stage in stages:
            outcome.route = f"task:{self.name}/{stage.kind}"
            outcome.candidate, outcome.model = stage.candidate, stage.model
            try:
                found: Answer = await stage.ask.ask(exchange.inputs, seconds=stage.seconds)
            except Refused:
                raise
            except asyncio.CancelledError:
                # Whether the call under way is charged will never be known here.
                outcome.usd_unknown = outcome.usd_unknown or stage.pays
                raise
            except Exception as error:  # noqa: BLE001  what fails here must not fail the request while another may answer
                failure, why = error, f"failed: {type(error).__name__}"
            else:
                _count(outcome, stage, found.usage)
                why = refusal(stage, found, asked.segment) or self._unfit(asked, found)
            if not why:
                outcome.verdicts += ((GUARD, "passed"),)
                return stage, found
            outcome.verdicts += ((stage.kind, why),)
            reasons.append(f"{stage.kind}: {why}")
        raise self._none("; ".join(reasons), failure)

    def _unfit(self, asked: Asked, answer: Answer) -> str:
        problem = self._guard.problem(answer.output or {})
        if problem:
            return f"not of the output schema: {problem}"
        problem = fits_form(asked.form, answer.output) if asked.form is not None else ""
        return f"not of the schema asked for: {problem}" if problem else ""

    def _none(self, reasons: str, failure: Exception | None) -> Refused:
        fix = "try again, or ask something that the task is for"
        if isinstance(failure, ProviderError):
            # What a provider says of its own account is for the operator, not for the client.
            return UpstreamFailed("the incumbent failed", why=reasons, fix="try again later", about=self.name)
        return AnswerUnusable("the task has no answer", why=reasons, fix=fix, about=self.name)


def _reply(exchange: Exchange, asked: Asked, answer: Answer) -> Reply:
    said = Said(
        id=exchange.id,
        created=exchange.time // 1_000_000_000,
        model=exchange.wanted.model,
        text=_cut(canonical_json(answer.output).decode(), asked.stops),
        times=asked.times,
        tokens_in=exchange.outcome.tokens_in,
        tokens_out=exchange.outcome.tokens_out,
        proveout=_stands_on(exchange.outcome, answer) if asked.evidence or exchange.evidence else None,
    )
    content = _content(said, asked)
    exchange.outcome.answer = content
    if asked.stream:
        return Reply(headers=list(EVENT_STREAM), chunks=_once(content))
    return Reply(headers=[JSON_TYPE], body=content)


def _conflict(form: dict[str, Any], task: Task) -> str:
    try:
        return conflict(form, task.output)
    except RecursionError:
        return "it is nested too deeply"


def _content(said: Said, asked: Asked) -> bytes:
    if isinstance(asked.request, ResponsesRequest):
        return response_events(said, asked.request) if asked.stream else response_object(said, asked.request)
    return chat_events(said, usage=asked.usage) if asked.stream else chat_completion(said)


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content


def _cut(text: str, stops: tuple[str, ...]) -> str:
    places = [at for at in (text.find(stop) for stop in stops) if at >= 0]
    return text[: min(places)] if places else text


def _count(outcome: Outcome, stage: Stage, usage: Usage) -> None:
    """Add what an answer took; what is kept from an earlier call, or only replayed, is paid for by nobody now."""
    if not stage.pays or usage.cached:
        return
    outcome.tokens_in += usage.tokens_in
    outcome.tokens_out += usage.tokens_out
    outcome.usd += usage.usd
    outcome.tokens_estimated = outcome.tokens_estimated or bool(usage.estimated)
    outcome.usd_unknown = outcome.usd_unknown or stage.unpriced
    outcome.attempts += 1


def _note(outcome: Outcome, stage: Stage, answer: Answer) -> None:
    outcome.certificate, outcome.output = stage.certificate, answer.output
    outcome.confidence = float(answer.confidence) if stage.calibrated else None
    outcome.documents = tuple(dict.fromkeys((one.document, one.fingerprint) for one in answer.evidence.citations))


def _stands_on(outcome: Outcome, answer: Answer) -> Proveout:
    evidence: dict[str, Any] = msgspec.to_builtins(answer.evidence)
    return Proveout(
        route=outcome.route,
        candidate=outcome.candidate,
        certificate=outcome.certificate,
        confidence=outcome.confidence,
        evidence=evidence,
    )


def _microseconds(seconds: float) -> int:
    return round(seconds * 1_000_000)


def _fingerprint(name: str, task: Task, stages: Mapping[str, Stage]) -> str:
    told = {kind: [one.candidate, one.certificate, one.thresholds, one.model] for kind, one in stages.items()}
    return content_hash([name, fingerprint(task), told])[:24]
