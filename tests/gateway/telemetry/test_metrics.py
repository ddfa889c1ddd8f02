"""Metrics: what is counted, that it stays small, and that the ledger gives the same."""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from proveout.gateway._entries import RequestServed
from proveout.gateway.telemetry import Metrics, Reading
from proveout.ledger import Ledger
from proveout.store import Workspace

Record = Callable[..., bytes]
INPUT, OUTPUT = {"gen_ai_token_type": "input"}, {"gen_ai_token_type": "output"}


def samples(metrics: Metrics) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    text = metrics.render(1_790_000_010.0).decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(metrics: Metrics, name: str, **labels: str) -> float:
    return samples(metrics)[name, tuple(sorted(labels.items()))]


def total(metrics: Metrics, name: str) -> float:
    return sum(found for (sample, _), found in samples(metrics).items() if sample == name)


def test_requests_by_what_they_were(record: Record) -> None:
    metrics = Metrics()
    metrics.observe([record(), record(tier="free"), record(), record(task="desk", model="desk", route="task:desk/one")])
    plain = {"task": "", "model": "gpt-5-mini", "route": "provider:main", "tier": "", "status": "200"}
    assert value(metrics, "proveout_requests_total", **plain) == 2
    assert value(metrics, "proveout_requests_total", **(plain | {"tier": "free"})) == 1
    assert total(metrics, "proveout_requests_total") == 4


def test_latency_in_buckets(record: Record) -> None:
    metrics = Metrics()
    metrics.observe([record(microseconds=micros) for micros in (400, 500, 501, 10_000, 10_001, 10**9)])
    labels = {"task": "", "route": "provider:main", "tier": ""}

    def below(bound: str) -> float:
        return value(metrics, "proveout_request_duration_seconds_bucket", **labels, le=bound)

    assert [below(bound) for bound in ("0.0005", "0.001", "0.01", "0.02", "81.92", "+Inf")] == [2, 3, 4, 5, 5, 6]
    assert value(metrics, "proveout_request_duration_seconds_sum", **labels) == pytest.approx(1000.021402)
    model = {
        "gen_ai_operation_name": "chat",
        "gen_ai_provider_name": "main",
        "gen_ai_request_model": "gpt-5-mini",
    }
    assert value(metrics, "gen_ai_server_request_duration_seconds_bucket", **model, error_type="", le="0.01") == 4
    assert value(metrics, "gen_ai_server_request_duration_seconds_count", **model, error_type="") == 6


def test_first_tokens_tokens_and_money(record: Record) -> None:
    metrics = Metrics()
    metrics.observe(
        [
            record(tokens_in=100, tokens_out=10, usd=0.001, stages={"first_token": 9_000, "upstream": 5}),
            record(tokens_in=3, tokens_out=4, tokens_estimated=True, usd_unknown=True),
            record(status=502, error="upstream_failed", stages={"first_token": 5}, attempts=3),
        ]
    )
    model = {"gen_ai_operation_name": "chat", "gen_ai_provider_name": "main", "gen_ai_request_model": "gpt-5-mini"}
    assert value(metrics, "gen_ai_server_time_to_first_token_seconds_count", **model) == 1
    assert value(metrics, "gen_ai_server_time_to_first_token_seconds_sum", **model) == 0.009
    assert value(metrics, "gen_ai_client_token_usage_sum", **model, **INPUT) == 100
    assert value(metrics, "gen_ai_client_token_usage_count", **model, **OUTPUT) == 1
    tokens = {"task": "", "model": "gpt-5-mini"}
    assert value(metrics, "proveout_tokens_total", **tokens, type="output", estimated="true") == 4
    assert value(metrics, "proveout_tokens_total", **tokens, type="output", estimated="false") == 10
    assert total(metrics, "proveout_usd_total") == 0.001
    assert total(metrics, "proveout_unpriced_requests_total") == 1
    assert total(metrics, "proveout_upstream_attempts_total") == 3


def test_refusals_caches_and_guards(record: Record) -> None:
    metrics = Metrics()
    metrics.observe(
        [
            record(status=429, error="rate_limit_exceeded", route=""),
            record(status=429, error="rate_limit_exceeded", route=""),
            record(cache="exact", route="cache"),
            record(cache="miss", verdicts=[["pii", "clean"], ["injection", "refused"]]),
        ]
    )
    assert value(metrics, "proveout_refusals_total", task="", code="rate_limit_exceeded") == 2
    assert value(metrics, "proveout_cache_lookups_total", task="", result="exact") == 1
    assert value(metrics, "proveout_guard_verdicts_total", guard="injection", verdict="refused") == 1


def test_what_is_not_in_records_is_read_when_it_is_rendered(record: Record) -> None:
    fill = [0.25]
    metrics = Metrics(
        [
            Reading("proveout_ring_fill_ratio", "How full.", lambda: fill[0]),
            Reading("proveout_breaker_open", "Whether.", lambda: {"main": 1.0, "spare": 0.0}, label="provider"),
            Reading("proveout_spans_dropped", "Spans.", lambda: 7, kind="counter"),
        ]
    )
    metrics.observe([record()])
    fill[0] = 0.5
    assert value(metrics, "proveout_ring_fill_ratio") == 0.5
    assert value(metrics, "proveout_breaker_open", provider="main") == 1
    assert value(metrics, "proveout_spans_dropped_total") == 7
    assert value(metrics, "proveout_newest_record_age_seconds") == pytest.approx(10.0)


