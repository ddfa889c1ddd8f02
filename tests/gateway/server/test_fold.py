"""Figures of all workers, and spans that go where the settings say."""

from __future__ import annotations

import msgspec
import pytest

from proveout.errors import ExtraMissing
from proveout.gateway import Provider, RequestServed, Settings, Telemetry
from proveout.gateway.server import _fold
from proveout.gateway.server._fold import Fold
from proveout.gateway.telemetry import SpanData

RECORD = msgspec.json.encode(RequestServed(id="req_1", operation="chat", received=1, model="m", status=200))
COLLECTED = Settings(telemetry=Telemetry(otlp="http://collector:4318"))


@pytest.fixture
def collected(monkeypatch: pytest.MonkeyPatch) -> list[SpanData]:
    """Spans that a collector took."""
    taken: list[SpanData] = []

    def sender(telemetry: Telemetry, **_others: object) -> object:
        def send(spans: list[SpanData]) -> bool:
            taken.extend(spans)
            return True

        return send

    monkeypatch.setattr(_fold, "otlp_sender", sender)
    return taken


def test_records_are_counted_and_what_the_supervisor_knows_is_shown() -> None:
    fold = Fold(Settings(), wall=lambda: 1.0)
    fold.observe([RECORD, RECORD])
    fold.running, fold.restarts = 2, 1
    found = fold.render()
    assert b'proveout_requests_total{model="m",route="",status="200",task="",tier=""} 2.0' in found
    assert b"proveout_workers 2.0" in found
    assert b"proveout_worker_restarts 1.0" in found
    fold.close()


def test_spans_go_to_the_collector_that_is_in_force(collected: list[SpanData]) -> None:
    fold = Fold(Settings())
    fold.observe([RECORD])
    fold.use(COLLECTED)
    fold.observe([RECORD])
    fold.use(COLLECTED)
    fold.use(Settings())
    assert len(collected) == 1
    fold.observe([RECORD])
    fold.close()
    assert len(collected) == 1


def test_a_new_provider_is_known_to_the_spans(collected: list[SpanData]) -> None:
    fold = Fold(COLLECTED)
    before = fold._exporter
    fold.use(msgspec.structs.replace(COLLECTED, providers={"p": Provider(base_url="http://p/v1")}))
    assert fold._exporter is not before
    fold.close()


def test_without_the_extra_the_old_stays_in_force(monkeypatch: pytest.MonkeyPatch, collected: list[SpanData]) -> None:
    fold = Fold(COLLECTED)

    def missing(*_arguments: object, **_others: object) -> object:
        raise ExtraMissing("no spans", why="not installed", fix="install it", about="telemetry")

    monkeypatch.setattr(_fold, "otlp_sender", missing)
    with pytest.raises(ExtraMissing):
        fold.use(Settings(telemetry=Telemetry(otlp="http://other:4318")))
    fold.observe([RECORD])
    fold.close()
    assert len(collected) == 1
