"""What a request leaves in the ledger."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

import msgspec

from proveout.gateway._entries import RequestServed

if TYPE_CHECKING:
    from proveout.gateway._exchange import Exchange

__all__ = ["CLIENT_GONE", "LONGEST_MODEL", "MOST_KEPT_BYTES", "record_of"]

# A record of more would crowd others out of the ring; of larger contents the fingerprint is kept.
MOST_KEPT_BYTES = 256 * 1024
# Names of models come from outside; a longer one is no model's.
LONGEST_MODEL = 256
# The parser takes so many levels less the calls above it; whoever reads the ledger may stand under more calls.
MOST_LEVELS = 400
MILLION = 1_000_000
CLIENT_GONE = 499
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


def record_of(exchange: Exchange, status: int, *, kept: bool, most_bytes: int, clock: float) -> bytes:
    """The JSON of the `RequestServed` of a finished exchange.

    Args:
        exchange: with its outcome.
        status: that was sent.
        kept: whether input and answer are kept, or their fingerprints only.
        most_bytes: of the record; of what would make it larger the fingerprints are kept.
        clock: seconds of the monotonic clock, now.
    """
    found = exchange.outcome
    body, answer = exchange.body, found.answer
    keeps = kept and len(body) + len(answer) <= MOST_KEPT_BYTES
    record = RequestServed(
        id=exchange.id,
        operation=exchange.operation,
        received=exchange.time,
        model=exchange.wanted.model[:LONGEST_MODEL],
        status=CLIENT_GONE if found.cancelled else status,
        client_id=exchange.client_id,
        trace=exchange.traceparent,
        key=exchange.key.id,
        tier=exchange.key.tier,
        task=exchange.task,
        answered_by=found.model[:LONGEST_MODEL],
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
        microseconds=round((clock - exchange.started) * MILLION),
        stages=found.stages,
        input_hash=_hash(body),
        answer_hash="" if keeps else _hash(answer),
        input=msgspec.Raw(body) if keeps and exchange.wanted.model and _is_readable(body) else None,
        answer=answer.decode("utf-8", "replace") if keeps else "",
    )
    encoded = _encode(record)
    return encoded if len(encoded) <= most_bytes else _smaller(record, answer, most_bytes)


def _smaller(record: RequestServed, answer: bytes, most_bytes: int) -> bytes:
    """Without content, and if that is not enough, without the lists whose length nobody bounds."""
    record = msgspec.structs.replace(record, input=None, answer="", answer_hash=_hash(answer))
    encoded = _encode(record)
    if len(encoded) <= most_bytes:
        return encoded
    return _encode(msgspec.structs.replace(record, documents=(), verdicts=()))


def _is_readable(body: bytes) -> bool:
    """Whether every reader of the ledger can decode it: JSON that is valid may hold numbers that nothing can hold."""
    deep = body.count(b"[") + body.count(b"{") > MOST_LEVELS
    try:
        _decode(b"[" * MOST_LEVELS + body + b"]" * MOST_LEVELS if deep else body)
    except (msgspec.MsgspecError, RecursionError):
        return False
    return True


def _hash(content: bytes) -> str:
    return blake2b(content, digest_size=16).hexdigest() if content else ""
