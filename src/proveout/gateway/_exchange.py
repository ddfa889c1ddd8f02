"""One request on its way through the steps, and what becomes of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any, Literal, Protocol

import msgspec

from proveout.gateway._key import ANONYMOUS, Key
from proveout.gateway._settings import Tier

__all__ = [
    "Answerer",
    "App",
    "Exchange",
    "Headers",
    "Held",
    "Operation",
    "Outcome",
    "Receive",
    "Reply",
    "Scope",
    "Send",
    "Step",
    "Wanted",
]

Operation = Literal["chat", "responses", "embeddings"]
Headers = list[tuple[bytes, bytes]]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Wanted(msgspec.Struct, kw_only=True):
    """What the gateway itself reads of a request; the rest is the answerer's.

    Attributes:
        model: a task's name, or a provider's model, or ``provider/model``.
        stream: whether the answer comes in events.
        usage_asked: whether a stream is to end with its usage (``stream_options.include_usage``).
        most_tokens: completion tokens at most, of all choices; 0 where the request does not say.
        times: choices asked for.
    """

    model: str
    stream: bool = False
    usage_asked: bool = False
    most_tokens: int = 0
    times: int = 1


class Outcome(msgspec.Struct, kw_only=True):
    """What is known of an answer by the time that it is recorded.

    Attributes:
        route: ``cache``, ``task:NAME/KIND`` or ``provider:NAME``.
        candidate: id of the candidate that answered.
        certificate: id of the certificate that lets it.
        experiment: arm of an A/B split.
        cache: ``exact``, ``semantic``, ``miss``, or "" where none was looked at.
        model: that answered, as the provider says.
        tokens_in: prompt tokens.
        tokens_out: completion tokens.
        tokens_estimated: whether the provider counted none, or the stream was cancelled.
        usd: paid to a provider.
        usd_unknown: no price is known, and 0 was counted.
        confidence: calibrated; None where the answerer has none.
        documents: retrieved: document and version fingerprint.
        verdicts: of guards: name and verdict.
        stages: microseconds by stage (``upstream``, ``first_token``, ``answer``).
        attempts: calls made upstream.
        cancelled: the client went away before the end.
        error: code of the error it was answered with; "" when it was answered.
        output: of a task, for the semantic cache.
        answer: bytes that were sent, for the record; b"" where they are not kept.
    """

    route: str = ""
    candidate: str = ""
    certificate: str = ""
    experiment: str = ""
    cache: str = ""
    model: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_estimated: bool = False
    usd: float = 0.0
    usd_unknown: bool = False
    confidence: float | None = None
    documents: tuple[tuple[str, str], ...] = ()
    verdicts: tuple[tuple[str, str], ...] = ()
    stages: dict[str, int] = {}
    attempts: int = 0
    cancelled: bool = False
    error: str = ""
    output: Any = None
    answer: bytes = b""


class Reply(msgspec.Struct, kw_only=True):
    """What is sent to the client: a body, or chunks as they come.

    Attributes:
        status: of HTTP.
        headers: names in lower case; the path adds its own.
        body: whole; b"" where there are chunks.
        chunks: bytes of server-sent events, in any division; `Exchange.outcome` is complete once they are exhausted.
            Closing it early (``aclose``) means that the client went away.
    """

    status: int = 200
    headers: Headers = []
    body: bytes = b""
    chunks: AsyncIterator[bytes] | None = None


class Held(Protocol):
    """What a request holds of limits while it is under way."""

    def settle(self, *, tokens: int, usd: float) -> None:
        """Replace what was held by what was used; called once, also for a request that failed."""
        ...

    def head(self) -> bytes:
        """``x-ratelimit-*`` as they stand: lines of a head, each with its line break."""
        ...


class Exchange(msgspec.Struct, kw_only=True):
    """One request on its way; steps fill it in from top to bottom.

    Attributes:
        id: sent back as ``x-request-id``; the record's id.
        operation: which API.
        body: as it came, valid JSON.
        wanted: what was read of it.
        credential: secret of the ``Authorization: Bearer`` header; b"" without one.
        client_id: ``x-request-id`` as the client sent it.
        traceparent: W3C trace context as the client sent it; "" when it is not valid.
        onward: ``traceparent`` that goes upstream; "" sends none.
        evidence: the client asks for what the answer stands on (``x-proveout-evidence: 1``).
        raw: the server takes lines of a head as they are.
        time: nanoseconds since the epoch when it came.
        started: of the monotonic clock, seconds.
        now: the state in force when it came; a reload does not change it under way.
        process: what the process keeps over reloads.
        key: who calls.
        tier: of the key.
        task: name, where the model is a task.
        inputs: of the task, read from the messages; None where the model is passed through.
        asked: the whole request as a task or an embedder read it; None where the model is passed through.
        held: of limits.
        answerer: who answers.
        cache_key: under which the answer may be kept; b"" where it may not.
        leads: equal requests wait for this one.
        near: what a semantic cache found nearest.
        reply: what is sent.
        outcome: what is recorded.
        recorded: its record was handed over.
    """

    id: str
    operation: Operation
    body: bytes = b""
    wanted: Wanted = msgspec.field(default_factory=lambda: Wanted(model=""))
    credential: bytes = b""
    client_id: str = ""
    traceparent: str = ""
    onward: str = ""
    evidence: bool = False
    raw: bool = False
    time: int = 0
    started: float = 0.0
    now: Any = None
    process: Any = None
    key: Key = ANONYMOUS
    tier: Tier = Tier()
    task: str = ""
    inputs: dict[str, Any] | None = None
    asked: Any = None
    held: Held | None = None
    answerer: Answerer | None = None
    cache_key: bytes = b""
    leads: bool = False
    near: Any = None
    reply: Reply | None = None
    outcome: Outcome = msgspec.field(default_factory=Outcome)
    recorded: bool = False


class Answerer(Protocol):
    """What answers a request once the path has let it through."""

    async def answer(self, exchange: Exchange) -> Reply:
        """Answer, and fill in the exchange's outcome.

        Raises:
            Refused: with the status for the client.
        """
        ...


# A step looks at an exchange and fills it in, or ends it by raising `Refused`; it neither awaits nor reads nor writes.
Step = Callable[[Exchange], None]