def test_names_that_clients_make_up_do_not_grow_it(record: Record) -> None:
    metrics = Metrics(most_values=20, most_series=200)
    refused = msgspec.json.decode(record(status=404, error="model_not_found", route=""))
    answered = msgspec.json.decode(record())

    def turn(first: int) -> None:
        for at in range(first, first + 10_000, 500):
            names = [f"model-{number}" for number in range(at, at + 500)]
            metrics.observe([msgspec.json.encode(refused | {"model": name}) for name in names])
            metrics.observe([msgspec.json.encode(answered | {"model": name}) for name in names])

    tracemalloc.start()
    try:
        turn(0)
        before, _ = tracemalloc.get_traced_memory()
        for round_ in range(1, 10):
            turn(round_ * 10_000)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 16 * 1024
    assert len(metrics.series) <= 22
    assert total(metrics, "proveout_requests_total") == 200_000
    # What was never answered has no label of its own, so that it cannot take one away either.
    assert len({label.model for label in metrics.series if label.status == 404}) <= 21


def test_every_label_is_bounded_at_once(record: Record) -> None:
    metrics = Metrics(most_values=20, most_series=100)
    rng = random.Random(1)
    plain = msgspec.json.decode(record())
    fields = ("operation", "model", "task", "route", "tier", "error", "cache")
    for _ in range(20_000):
        made = {field: f"{field}-{rng.randrange(1000)}" for field in fields}
        metrics.observe([msgspec.json.encode(plain | made | {"status": rng.randrange(1000)})])
    assert len(metrics.series) < 100 + 21 * 11
    assert len(metrics._by_fields) <= len(metrics.series)
    assert sum(series.count for series in metrics.series.values()) == 20_000


def test_a_name_that_holds_anything_is_written_so_that_it_can_be_read(record: Record) -> None:
    metrics = Metrics()
    nasty = 'a"b\\c\nd{} 1\u2028é'
    metrics.observe([record(model=nasty)])
    labels = {"task": "", "model": nasty, "route": "provider:main", "tier": "", "status": "200"}
    assert value(metrics, "proveout_requests_total", **labels) == 1


def test_what_is_no_record_is_counted(record: Record) -> None:
    metrics = Metrics()
    metrics.observe([b"", b"nonsense", b'{"id":1}', record()])
    assert value(metrics, "proveout_records_unreadable_total") == 3
    assert total(metrics, "proveout_requests_total") == 1


MADE = st.builds(
    RequestServed,
    id=st.just("x"),
    operation=st.sampled_from(["chat", "embeddings"]),
    received=st.integers(0, 2**60),
    model=st.sampled_from(["a", "b", "c", "d"]),
    status=st.sampled_from([200, 404, 502]),
    route=st.sampled_from(["", "cache", "provider:p"]),
    usd=st.floats(0, 10),
    tokens_in=st.integers(0, 10**6),
    tokens_estimated=st.booleans(),
    microseconds=st.integers(0, 10**9),
    stages=st.dictionaries(st.sampled_from(["first_token", "upstream"]), st.integers(0, 10**8)),
    verdicts=st.lists(st.tuples(st.sampled_from("xy"), st.sampled_from("pq")), max_size=2).map(tuple),
)


@given(st.lists(MADE, max_size=30), st.integers(1, 7))
def test_it_does_not_matter_how_records_are_drained(records: list[RequestServed], size: int) -> None:
    encoded = [msgspec.json.encode(record) for record in records]
    whole, pieces = Metrics(), Metrics()
    whole.observe(encoded)
    for at in range(0, len(encoded), size):
        pieces.observe(encoded[at : at + size])
    assert whole.series == pieces.series
    assert samples(whole) == samples(pieces)
    assert sum(series.count for series in whole.series.values()) == len(records)


def test_the_ledger_gives_the_same(tmp_path: Path) -> None:
    rng = random.Random(5)
    records = [
        RequestServed(
            id=str(number),
            operation="chat",
            received=number,
            model=f"m{rng.randrange(150)}",
            status=rng.choice([200, 200, 404, 502]),
            route=rng.choice(["cache", "provider:a", "task:desk/one"]),
            tokens_in=rng.randrange(10_000),
            usd=rng.random(),
            microseconds=rng.randrange(10**6),
            stages={"first_token": rng.randrange(10**6)},
            verdicts=(("pii", "clean"),),
        )
        for number in range(1000)
    ]
    live = Metrics()
    with Ledger.open(Workspace(tmp_path)) as ledger:
        for at in range(0, len(records), 100):
            batch = records[at : at + 100]
            ledger.append_many(batch)
            live.observe([msgspec.json.encode(one) for one in batch])
    rebuilt = Metrics.from_ledger(Workspace(tmp_path))
    assert rebuilt.series == live.series
    assert rebuilt.render(2.0) == live.render(2.0)
    assert len(live.series) > 100
