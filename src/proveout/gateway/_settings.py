"""The tables of ``gateway.toml``: what a team decides about its gateway."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

__all__ = [
    "AdminAccess",
    "CacheTerms",
    "Guards",
    "Limits",
    "Provider",
    "Semantic",
    "ServedTask",
    "Server",
    "Settings",
    "Telemetry",
    "Tier",
]

Positive = Annotated[float, Meta(gt=0.0)]
NonNegative = Annotated[float, Meta(ge=0.0)]
Count = Annotated[int, Meta(ge=0)]
Share = Annotated[float, Meta(ge=0.0, le=1.0)]


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of ``gateway.toml``: unknown keys are errors."""


class Server(_Table, frozen=True, kw_only=True):
    """What one process takes.

    Attributes:
        most_body_bytes: of a request; a larger one is refused before it is read to its end.
        most_header_bytes: of a request's line and headers.
        head_seconds: in which a request's line and headers must arrive.
        body_seconds: in which its body must arrive.
        idle_seconds: after which a connection without requests is closed.
        drain_seconds: that requests under way may take after SIGTERM.
        most_under_way: requests at a time; the tiers of least priority are refused first.
        most_connections: open at a time.
        require_key: whether a request needs a key; "auto": as soon as one was created.
        ring_bytes: room for records on their way to the ledger; when it is full, requests wait.
    """

    most_body_bytes: Annotated[int, Meta(ge=1024)] = 10 * 1024 * 1024
    most_header_bytes: Annotated[int, Meta(ge=1024)] = 32 * 1024
    head_seconds: Positive = 10.0
    body_seconds: Positive = 30.0
    idle_seconds: Positive = 75.0
    drain_seconds: Positive = 30.0
    most_under_way: Annotated[int, Meta(ge=1)] = 1024
    most_connections: Annotated[int, Meta(ge=1)] = 4096
    require_key: Literal["auto", "always", "never"] = "auto"
    ring_bytes: Annotated[int, Meta(ge=64 * 1024)] = 16 * 1024 * 1024


class Provider(_Table, frozen=True, kw_only=True):
    """An upstream that answers models.

    Attributes:
        base_url: root of its API, ending in ``/v1`` for one that is OpenAI-compatible.
        kind: ``openai`` for anything OpenAI-compatible; others go through the adapter of the extra ``providers``.
        models: names that it answers, as they are sent to it; ``*`` stands for any characters.
        api_key_env: environment variable that holds its key; "" forwards the client's own, where no gateway key is
            asked for, and sends none elsewhere.
        headers: sent with each call; a value ``env:NAME`` is read from that environment variable.
        client: ``lean`` (fast), or ``httpx``, which also goes through proxies.
        connect_seconds: in which a connection must be made.
        first_byte_seconds: in which an answer must begin.
        idle_seconds: that may pass between two pieces of an answer.
        total_seconds: in which an answer must end.
        most_connections: open at a time.
        retries: further tries of one request, at most; only before its first byte was sent to the client.
        retry_share: retries are at most this share of requests, so that they cannot bring down what is slow.
        hedge_after_ms: a second, equal call is made when the first has not begun to answer by then; None never.
        break_after: failures one after another that open the circuit breaker.
        break_seconds: that it stays open before one request may try.
        usd_per_million_in: price of prompt tokens; left out, it is looked up by base URL and model.
        usd_per_million_out: price of completion tokens; left out, it is looked up.
        fallback: names of providers that are asked next, in order, when this one fails.
        fallback_model: the model asked for there; "" the same name.
    """

    base_url: str
    kind: str = "openai"
    models: tuple[str, ...] = ("*",)
    api_key_env: str = ""
    headers: dict[str, str] = {}
    client: Literal["lean", "httpx"] = "lean"
    connect_seconds: Positive = 5.0
    first_byte_seconds: Positive = 120.0
    idle_seconds: Positive = 60.0
    total_seconds: Positive = 600.0
    most_connections: Annotated[int, Meta(ge=1)] = 256
    retries: Annotated[int, Meta(ge=0, le=10)] = 2
    retry_share: Share = 0.1
    hedge_after_ms: Positive | None = None
    break_after: Annotated[int, Meta(ge=1)] = 5
    break_seconds: Positive = 10.0
    usd_per_million_in: NonNegative | None = None
    usd_per_million_out: NonNegative | None = None
    fallback: tuple[str, ...] = ()
    fallback_model: str = ""


class ServedTask(_Table, frozen=True, kw_only=True):
    """How a task is served; a task without a table of its own is served by these defaults.

    Attributes:
        route: ``certified`` (the newest certificate's candidate where it is sure enough, the incumbent elsewhere),
            ``incumbent``, a family's name (its newest candidate), or a candidate's id.
        durable: ``ring`` answers once the record survives a kill of every process; ``synced`` once it survives a loss
            of power.
        content: ``kept`` writes inputs and answers into the ledger, ``hashed`` their fingerprints only.
        limits: for all requests to this task together.
    """

    route: str = "certified"
    durable: Literal["ring", "synced"] = "ring"
    content: Literal["kept", "hashed"] = "kept"
    limits: Limits | None = None


