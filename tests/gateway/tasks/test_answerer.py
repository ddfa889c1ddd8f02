from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from proveout.errors import (
    AnswerUnusable,
    Forbidden,
    ProviderUnreachable,
    Refused,
    RequestInvalid,
    UpstreamFailed,
    UpstreamTimedOut,
)
from proveout.gateway._exchange import Exchange, Reply
from proveout.gateway._settings import Tier
from proveout.gateway.tasks import TaskAnswerer
from proveout.task import Answer, Citation, Evidence, Usage
from proveout.testing import make_task

MakeAnswerer = Callable[..., TaskAnswerer]
MakeExchange = Callable[..., Exchange]
CERTIFIED = {"certificate": "certificate@1", "thresholds": {"": 0.8}}


def card(confidence: float = 0.9, **fields: Any) -> Answer:
    return Answer(output={"intent": "card"}, guess={"intent": "card"}, confidence=confidence, **fields)


def refund(inputs: Mapping[str, Any]) -> Answer:
    return Answer(output={"intent": "refund"}, confidence=0.6, usage=Usage(tokens_in=10, tokens_out=2, usd=0.01))


def said(reply: Reply) -> Any:
    return json.loads(json.loads(reply.body)["choices"][0]["message"]["content"])


def run(answerer: TaskAnswerer, exchange: Exchange) -> Reply:
    async def main() -> Reply:
        return await answerer.answer(exchange)

    try:
        return asyncio.run(main())
    finally:
        answerer.close()


def fails(answerer: TaskAnswerer, exchange: Exchange) -> Refused:
    with pytest.raises(Refused) as caught:
        run(answerer, exchange)
    return caught.value


def test_what_is_sure_enough_is_answered_by_the_certified_candidate(
    answerer: MakeAnswerer, exchange: MakeExchange
) -> None:
    here, asked = answerer(certified=(lambda _: card(0.8), CERTIFIED), incumbent=refund), exchange()
    assert said(run(here, asked)) == {"intent": "card"}
    outcome = asked.outcome
    assert (outcome.route, outcome.candidate, outcome.certificate) == (
        "task:desk/certified",
        "certified@0",
        "certificate@1",
    )
    assert outcome.confidence == 0.8
    assert outcome.output == {"intent": "card"}
    assert outcome.verdicts == (("output_schema", "passed"),)
    assert outcome.stages["answer"] >= 0
    assert asked.inputs == {"text": "my card is lost"}


@pytest.mark.parametrize(
    ("first", "why"),
    [
        (lambda _: card(0.79), "confidence 0.79 is under the certified 0.8"),
        (lambda _: Answer(abstention="out of scope", confidence=1.0), "abstained: out of scope"),
        (lambda _: Answer(output={"intent": "nonsense"}, confidence=1.0), "not of the output schema: $.intent"),
        (lambda _: 1 / 0, "failed: ZeroDivisionError"),
    ],
)
def test_anything_less_goes_to_the_incumbent(
    answerer: MakeAnswerer, exchange: MakeExchange, first: Any, why: str
) -> None:
    asked = exchange()
    here = answerer(certified=(first, CERTIFIED), incumbent=(refund, {"pays": True, "model": "gpt"}))
    assert said(run(here, asked)) == {"intent": "refund"}
    outcome = asked.outcome
    assert (outcome.route, outcome.certificate, outcome.model) == ("task:desk/incumbent", "", "gpt")
    assert (outcome.tokens_in, outcome.tokens_out, outcome.usd, outcome.attempts) == (10, 2, 0.01, 1)
    assert outcome.verdicts[0][0] == "certified"
    assert outcome.verdicts[0][1].startswith(why)


def test_when_nobody_is_left_the_reasons_are_told(answerer: MakeAnswerer, exchange: MakeExchange) -> None:
    asked = exchange()
    error = fails(answerer(certified=(lambda _: card(0.1), CERTIFIED)), asked)
    assert isinstance(error, AnswerUnusable)
    assert error.why == "certified: confidence 0.1 is under the certified 0.8"
    assert asked.outcome.route == "task:desk/certified"


