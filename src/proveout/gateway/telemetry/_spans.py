"""A request's record as spans: pure, so that what is exported can be rebuilt from the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from proveout.gateway.telemetry import _conventions as names
from proveout.gateway.telemetry._content import input_messages, output_messages
from proveout.gateway.telemetry._trace_context import SAMPLED, span_id_of, trace_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from proveout.gateway._entries import RequestServed
    from proveout.gateway._settings import Provider

__all__ = ["SpanData", "provider_names", "spans_of"]

Attribute = str | int | float | bool | list[str]
FIRST_TOKEN = "first_token"  # noqa: S105  a stage
_FAILED = 400


class SpanData(msgspec.Struct, frozen=True, kw_only=True):
    """One span, ready to be exported.

    Attributes:
        name: ``chat MODEL``, or a stage.
        trace: id, 32 hexadecimal digits.
        span: id, 16 hexadecimal digits.
        parent: id of the span that it is part of; "" for a root.
        remote: whether the parent is a span of the caller's.
        client: whether another process answered.
        start: nanoseconds since the epoch.
        end: nanoseconds since the epoch.
        failed: whether it ended in an error.
        attributes: by name.
    """

    name: str
    trace: str
    span: str
    parent: str
    remote: bool
    client: bool
    start: int
    end: int
    failed: bool
    attributes: dict[str, Attribute]


def provider_names(providers: Mapping[str, Provider]) -> dict[str, str]:
    """``gen_ai.provider.name`` of each provider: the well-known value for its host, or its own name.

    Example:
        >>> from proveout.gateway._settings import Provider
        >>> provider_names({"main": Provider(base_url="https://api.openai.com/v1")})
        {'main': 'openai'}
    """
    return {name: _well_known(provider.base_url) or name for name, provider in providers.items()}


def _well_known(base_url: str) -> str:
    host = urlsplit(base_url).hostname or ""
    return next((value for end, value in names.HOSTS.items() if host == end or host.endswith(f".{end}")), "")


def spans_of(
    record: RequestServed, *, providers: Mapping[str, str] | None = None, content: bool = False
) -> list[SpanData]:
    """The span of a request, and one for each stage; none where the caller's trace says that it is not sampled.

    Stages are recorded by how long they took: their spans follow one another in the order in which they were recorded,
    from the request's arrival. The time to the first token is an attribute, since it overlaps the others.

    Args:
        record: of the request.
        providers: see `provider_names`.
        content: whether prompts and answers are carried.

    Example:
        >>> from proveout.gateway._entries import RequestServed
        >>> record = RequestServed(id="1", operation="chat", received=10**18, model="gpt-5", status=200, microseconds=5)
        >>> [(span.name, span.end - span.start) for span in spans_of(record)]
        [('chat gpt-5', 5000)]
    """
    trace = trace_of(record.trace, record.id)
    if not trace.flags & SAMPLED:
        return []
    attributes = _attributes(record, providers or {})
    if content:
        attributes |= _content(record)
    root = SpanData(
        name=f"{attributes[names.OPERATION]} {record.model}",
        trace=trace.trace,
        span=span_id_of(record.id),
        parent=trace.span,
        remote=bool(trace.span),
        client=record.route.startswith("provider:"),
        start=record.received,
        end=record.received + record.microseconds * 1000,
        failed=bool(record.error) or record.status >= _FAILED,
        attributes=attributes,
    )
    return [root, *_stages(record, root)]


def _stages(record: RequestServed, root: SpanData) -> list[SpanData]:
    spans, start = [], root.start
    for stage, took in record.stages.items():
        if stage == FIRST_TOKEN:
            continue
        end = min(start + max(took, 0) * 1000, root.end)
        spans.append(
            msgspec.structs.replace(
                root,
                name=stage,
                span=span_id_of(record.id, stage),
                parent=root.span,
                remote=False,
                client=False,
                start=start,
                end=end,
                failed=False,
                attributes={"proveout.stage": stage},
            )
        )
        start = end
    return spans


def _attributes(record: RequestServed, providers: Mapping[str, str]) -> dict[str, Attribute]:
    kind, _, name = record.route.partition(":")
    found: dict[str, Attribute] = {
        names.OPERATION: names.OPERATIONS.get(record.operation, record.operation),
        names.PROVIDER: providers.get(name, name) if kind == "provider" else names.OWN,
        names.REQUEST_MODEL: record.model,
        names.STATUS: record.status,
        "proveout.api": record.operation,
        "proveout.request": record.id,
        "proveout.cost.usd": record.usd,
    }
    if record.error or record.status >= _FAILED:
        found[names.ERROR_TYPE] = record.error or str(record.status)
    if not record.tokens_estimated:
        found |= {names.INPUT_TOKENS: record.tokens_in, names.OUTPUT_TOKENS: record.tokens_out}
    if record.stream:
        found[names.REQUEST_STREAM] = True
        if FIRST_TOKEN in record.stages:
            found[names.TIME_TO_FIRST_CHUNK] = record.stages[FIRST_TOKEN] / 1e6
    return found | _ours(record)


# Field of a record, and the attribute that carries it where it is not empty.
_FIELDS = (
    ("answered_by", names.RESPONSE_MODEL),
    ("route", "proveout.route"),
    ("candidate", "proveout.candidate"),
    ("certificate", "proveout.certificate"),
    ("experiment", "proveout.experiment"),
    ("cache", "proveout.cache"),
    ("tier", "proveout.tier"),
    ("task", "proveout.task"),
    ("key", "proveout.key"),
    ("attempts", "proveout.attempts"),
    ("tokens_estimated", "proveout.tokens.estimated"),
    ("usd_unknown", "proveout.cost.unknown"),
    ("input_hash", "proveout.input.hash"),
    ("answer_hash", "proveout.answer.hash"),
)


def _ours(record: RequestServed) -> dict[str, Attribute]:
    found: dict[str, Attribute] = {
        attribute: value for field, attribute in _FIELDS if (value := getattr(record, field))
    }
    if record.confidence is not None:
        found["proveout.confidence"] = record.confidence
    if record.documents:
        found["proveout.documents"] = [f"{document}@{version}" for document, version in record.documents]
    if record.verdicts:
        found["proveout.guards"] = [f"{guard}={verdict}" for guard, verdict in record.verdicts]
    return found


def _content(record: RequestServed) -> dict[str, Any]:
    found = {}
    if record.input is not None:
        found[names.INPUT_MESSAGES] = input_messages(record.input)
    if record.answer:
        found[names.OUTPUT_MESSAGES] = output_messages(record.answer)
    return found
