"""Spans to an OpenTelemetry collector, in a thread of their own: a slow or dead collector holds up nobody."""

from __future__ import annotations

import os
from collections import deque
from threading import Condition, Thread
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from proveout.errors import ExtraMissing, SettingsInvalid
from proveout.gateway._entries import RequestServed
from proveout.gateway.telemetry import _conventions as names
from proveout.gateway.telemetry._spans import SpanData, spans_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import ReadableSpan

    from proveout.gateway._settings import Telemetry

__all__ = ["Exporter", "otlp_sender"]

MOST_RECORDS = 8192
MOST_BYTES = 32 * 1024 * 1024
BATCH = 256
TIMEOUT_SECONDS = 5.0
_decode = msgspec.json.Decoder(RequestServed).decode


class Sends(Protocol):
    """Sends a batch of spans; blocks as long as it likes, in the exporter's thread."""

    def __call__(self, spans: Sequence[SpanData]) -> bool: ...


class Exporter:
    """A bounded queue of records, and the thread that turns them into spans and sends them.

    What finds no room is dropped and counted: the ledger has all of it.

    Args:
        send: sends one batch; False when the collector did not take it.
        providers: see `provider_names`.
        content: whether spans carry prompts and answers.
        most: records that may wait.
        most_bytes: that they may take.

    Example:
        >>> sent = []
        >>> exporter = Exporter(lambda spans: sent.extend(spans) or True)
        >>> exporter.offer([b'{"id":"1","operation":"chat","received":0,"model":"m","status":200}'])
        >>> exporter.close(seconds=5.0), [span.name for span in sent]
        (True, ['chat m'])
    """

    def __init__(
        self,
        send: Sends,
        *,
        providers: Mapping[str, str] | None = None,
        content: bool = False,
        most: int = MOST_RECORDS,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._send = send
        self._providers = providers or {}
        self._content = content
        self._most = most
        self._most_bytes = most_bytes
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._changed = Condition()
        self._closing = False
        self._thread: Thread | None = None
        self.dropped = 0
        self.failed = 0
        self.exported = 0

    def offer(self, records: Sequence[bytes]) -> None:
        """Hand over records as they were drained; never waits."""
        with self._changed:
            if self._thread is None and not self._closing:
                # Begun here, and not when it was made: a process that is forked in between keeps no thread.
                self._thread = Thread(target=self._run, name="proveout-otlp", daemon=True)
                self._thread.start()
            for record in records:
                if self._closing or len(self._waiting) >= self._most or self._bytes + len(record) > self._most_bytes:
                    self.dropped += 1
                else:
                    self._waiting.append(record)
                    self._bytes += len(record)
            self._changed.notify()

    def close(self, seconds: float) -> bool:
        """Send what waits, for so long at most; whether all of it was tried. What is left is dropped and counted."""
        with self._changed:
            self._closing = True
            self._changed.notify()
            thread = self._thread
        if thread is not None:
            thread.join(seconds)
        with self._changed:
            self.dropped += len(self._waiting)
            self._waiting.clear()
            self._bytes = 0
        return thread is None or not thread.is_alive()

    def _run(self) -> None:
        while batch := self._next():
            spans = self._spans(batch)
            if not spans:
                continue
            if self._send(spans):
                self.exported += len(spans)
            else:
                self.failed += len(spans)

    def _next(self) -> list[bytes]:
        """Records to send next; none when it is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closing)
            batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
            self._bytes -= sum(map(len, batch))
            return batch

    def _spans(self, batch: Sequence[bytes]) -> list[SpanData]:
        spans: list[SpanData] = []
        for record in batch:
            try:
                read = _decode(record)
            except msgspec.DecodeError:
                self.failed += 1
                continue
            spans += spans_of(read, providers=self._providers, content=self._content)
        return spans


def otlp_sender(telemetry: Telemetry, *, version: str, environment: Mapping[str, str] | None = None) -> Sends:
    """Send by OTLP over HTTP (protobuf), as the OpenTelemetry SDK does.

    Args:
        telemetry: endpoint and headers; a base URL gets the path ``/v1/traces``.
        version: of Proveout.
        environment: where values ``env:NAME`` are read.

    Raises:
        ExtraMissing: the SDK is not installed.
        SettingsInvalid: a header names an environment variable that is not set.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415  optional, and slow to load
            OTLPSpanExporter,
        )
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415  as above
        from opentelemetry.sdk.trace.export import SpanExportResult  # noqa: PLC0415  as above
    except ImportError as error:
        fix = 'pip install "proveout[telemetry]"'
        raise ExtraMissing("cannot send spans", why=str(error), fix=fix, about=telemetry.otlp) from error
    headers = _headers(telemetry.headers, os.environ if environment is None else environment)
    exporter = OTLPSpanExporter(endpoint=_endpoint(telemetry.otlp), headers=headers, timeout=TIMEOUT_SECONDS)
    resource = Resource({"service.name": "proveout-gateway", "service.version": version}, names.SCHEMA_URL)

    def send(spans: Sequence[SpanData]) -> bool:
        return exporter.export([_readable(span, resource) for span in spans]) is SpanExportResult.SUCCESS

    return send


def _endpoint(url: str) -> str:
    scheme, _, rest = url.partition("://")
    host, _, path = rest.partition("/")
    return f"{scheme}://{host}/{path or 'v1/traces'}"


def _headers(headers: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for name, value in headers.items():
        variable = value.removeprefix("env:")
        if variable != value and variable not in environment:
            fix = f"set {variable}, or write the value itself"
            raise SettingsInvalid("a header has no value", why=f"{variable} is not set", fix=fix, about=name)
        found[name] = environment[variable] if variable != value else value
    return found


def _readable(span: SpanData, resource: Resource) -> ReadableSpan:
    from opentelemetry.sdk.trace import ReadableSpan  # noqa: PLC0415  optional, and slow to load
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope  # noqa: PLC0415  as above
    from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode  # noqa: PLC0415  as above

    trace = int(span.trace, 16)
    parent = SpanContext(trace, int(span.parent, 16), is_remote=span.remote) if span.parent else None
    attributes: dict[str, Any] = span.attributes
    return ReadableSpan(
        name=span.name,
        context=SpanContext(trace, int(span.span, 16), is_remote=False),
        parent=parent,
        resource=resource,
        attributes=attributes,
        kind=SpanKind.CLIENT if span.client else SpanKind.INTERNAL,
        instrumentation_scope=InstrumentationScope("proveout.gateway", schema_url=names.SCHEMA_URL),
        status=Status(StatusCode.ERROR) if span.failed else Status(StatusCode.UNSET),
        start_time=span.start,
        end_time=span.end,
    )
