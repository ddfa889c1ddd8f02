"""Spans reach a real OTLP receiver; a slow or dead one costs nothing but the spans."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from proveout.errors import SettingsInvalid
from proveout.gateway._settings import Telemetry
from proveout.gateway.telemetry import Exporter, SpanData, child_traceparent, otlp_sender

trace_service = pytest.importorskip("opentelemetry.proto.collector.trace.v1.trace_service_pb2")
Record = Callable[..., bytes]
PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


class Receiver:
    """An OTLP/HTTP receiver that keeps what it is sent."""

    def __init__(self, status: int = 200) -> None:
        self.requests: list[tuple[str, dict[str, str], Any]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                message = trace_service.ExportTraceServiceRequest.FromString(body)
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.requests.append((self.path, headers, message))
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


def plain(value: Any) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [plain(one) for one in value.array_value.values]
    return getattr(value, kind)


def test_a_real_receiver_reads_what_was_recorded(receiver: Receiver, record: Record) -> None:
    telemetry = Telemetry(otlp=receiver.url, headers={"x-team": "desk", "authorization": "env:COLLECTOR"})
    send = otlp_sender(telemetry, version="1.2.3", environment={"COLLECTOR": "Bearer s3cret"})
    exporter = Exporter(send, providers={"main": "openai"})
    exporter.offer(
        [
            record(id="w1-1", trace=PARENT, tokens_in=5, stages={"upstream": 1000}, documents=[["a.md", "v1"]]),
            record(id="w1-2", status=502, error="upstream_failed", confidence=0.5),
        ]
    )
    assert exporter.close(10)
    assert (exporter.exported, exporter.failed, exporter.dropped) == (3, 0, 0)
    ((path, headers, message),) = receiver.requests
    assert path == "/v1/traces"
    assert (headers["x-team"], headers["authorization"]) == ("desk", "Bearer s3cret")
    assert headers["content-type"] == "application/x-protobuf"
    (resource,) = message.resource_spans
    named = {pair.key: plain(pair.value) for pair in resource.resource.attributes}
    assert named == {"service.name": "proveout-gateway", "service.version": "1.2.3"}
    (scope,) = resource.scope_spans
    assert (scope.scope.name, scope.schema_url) == ("proveout.gateway", "https://opentelemetry.io/schemas/1.41.1")
    root, stage, failed = scope.spans
    assert root.name == "chat gpt-5-mini"
    assert root.kind == root.SPAN_KIND_CLIENT
    assert f"00-{root.trace_id.hex()}-{root.span_id.hex()}-01" == child_traceparent(PARENT, "w1-1")
    assert root.parent_span_id.hex() == "00f067aa0ba902b7"
    assert root.end_time_unix_nano - root.start_time_unix_nano == 50_000_000
    attributes = {pair.key: plain(pair.value) for pair in root.attributes}
    assert attributes["gen_ai.usage.input_tokens"] == 5
    assert attributes["proveout.documents"] == ["a.md@v1"]
    assert (stage.name, stage.parent_span_id) == ("upstream", root.span_id)
    assert failed.status.code == failed.status.STATUS_CODE_ERROR
    assert failed.parent_span_id == b""


@pytest.mark.parametrize(
    ("path", "expected"), [("", "/v1/traces"), ("/", "/v1/traces"), ("/otlp/v1/traces", "/otlp/v1/traces")]
)
def test_a_base_url_gets_the_path_of_traces(receiver: Receiver, record: Record, path: str, expected: str) -> None:
    exporter = Exporter(otlp_sender(Telemetry(otlp=receiver.url + path), version="1"))
    exporter.offer([record()])
    assert exporter.close(10)
    assert [request[0] for request in receiver.requests] == [expected]


def test_a_receiver_that_refuses_is_counted(record: Record, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    refusing = Receiver(status=400)
    exporter = Exporter(otlp_sender(Telemetry(otlp=refusing.url), version="1"))
    exporter.offer([record()])
    assert exporter.close(10)
    refusing.close()
    assert (exporter.exported, exporter.failed) == (0, 1)


def test_a_header_without_a_value_says_so() -> None:
    with pytest.raises(SettingsInvalid, match="COLLECTOR is not set"):
        otlp_sender(Telemetry(otlp="http://localhost", headers={"a": "env:COLLECTOR"}), version="1", environment={})


class Stuck:
    """A collector that takes a connection and never answers."""

    def __init__(self) -> None:
        self.release = threading.Event()
        self.began = threading.Event()

    def __call__(self, spans: Sequence[SpanData]) -> bool:
        del spans
        self.began.set()
        return not self.release.wait(30)


def test_a_collector_that_hangs_holds_up_nobody_and_grows_nothing(record: Record) -> None:
    stuck = Stuck()
    exporter = Exporter(stuck, most=100)
    batch = [record()] * 50
    exporter.offer(batch)
    assert stuck.began.wait(5)
    started = time.perf_counter()
    for _ in range(100):
        exporter.offer(batch)
    assert time.perf_counter() - started < 1.0
    assert len(exporter._waiting) == 100
    assert exporter.dropped == 4900
    assert not exporter.close(0.05)
    assert exporter.dropped == 5000
    stuck.release.set()


def test_the_bytes_that_wait_are_bounded_too(record: Record) -> None:
    stuck = Stuck()
    exporter = Exporter(stuck, most_bytes=10_000)
    exporter.offer([record()])
    assert stuck.began.wait(5)
    exporter.offer([record(answer="x" * 3000)] * 10)
    assert len(exporter._waiting) == 3
    assert exporter.dropped == 7
    stuck.release.set()
    exporter.close(5)


def test_a_dead_collector_is_counted(
    record: Record, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.CRITICAL)
    monkeypatch.setattr("proveout.gateway.telemetry._exporter.TIMEOUT_SECONDS", 0.2)
    closed = Receiver()
    closed.close()
    exporter = Exporter(otlp_sender(Telemetry(otlp=closed.url), version="1"))
    exporter.offer([record()])
    assert exporter.close(5)
    assert (exporter.exported, exporter.failed) == (0, 1)


def test_what_is_no_record_is_counted_and_the_rest_is_sent(record: Record) -> None:
    sent: list[SpanData] = []

    def send(spans: Sequence[SpanData]) -> bool:
        sent.extend(spans)
        return True

    exporter = Exporter(send)
    exporter.offer([b"nonsense", record()])
    assert exporter.close(5)
    assert (len(sent), exporter.failed, exporter.exported) == (1, 1, 1)


def test_nothing_is_taken_after_the_end(record: Record) -> None:
    exporter = Exporter(lambda _: True)
    assert exporter.close(1)
    exporter.offer([record()])
    assert exporter.dropped == 1
