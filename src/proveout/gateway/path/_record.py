"""What a request leaves in the ledger."""

from __future__ import annotations

import time
from hashlib import blake2b
from typing import TYPE_CHECKING

import msgspec

from proveout.gateway._entries import RequestServed

if TYPE_CHECKING:
    from proveout.gateway._exchange import Exchange

__all__ = ["MOST_KEPT_BYTES", "record_of"]

# A record of more would crowd others out of the ring; of larger contents the fingerprint is kept.
MOST_KEPT_BYTES = 256 * 1024
MILLION = 1_000_000
CLIENT_GONE = 499
_encode = msgspec.json.Encoder().encode


def record_of(exchange: Exchange, status: int, *, kept: bool, clock: float | None = None) -> bytes:
    """The JSON of the `RequestServed` of a finished exchange.

    Args:
        exchange: with its outcome.
        status: that was sent.
        kept: whether input and answer are kept, or their fingerprints only.
        clock: seconds of the monotonic clock, now.
    """
    found = exchange.outcome
    body, answer = exchange.body, found.answer
    keeps = kept and len(body) + len(answer) <= MOST_KEPT_BYTES
    took = (time.monotonic() if clock is None else clock) - exchange.started
    record = RequestServed(
        id=exchange.id,
        operation=exchange.operation,
        received=exchange.time,
        model=exchange.wanted.model,
        status=CLIENT_GONE if found.cancelled else status,
        client_id=exchange.client_id,
        trace=exchange.traceparent,
        key=exchange.key.id,
        tier=exchange.key.tier,
        task=exchange.task,
        answered_by=found.model,
        route=found.route,
        candidate=found.candidate,
        certificate=found.certificate,
        experiment=found.experiment,
        cache=found.cache,
        error=found.error,
        stream=exchange.wanted.stream,
        tokens_in=found.tokens_in,
        tokens_out=found.tokens_out,
        tokens_estimated=found.tokens_estimated,
        usd=found.usd,
        usd_unknown=found.usd_unknown,
        confidence=found.confidence,
        documents=found.documents,
        verdicts=found.verdicts,
        attempts=found.attempts,
        microseconds=round(took * MILLION),
        stages=found.stages,
        input_hash=_hash(body),
        answer_hash="" if keeps else _hash(answer),
        input=msgspec.Raw(body) if keeps and exchange.wanted.model else None,
        answer=answer.decode("utf-8", "replace") if keeps else "",
    )
    return _encode(record)


def _hash(content: bytes) -> str:
    return blake2b(content, digest_size=16).hexdigest() if content else ""
