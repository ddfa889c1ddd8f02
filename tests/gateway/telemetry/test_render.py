"""The text of /metrics: one that Prometheus' own parser reads, with names that it allows."""

from __future__ import annotations

import builtins
import re
from collections.abc import Callable
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from proveout.errors import ExtraMissing
from proveout.gateway.telemetry import METRICS_TYPE, Metrics
from proveout.gateway.telemetry._render import COUNTERS, HISTOGRAMS

Record = Callable[..., bytes]


def test_each_family_is_there_once_and_can_be_parsed(record: Record) -> None:
    metrics = Metrics()
    metrics.observe(
        [record(tokens_in=1, stages={"first_token": 1}, cache="miss", usd=1.0, model=f"m{n}") for n in range(5)]
    )
    text = metrics.render(0.0).decode()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert set(families) >= {family.name for family in (*COUNTERS, *HISTOGRAMS)}
    heads = re.findall(r"^# TYPE (\S+)", text, re.MULTILINE)
    assert len(heads) == len(set(heads))
    assert all(family.documentation for family in families.values())
    assert "_created" not in text
    assert METRICS_TYPE.startswith("text/plain; version=0.0.4")


def test_buckets_only_grow_and_end_in_the_count(record: Record) -> None:
    metrics = Metrics()
    metrics.observe([record(microseconds=4**power, tokens_in=2**power, tokens_out=1) for power in range(15)])
    seen = 0
    for family in text_string_to_metric_families(metrics.render(0.0).decode()):
        if family.type != "histogram":
            continue
        by_series: dict[str, list[float]] = {}
        counts: dict[str, float] = {}
        for sample in family.samples:
            labels = repr(sorted((k, v) for k, v in sample.labels.items() if k != "le"))
            if sample.name.endswith("_bucket"):
                by_series.setdefault(labels, []).append(sample.value)
            elif sample.name.endswith("_count"):
                counts[labels] = sample.value
        seen += bool(by_series)
        for labels, buckets in by_series.items():
            assert buckets == sorted(buckets)
            assert buckets[-1] == counts[labels] == 15
    assert seen == 3


def test_nothing_recorded_is_rendered_too() -> None:
    assert b"proveout_records_unreadable_total 0.0" in Metrics().render(0.0)


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *rest: Any, **more: Any) -> Any:
        if name == "prometheus_client":
            raise ImportError("No module named 'prometheus_client'")
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(ExtraMissing, match=r"proveout\[gateway\]"):
        Metrics().render(0.0)
