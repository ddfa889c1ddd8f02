"""The one entry a request leaves in the ledger."""

from __future__ import annotations

from typing import Any

import msgspec

from proveout.ledger import EntryBody, entry

__all__ = ["RequestServed"]


@entry("gateway.request", version=1)
class RequestServed(EntryBody, frozen=True, kw_only=True, omit_defaults=True):
    """A request and what became of it: flat, so that every view is a fold over columns.

    Attributes:
        id: of the request: its ring and its number in it.
        client_id: the client's own ``x-request-id``.
        trace: W3C ``traceparent`` of the client.
        operation: ``chat``, ``responses`` or ``embeddings``.
        received: when it came, nanoseconds since the epoch.
        key: id of the key; "" without one.
        tier: of the key.
        task: name; "" where the model was passed through.
        model: as asked for.
        answered_by: model that answered, as the provider says.
        route: ``cache``, ``task:NAME/KIND`` or ``provider:NAME``.
        candidate: id.
        certificate: id.
        experiment: arm of an A/B split.
        cache: ``exact``, ``semantic`` or ``miss``.
        status: of HTTP; 499 when the client went away.
        error: code; "" when it was answered.
        stream: whether it came in events.
        tokens_in: prompt tokens.
        tokens_out: completion tokens.
        tokens_estimated: nobody counted them.
        usd: paid to a provider.
        usd_unknown: no price is known, and 0 was counted.
        confidence: calibrated.
        documents: retrieved: document and version fingerprint.
        verdicts: of guards.
        attempts: calls made upstream.
        microseconds: from arrival to the last byte handed over.
        stages: microseconds by stage.
        input_hash: BLAKE2b-128 of the request's body.
        answer_hash: BLAKE2b-128 of the answer's bytes.
        input: the request, where content is kept.
        answer: what was answered, where content is kept: the body, or the events of a stream as one text.
    """

    id: str
    operation: str
    received: int
    model: str
    status: int
    client_id: str = ""
    trace: str = ""
    key: str = ""
    tier: str = ""
    task: str = ""
    answered_by: str = ""
    route: str = ""
    candidate: str = ""
    certificate: str = ""
    experiment: str = ""
    cache: str = ""
    error: str = ""
    stream: bool = False
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_estimated: bool = False
    usd: float = 0.0
    usd_unknown: bool = False
    confidence: float | None = None
    documents: tuple[tuple[str, str], ...] = ()
    verdicts: tuple[tuple[str, str], ...] = ()
    attempts: int = 0
    microseconds: int = 0
    stages: dict[str, int] = msgspec.field(default_factory=dict)
    input_hash: str = ""
    answer_hash: str = ""
    input: Any = None
    answer: str = ""
