"""The official Python client: what it gets from the provider itself, it gets through the gateway."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam
from pydantic import BaseModel

from .conftest import MOST_BODY, PROVIDER_KEY, Target

HELLO: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Hello"}]
WORDS = "".join(f"word{number} " for number in range(18))
FUNCTIONS: list[dict[str, Any]] = [
    {
        "name": name,
        "description": "what it does",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "unit": {"type": "string", "enum": ["kelvin", "celsius"]}},
            "required": ["city"],
        },
    }
    for name in ("weather", "tide")
]
TOOLS: Any = [{"type": "function", "function": function} for function in FUNCTIONS]


class City(BaseModel):
    name: str
    population: int
    twins: list[str]


def client(target: Target, key: str = "any", **options: Any) -> openai.OpenAI:
    return openai.OpenAI(
        base_url=target.base_url, api_key=target.keys[key], **({"max_retries": 0, "timeout": 20.0} | options)
    )


def test_a_chat_is_answered(target: Target) -> None:
    with client(target) as api:
        got = api.chat.completions.create(model="fake-large", messages=HELLO, temperature=0, max_completion_tokens=50)
    assert got.choices[0].message.content == WORDS
    assert (got.choices[0].finish_reason, got.model) == ("stop", "fake-large")
    assert got.usage
    assert (got.usage.prompt_tokens, got.usage.completion_tokens) == (20, 18)


def test_a_stream_says_the_same(target: Target) -> None:
    with client(target) as api:
        chunks = list(api.chat.completions.create(model="fake-large", messages=HELLO, stream=True))
    said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert said == WORDS
    assert chunks[0].choices[0].delta.role == "assistant"
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert all(chunk.usage is None for chunk in chunks), "usage was not asked for"


def test_a_stream_ends_with_its_usage_when_asked(target: Target) -> None:
    with client(target) as api:
        chunks = list(
            api.chat.completions.create(
                model="fake-large", messages=HELLO, stream=True, stream_options={"include_usage": True}
            )
        )
    *before, last = chunks
    assert last.choices == []
    assert last.usage
    assert (last.usage.prompt_tokens, last.usage.completion_tokens, last.usage.total_tokens) == (20, 18, 38)
    assert all(chunk.usage is None for chunk in before)


def test_tools_are_called(target: Target) -> None:
    with client(target) as api:
        got = api.chat.completions.create(model="fake-large", messages=HELLO, tools=TOOLS)
        message = got.choices[0].message
        assert message.tool_calls
        assert [call.function.name for call in message.tool_calls if call.type == "function"] == ["weather", "tide"]
        back: Any = [*HELLO, message, {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": "rain"}]
        said = api.chat.completions.create(model="fake-large", messages=back, tools=TOOLS)
    assert got.choices[0].finish_reason == "tool_calls"
    assert said.choices[0].message.content == WORDS


def test_streamed_tool_calls_are_whole(target: Target) -> None:
    with client(target) as api:
        whole = api.chat.completions.create(model="fake-large", messages=HELLO, tools=TOOLS)
        with api.chat.completions.stream(model="fake-large", messages=HELLO, tools=TOOLS) as stream:
            streamed = stream.get_final_completion()
    wanted, got = whole.choices[0].message.tool_calls, streamed.choices[0].message.tool_calls
    assert wanted
    assert got
    assert [(call.id, call.to_dict()["function"]) for call in wanted] == [
        (call.id, {"name": call.function.name, "arguments": call.function.arguments}) for call in got
    ]
    assert json.loads(got[0].function.arguments) == {"city": "text", "unit": "kelvin"}


def test_an_answer_follows_its_schema(target: Target) -> None:
    with client(target) as api:
        parsed = api.chat.completions.parse(model="fake-large", messages=HELLO, response_format=City)
        loose = api.chat.completions.create(model="fake-large", messages=HELLO, response_format={"type": "json_object"})
        with api.chat.completions.stream(model="fake-large", messages=HELLO, response_format=City) as stream:
            streamed = stream.get_final_completion()
    assert parsed.choices[0].message.parsed == City(name="text", population=7, twins=["text"])
    assert streamed.choices[0].message.parsed == parsed.choices[0].message.parsed
    assert json.loads(loose.choices[0].message.content or "") == {"answer": "text"}


def test_n_seed_and_logprobs_arrive(target: Target) -> None:
    with client(target) as api:
        got = api.chat.completions.create(model="fake-large", messages=HELLO, n=3, seed=11, logprobs=True)
    assert [choice.index for choice in got.choices] == [0, 1, 2]
    assert got.system_fingerprint == "fp_11"
    assert got.choices[2].logprobs
    assert got.choices[2].logprobs.content
    assert (got.choices[2].logprobs.content[0].token, got.choices[2].logprobs.content[0].logprob) == ("word0 ", -0.25)


def test_parameters_that_are_not_known_are_passed_on(target: Target) -> None:
    with client(target) as api:
        api.chat.completions.create(model="fake-large", messages=HELLO, extra_body={"brand_new": {"deep": [1]}})
    assert json.loads(target.upstream.seen[-1].body)["brand_new"] == {"deep": [1]}


def test_a_response_is_answered(target: Target) -> None:
    with client(target) as api:
        got = api.responses.create(model="fake-large", input="Hello")
    assert (got.output_text, got.status) == (WORDS, "completed")
    assert got.usage
    assert (got.usage.input_tokens, got.usage.output_tokens) == (20, 18)


def test_a_response_streams_typed_events(target: Target) -> None:
    with client(target) as api:
        events = list(api.responses.create(model="fake-large", input="Hello", stream=True))
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert events[0].type == "response.created"
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == WORDS
    assert events[-1].type == "response.completed"
    assert events[-1].response.output_text == WORDS


def test_a_response_calls_functions(target: Target) -> None:
    tools: Any = [{"type": "function", "strict": False, **function} for function in FUNCTIONS]
    with client(target) as api:
        whole = api.responses.create(model="fake-large", input="Hello", tools=tools)
        with api.responses.stream(model="fake-large", input="Hello", tools=tools) as stream:
            streamed = stream.get_final_response()
    calls = [item.to_dict() for item in whole.output]
    assert [call["name"] for call in calls] == ["weather", "tide"]
    assert [(item.to_dict()["call_id"], item.to_dict()["arguments"]) for item in streamed.output] == [
        (call["call_id"], call["arguments"]) for call in calls
    ]


def test_a_response_follows_its_schema(target: Target) -> None:
    with client(target) as api:
        got = api.responses.parse(model="fake-large", input="Hello", text_format=City)
    assert got.output_parsed == City(name="text", population=7, twins=["text"])


def test_embeddings_are_the_same_as_numbers_and_as_base64(target: Target) -> None:
    with client(target) as api:
        # The client asks for base64 unless told otherwise, and decodes it.
        decoded = api.embeddings.create(model="fake-embedding", input=["one", "two"])
        floats = api.embeddings.create(model="fake-embedding", input=["one", "two"], encoding_format="float")
        single = api.embeddings.create(model="fake-embedding", input="two", dimensions=4)
    assert [row.embedding for row in decoded.data] == [row.embedding for row in floats.data]
    assert decoded.data[0].embedding != decoded.data[1].embedding
    assert single.data[0].embedding == decoded.data[1].embedding[:4]


def test_models_are_listed_and_retrieved(target: Target) -> None:
    with client(target) as api:
        names = {model.id for model in api.models.list()}
        got = api.models.retrieve("fake-small")
        with pytest.raises(openai.NotFoundError):
            api.models.retrieve("no-such-model")
    assert {"fake-large", "fake-small", "fake-embedding"} <= names
    assert (got.id, got.object) == ("fake-small", "model")


def refused(target: Target, kind: type[openai.APIStatusError], key: str = "any", **parts: Any) -> openai.APIStatusError:
    """The error of a chat, which is whole: a status, a message, a type, and an id of the request."""
    with client(target, key) as api, pytest.raises(kind) as caught:
        api.chat.completions.create(**({"model": "fake-large", "messages": HELLO} | parts))
    error = caught.value
    assert isinstance(error.body, dict)
    assert error.body["message"]
    assert error.body["type"]
    # A body that is too large is refused before the request has an id.
    assert error.request_id or error.status_code == 413
    assert PROVIDER_KEY not in error.response.text
    return error


def test_400(target: Target) -> None:
    assert refused(target, openai.BadRequestError, model="fault-400").status_code == 400


def test_a_body_that_is_no_chat_is_400(gateway: Target) -> None:
    refused(gateway, openai.BadRequestError, messages="Hello")
    assert refused(gateway, openai.BadRequestError, model=7).param == "model"


@pytest.mark.parametrize("key", ["wrong"])
def test_401(target: Target, key: str) -> None:
    assert refused(target, openai.AuthenticationError, key).code
    with client(target, key) as api, pytest.raises(openai.AuthenticationError):
        api.embeddings.create(model="fake-embedding", input="x")


def test_403(gateway: Target) -> None:
    refused(gateway, openai.PermissionDeniedError, "small", model="fake-large")
    with client(gateway, "small") as api:
        assert api.chat.completions.create(model="fake-small", messages=HELLO).choices
        assert [model.id for model in api.models.list()] == ["fake-small"]


def test_404(target: Target) -> None:
    refused(target, openai.NotFoundError, model="fault-no-such-thing")
    with client(target) as api, pytest.raises(openai.NotFoundError):
        api.post("/no/such/path", cast_to=object, body={})


def test_413(gateway: Target) -> None:
    long: Any = [{"role": "user", "content": "x" * MOST_BODY}]
    assert refused(gateway, openai.APIStatusError, messages=long).status_code == 413


def test_a_limit_is_429_and_says_when_to_come_back(gateway: Target) -> None:
    def spend(api: openai.OpenAI) -> None:
        for _ in range(50):
            api.chat.completions.create(model="fake-large", messages=HELLO)

    with client(gateway, "few") as api:
        with pytest.raises(openai.RateLimitError) as caught:
            spend(api)
        assert caught.value.code == "rate_limit_exceeded"
        assert int(caught.value.response.headers["retry-after"]) >= 1
        patient = api.with_options(max_retries=3).chat.completions.with_raw_response
        answers = [patient.create(model="fake-large", messages=HELLO) for _ in range(3)]
    assert all(answer.parse().choices[0].message.content == WORDS for answer in answers)
    assert any(answer.retries_taken for answer in answers), "the client waited as it was told to"


def test_a_limit_of_the_provider_is_429_with_its_retry_after(target: Target) -> None:
    error = refused(target, openai.RateLimitError, model="fault-429")
    assert error.response.headers["retry-after"] == "1"


@pytest.mark.parametrize("model", ["fault-500", "fault-503", "fault-html"])
def test_5xx(target: Target, model: str) -> None:
    with client(target) as api, pytest.raises(openai.InternalServerError) as caught:
        api.chat.completions.create(model=model, messages=HELLO)
    assert caught.value.status_code >= 500


@pytest.mark.parametrize(
    ("model", "status"),
    [
        ("fault-stall", 504),
        ("fault-stall-midway", 504),
        ("fault-reset", 502),
        ("fault-close", 502),
        ("fault-close-midway", 502),
        ("fault-reset-midway", 502),
        ("fault-short-length", 502),
        ("fault-garbage", 502),
        ("fault-empty", 502),
        ("fault-not-json", 502),
        ("fault-redirect", 502),
        ("fault-huge-header", 502),
    ],
)
def test_what_a_provider_does_wrong_is_a_5xx_of_the_gateway(gateway: Target, model: str, status: int) -> None:
    assert refused(gateway, openai.InternalServerError, model=model).status_code == status


@pytest.mark.parametrize("model", ["fault-stall-midway", "fault-reset-midway", "fault-half-event", "fault-error-event"])
def test_a_stream_that_breaks_is_an_error_and_no_short_answer(gateway: Target, model: str) -> None:
    with client(gateway) as api, pytest.raises(openai.APIError):
        list(api.chat.completions.create(model=model, messages=HELLO, stream=True))


@pytest.mark.parametrize(
    ("model", "stream"),
    [
        ("flaky-reset", False),
        ("flaky-500", False),
        ("flaky-close-midway", False),
        ("flaky-reset", True),
        ("flaky-500", True),
    ],
)
def test_a_provider_that_fails_once_is_asked_again(
    gateway: Target, model: str, *, stream: bool, request: pytest.FixtureRequest
) -> None:
    with client(gateway) as api:
        got: Any = api.chat.completions.create(
            model=model, messages=[{"role": "user", "content": request.node.name}], stream=stream
        )
        said = (
            "".join(chunk.choices[0].delta.content or "" for chunk in got) if stream else got.choices[0].message.content
        )
    assert said == WORDS


def test_the_provider_sees_its_own_key_and_not_the_clients(gateway: Target) -> None:
    with client(gateway) as api:
        api.chat.completions.create(
            model="fake-large", messages=HELLO, extra_headers={"x-forwarded-host": "evil", "x-portkey-custom-host": "e"}
        )
    headers = gateway.upstream.seen[-1].headers
    assert headers["authorization"] == f"Bearer {PROVIDER_KEY}"
    assert all(gateway.keys["any"] not in value for value in headers.values())
    assert "evil" not in headers.values()


def test_an_answer_says_how_it_came_about(gateway: Target) -> None:
    with client(gateway) as api:
        raw = api.chat.completions.with_raw_response.create(model="fake-large", messages=HELLO)
    assert raw.headers["x-proveout-route"].startswith("provider:")
    assert raw.headers["x-proveout-tier"] == "standard"
    assert raw.headers["x-request-id"] != "req_fake", "the id is the gateway's own"


def eventually(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_a_client_that_goes_away_ends_the_call(gateway: Target) -> None:
    async def leave() -> None:
        options: dict[str, Any] = {"base_url": gateway.base_url, "api_key": gateway.keys["any"], "max_retries": 0}
        async with openai.AsyncOpenAI(**options) as api:
            stream = await api.chat.completions.create(model="fault-stall-midway", messages=HELLO, stream=True)
            async for _ in stream:
                break
            await stream.close()

    before = gateway.upstream.cancelled + len(gateway.upstream.seen)
    asyncio.run(leave())
    eventually(lambda: gateway.upstream.cancelled + len(gateway.upstream.seen) > before)
    with client(gateway) as api:
        assert api.chat.completions.create(model="fake-large", messages=HELLO).choices


class Desk(BaseModel):
    intent: str


ASKED: list[ChatCompletionMessageParam] = [{"role": "user", "content": "my card 77 is lost"}]


def test_a_task_answers_as_a_model_does(gateway: Target) -> None:
    with client(gateway) as api:
        got = api.chat.completions.with_raw_response.create(model="desk", messages=ASKED)
        chunks = list(api.chat.completions.create(model="desk", messages=ASKED, stream=True))
        parsed = api.chat.completions.parse(model="desk", messages=ASKED, response_format=Desk)
    said = got.parse().choices[0].message.content or ""
    assert json.loads(said) == {"intent": "card"}
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == said
    assert parsed.choices[0].message.parsed == Desk(intent="card")
    assert got.headers["x-proveout-route"].startswith("task:desk/")
    assert got.headers["x-proveout-candidate"]


def test_a_task_answers_responses(gateway: Target) -> None:
    with client(gateway) as api:
        whole = api.responses.create(model="desk", input="please refund order 7")
        events = list(api.responses.create(model="desk", input="please refund order 7", stream=True))
    assert json.loads(whole.output_text) == {"intent": "refund"}
    assert events[-1].type == "response.completed"
    assert events[-1].response.output_text == whole.output_text


def test_a_task_is_a_model_and_no_call_to_a_provider(gateway: Target) -> None:
    with client(gateway) as api:
        assert "desk" in {model.id for model in api.models.list()}
        before = gateway.upstream.requests
        assert api.models.retrieve("desk").id == "desk"
        api.chat.completions.create(model="desk", messages=ASKED)
    assert gateway.upstream.requests == before


def test_what_a_task_cannot_do_is_400(gateway: Target) -> None:
    wrong: tuple[dict[str, Any], ...] = (
        {"tools": TOOLS, "tool_choice": "required"},
        {"messages": []},
        {"extra_body": {"colour": 1}},
    )
    for parts in wrong:
        refused(gateway, openai.BadRequestError, **({"model": "desk", "messages": ASKED} | parts))