def test_a_provider_that_fails_is_a_bad_gateway_without_its_words(
    answerer: MakeAnswerer, exchange: MakeExchange
) -> None:
    def down(_: Any) -> Answer:
        raise ProviderUnreachable("down", why="org-secret", fix="f", about="http://internal")

    error = fails(answerer(certified=(lambda _: card(0.1), CERTIFIED), incumbent=down), exchange())
    assert isinstance(error, UpstreamFailed)
    assert "secret" not in str(error)
    assert "internal" not in str(error)


def test_the_tier_decides_who_may_answer(answerer: MakeAnswerer, exchange: MakeExchange) -> None:
    proof = Evidence(proof={"kind": "x"})
    stages: dict[str, Any] = {
        "rules": lambda _: card(evidence=proof),
        "certified": (lambda _: card(0.1), CERTIFIED),
        "incumbent": refund,
    }
    tried: list[tuple[Any, str]] = [
        (("cache", "rules"), "rules"),
        (("incumbent", "rules"), "incumbent"),
        (("certified", "rules"), "rules"),
    ]
    for answers, route in tried:
        asked = exchange()
        asked.tier = Tier(answers=answers)
        run(answerer(**stages), asked)
        assert asked.outcome.route == f"task:desk/{route}"
    asked = exchange()
    asked.tier = Tier(answers=("cache", "providers"))
    assert isinstance(fails(answerer(**stages), asked), Forbidden)


def test_nothing_is_paid_for_what_was_kept_or_replayed(answerer: MakeAnswerer, exchange: MakeExchange) -> None:
    usage = Usage(tokens_in=10, tokens_out=2, usd=0.5)
    kept = card(usage=Usage(tokens_in=10, tokens_out=2, usd=0.5, cached=1))
    for answer, pays in ((kept, True), (card(usage=usage), False)):
        asked = exchange()
        reply = run(answerer(incumbent=(lambda _, answer=answer: answer, {"pays": pays})), asked)
        assert (asked.outcome.usd, asked.outcome.tokens_in) == (0.0, 0)
        assert json.loads(reply.body)["usage"]["total_tokens"] == 0


def test_what_an_escalation_took_is_added_up(answerer: MakeAnswerer, exchange: MakeExchange) -> None:
    usage = Usage(tokens_in=1, tokens_out=1, usd=0.5, estimated=1)
    asked = exchange()
    run(
        answerer(
            candidate=(lambda _: Answer(abstention="x", usage=usage), {"pays": True}),
            incumbent=(refund, {"pays": True, "unpriced": True}),
        ),
        asked,
    )
    assert (asked.outcome.tokens_in, asked.outcome.usd) == (11, 0.51)
    assert asked.outcome.tokens_estimated
    assert asked.outcome.usd_unknown


def test_evidence_is_sent_when_it_is_asked_for(answerer: MakeAnswerer, exchange: MakeExchange) -> None:
    cited = [Citation(document="a.md", fingerprint="f1", start=0, end=3)] * 2
    evidence = Evidence(citations=tuple(cited), note="why")

    def made() -> TaskAnswerer:
        return answerer(certified=(lambda _: card(evidence=evidence), CERTIFIED))

    assert "proveout" not in json.loads(run(made(), exchange()).body)
    by_header = exchange()
    by_header.evidence = True
    for asked in (by_header, exchange(metadata={"evidence": "true"})):
        told = json.loads(run(made(), asked).body)["proveout"]
        assert told["candidate"] == "certified@0"
        assert told["certificate"] == "certificate@1"
        assert told["confidence"] == 0.9
        assert told["evidence"]["citations"][0]["document"] == "a.md"
        assert asked.outcome.documents == (("a.md", "f1"),)


def test_a_confidence_that_nobody_measured_is_not_told(answerer: MakeAnswerer, exchange: MakeExchange) -> None:
    asked = exchange(metadata={"evidence": "true"})
    reply = run(answerer(incumbent=(refund, {"calibrated": False})), asked)
    assert asked.outcome.confidence is None
    assert "confidence" not in json.loads(reply.body)["proveout"]


async def gathered(answerer: TaskAnswerer, exchange: Exchange) -> bytes:
    reply = await answerer.answer(exchange)
    assert reply.chunks is not None
    assert (b"content-type", b"text/event-stream; charset=utf-8") in reply.headers
    return b"".join([chunk async for chunk in reply.chunks])