class Limits(_Table, frozen=True, kw_only=True):
    """What may be used; None sets no limit.

    Attributes:
        requests_per_minute: of requests.
        tokens_per_minute: of tokens, in and out.
        usd_per_day: US dollars a day (UTC).
        usd_per_month: US dollars a calendar month (UTC).
        burst_seconds: how much of a limit may be used at once, in seconds' worth of it.
    """

    requests_per_minute: Positive | None = None
    tokens_per_minute: Positive | None = None
    usd_per_day: NonNegative | None = None
    usd_per_month: NonNegative | None = None
    burst_seconds: Positive = 60.0


class Tier(_Table, frozen=True, kw_only=True):
    """What a group of keys gets.

    Attributes:
        answers: what may answer, in this order: ``cache``, ``rules`` (candidates whose every answer has a proof),
            ``certified``, ``candidate`` (the task's route), ``incumbent``, ``providers``.
        priority: under overload, those of a lower number are refused first.
        share: of ``server.most_under_way`` that this tier may take.
        limits: of each key in it that has none of its own.
    """

    answers: tuple[Literal["cache", "rules", "certified", "candidate", "incumbent", "providers"], ...] = (
        "cache",
        "certified",
        "candidate",
        "incumbent",
        "providers",
    )
    priority: int = 0
    share: Annotated[float, Meta(gt=0.0, le=1.0)] = 1.0
    limits: Limits = Limits()


class Semantic(_Table, frozen=True, kw_only=True):
    """A namespace whose near-equal inputs may share an answer: only from a similarity that was certified.

    Attributes:
        alpha: share of lookups that may be answered wrongly.
        delta: probability that the promise is broken.
    """

    alpha: Annotated[float, Meta(gt=0.0, lt=1.0)] = 0.01
    delta: Annotated[float, Meta(gt=0.0, lt=1.0)] = 0.05


class CacheTerms(_Table, frozen=True, kw_only=True):
    """What is kept of answers.

    Attributes:
        exact: whether equal requests of one tenant share an answer.
        unstated_temperature: whether a request that states no temperature and no seed is taken for one at 0, and
            shared too; most models draw its answer at random.
        shared: tasks whose answers are shared among all keys; their answers must hold nothing of whom asked.
        ttl_seconds: how long.
        most_bytes: in memory, in each process.
        semantic: by task.
    """

    exact: bool = False
    unstated_temperature: bool = False
    shared: tuple[str, ...] = ()
    ttl_seconds: Positive = 3600.0
    most_bytes: Annotated[int, Meta(ge=1024)] = 32 * 1024 * 1024
    semantic: dict[str, Semantic] = {}


class Telemetry(_Table, frozen=True, kw_only=True):
    """What leaves the gateway besides the ledger.

    Attributes:
        otlp: endpoint of an OpenTelemetry collector (OTLP over HTTP); "" sends nothing.
        content: whether spans carry prompts and answers.
        headers: sent with each export; a value ``env:NAME`` is read from that environment variable.
    """

    otlp: str = ""
    content: bool = False
    headers: dict[str, str] = {}


class AdminAccess(_Table, frozen=True, kw_only=True):
    """Who may administer the gateway over HTTP: people whom an OpenID Connect provider vouches for (extra ``oidc``).

    Attributes:
        issuer: URL of the provider, as its tokens state it; "" lets nobody in.
        audience: that its tokens must be for.
        role_claim: of the token that lists roles; dots lead into objects: ``realm_access.roles``.
        role: that an administrator must have; "" lets in whoever the provider gives a token for the audience.
    """

    issuer: str = ""
    audience: str = ""
    role_claim: str = "roles"
    role: str = "admin"


class Guards(_Table, frozen=True, kw_only=True):
    """Which guards look at what passes.

    Attributes:
        input: names of guards of every input.
        output: names of guards of every answer; a streamed one is then held back until it is whole.
    """

    input: tuple[str, ...] = ()
    output: tuple[str, ...] = ()


class Settings(_Table, frozen=True, kw_only=True):
    """``gateway.toml``.

    Attributes:
        server: what one process takes.
        providers: by name.
        tasks: by task name.
        tiers: by name; a key that names none is in ``standard``.
        cache: of answers.
        guards: of inputs and answers.
        telemetry: what leaves the gateway.
        admin: who may administer the gateway over HTTP.
        embeddings: names of local embedders served at ``/v1/embeddings``.
        content: ``kept`` or ``hashed``, for models passed through.
    """

    server: Server = Server()
    providers: dict[str, Provider] = {}
    tasks: dict[str, ServedTask] = {}
    tiers: dict[str, Tier] = {}
    cache: CacheTerms = CacheTerms()
    guards: Guards = Guards()
    telemetry: Telemetry = Telemetry()
    admin: AdminAccess = AdminAccess()
    embeddings: tuple[str, ...] = ()
    content: Literal["kept", "hashed"] = "kept"