def test_streams_of_both_apis_hold_the_same_answer(answerer: MakeAnswerer, exchange: MakeExchange) -> None:
    here = answerer(certified=(lambda _: card(), CERTIFIED))
    chat, response = exchange(stream=True, n=2), exchange(operation="responses", stream=True)

    async def main() -> tuple[bytes, bytes]:
        return await gathered(here, chat), await gathered(here, response)

    chunks, events = asyncio.run(main())
    here.close()
    assert chunks.endswith(b"data: [DONE]\n\n")
    assert chunks.count(b'{\\"intent\\":\\"card\\"}') == 2
    assert b"event: response.completed" in events
    assert (chat.outcome.answer, response.outcome.answer) == (chunks, events)


def test_stop_cuts_and_n_repeats(answerer: MakeAnswerer, exchange: MakeExchange) -> None:
    reply = run(answerer(incumbent=refund), exchange(stop=["zzz", ":", '"intent"'], n=3))
    contents = [one["message"]["content"] for one in json.loads(reply.body)["choices"]]
    assert contents == ["{"] * 3


def test_a_form_is_promised_or_refused_before_anybody_is_asked(answerer: MakeAnswerer, exchange: MakeExchange) -> None:
    def form(**intent: Any) -> dict[str, Any]:
        schema = {"type": "object", "properties": {"intent": intent}, "required": ["intent"]}
        return {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}

    asked: list[int] = []

    def say(_: Any) -> Answer:
        asked.append(1)
        return card()

    assert said(run(answerer(incumbent=say), exchange(response_format=form(type="string")))) == {"intent": "card"}
    error = fails(answerer(incumbent=say), exchange(response_format=form(enum=["refund"])))
    assert isinstance(error, RequestInvalid)
    assert error.param == "response_format"
    deep: dict[str, Any] = {}
    for _ in range(400):
        deep = {"properties": {"x": deep}}
    assert isinstance(fails(answerer(incumbent=say), exchange(response_format=form(anyOf=[deep]))), RequestInvalid)
    assert asked == [1]


def test_an_answer_that_is_not_of_the_form_is_not_sent(answerer: MakeAnswerer, exchange: MakeExchange) -> None:
    task = make_task(target="")
    schema = {"type": "object", "properties": {"intent": {}}, "required": ["intent"]}
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    here = answerer(task=task, incumbent=lambda _: Answer(output={}, confidence=1.0))
    error = fails(here, exchange(response_format=form))
    assert "not of the schema asked for" in error.why


def test_embeddings_of_a_task_are_refused(answerer: MakeAnswerer, exchange: MakeExchange) -> None:
    assert fails(answerer(incumbent=refund), exchange(operation="embeddings")).param == "model"


def test_time_runs_out(answerer: MakeAnswerer, exchange: MakeExchange) -> None:
    gate = threading.Event()

    def slow(_: Any) -> Answer:
        gate.wait(10)
        return card()

    asked = exchange()
    try:
        assert isinstance(fails(answerer(incumbent=(slow, {"seconds": 0.02})), asked), UpstreamTimedOut)
    finally:
        gate.set()
    assert "answer" in asked.outcome.stages


def test_a_client_that_leaves_a_paid_call_leaves_its_cost_unknown(
    answerer: MakeAnswerer, exchange: MakeExchange
) -> None:
    gate, begun = threading.Event(), threading.Event()

    def slow(_: Any) -> Answer:
        begun.set()
        gate.wait(10)
        return card()

    here, asked = answerer(incumbent=(slow, {"pays": True})), exchange()

    async def main() -> None:
        waiting = asyncio.create_task(here.answer(asked))
        while not begun.is_set():  # noqa: ASYNC110  a thread says so, and not the loop
            await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        gate.set()

    asyncio.run(main())
    here.close()
    assert asked.outcome.usd_unknown


def test_the_fingerprint_changes_with_who_answers(answerer: MakeAnswerer) -> None:
    made = [
        answerer(incumbent=refund),
        answerer(certified=(refund, CERTIFIED), incumbent=refund),
        answerer(certified=(refund, CERTIFIED | {"thresholds": {"": 0.7}}), incumbent=refund),
        answerer(task=make_task(out_of_scope=""), incumbent=refund),
    ]
    assert len({one.fingerprint for one in made}) == len(made)
    assert answerer(incumbent=refund).fingerprint == made[0].fingerprint
    for one in made:
        one.close()
