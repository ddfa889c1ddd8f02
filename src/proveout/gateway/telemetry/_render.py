"""Metrics as families for the Prometheus client library, which writes and escapes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import msgspec

from proveout.errors import ExtraMissing
from proveout.gateway.telemetry import _conventions as names
from proveout.gateway.telemetry._metrics import NANO, SECONDS, Label, Metrics, Series

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

__all__ = ["render"]

MICRO = 1_000_000
_REQUEST = ("task", "model", "route", "tier", "status")
_MODEL = tuple(name.replace(".", "_") for name in (names.OPERATION, names.PROVIDER, names.REQUEST_MODEL))
_TOKEN = names.TOKEN_TYPE.replace(".", "_")


class _Counter(msgspec.Struct, frozen=True):
    """A counter: how it is told apart, and what it counts of a series."""

    name: str
    help: str
    labels: tuple[str, ...]
    values: Callable[[Label, Series], Iterator[tuple[tuple[str, ...], float]]]


class _Histogram(msgspec.Struct, frozen=True):
    """A histogram: bounds, how it is told apart, and what of a series falls into it: labels, bins and sum."""

    name: str
    help: str
    labels: tuple[str, ...]
    bounds: Sequence[float]
    values: Callable[[Label, Series], Iterator[tuple[tuple[str, ...], list[int], float]]]


def _model(label: Label) -> tuple[str, ...]:
    """Labels of the conventions; the provider's own name, as a well-known value would merge two of one kind."""
    kind, _, name = label.route.partition(":")
    operation = names.OPERATIONS.get(label.operation, label.operation)
    return operation, name if kind == "provider" else names.OWN, label.model


def _requests(label: Label, series: Series) -> Iterator[tuple[tuple[str, ...], float]]:
    yield (label.task, label.model, label.route, label.tier, str(label.status)), series.count


def _refusals(label: Label, series: Series) -> Iterator[tuple[tuple[str, ...], float]]:
    if label.error:
        yield (label.task, label.error), series.count


def _lookups(label: Label, series: Series) -> Iterator[tuple[tuple[str, ...], float]]:
    if label.cache:
        yield (label.task, label.cache), series.count


def _tokens(label: Label, series: Series) -> Iterator[tuple[tuple[str, ...], float]]:
    yield (label.task, label.model, "input", "false"), series.tokens_in
    yield (label.task, label.model, "output", "false"), series.tokens_out
    if series.estimated_in or series.estimated_out:
        yield (label.task, label.model, "input", "true"), series.estimated_in
        yield (label.task, label.model, "output", "true"), series.estimated_out


def _usd(label: Label, series: Series) -> Iterator[tuple[tuple[str, ...], float]]:
    yield (label.task, label.model, label.route, label.tier), series.nano_usd / NANO


def _unpriced(label: Label, series: Series) -> Iterator[tuple[tuple[str, ...], float]]:
    if series.unpriced:
        yield (label.task, label.model), series.unpriced


def _attempts(label: Label, series: Series) -> Iterator[tuple[tuple[str, ...], float]]:
    if series.attempts:
        yield (label.route,), series.attempts


COUNTERS = (
    _Counter("proveout_requests", "Requests that were answered or refused.", _REQUEST, _requests),
    _Counter("proveout_refusals", "Requests answered with an error, by its code.", ("task", "code"), _refusals),
    _Counter("proveout_cache_lookups", "What the cache had: exact, semantic or miss.", ("task", "result"), _lookups),
    _Counter("proveout_tokens", "Tokens paid for.", ("task", "model", "type", "estimated"), _tokens),
    _Counter("proveout_usd", "US dollars paid to providers.", ("task", "model", "route", "tier"), _usd),
    _Counter("proveout_unpriced_requests", "Requests whose price is not known.", ("task", "model"), _unpriced),
    _Counter("proveout_upstream_attempts", "Calls made to providers.", ("route",), _attempts),
)


def _seconds(label: Label, series: Series) -> Iterator[tuple[tuple[str, ...], list[int], float]]:
    yield (label.task, label.route, label.tier), series.seconds_bins, series.micros / MICRO


def _model_seconds(label: Label, series: Series) -> Iterator[tuple[tuple[str, ...], list[int], float]]:
    finer = len(SECONDS) - len(names.DURATION_BUCKETS)
    bins = [sum(series.seconds_bins[: finer + 1]), *series.seconds_bins[finer + 1 :]]
    yield (*_model(label), label.error), bins, series.micros / MICRO


def _first_token(label: Label, series: Series) -> Iterator[tuple[tuple[str, ...], list[int], float]]:
    if any(series.first_bins):
        yield _model(label), series.first_bins, series.first_micros / MICRO


def _usage(label: Label, series: Series) -> Iterator[tuple[tuple[str, ...], list[int], float]]:
    if any(series.in_bins):
        yield (*_model(label), "input"), series.in_bins, series.tokens_in
        yield (*_model(label), "output"), series.out_bins, series.tokens_out


def _prometheus(name: str, unit: str = "") -> str:
    """A name of the conventions in Prometheus' style: underscores, and the unit at its end."""
    return name.replace(".", "_") + unit


HISTOGRAMS = (
    _Histogram(
        "proveout_request_duration_seconds",
        "From a request's arrival to the last byte of its answer.",
        ("task", "route", "tier"),
        SECONDS,
        _seconds,
    ),
    _Histogram(
        _prometheus(names.REQUEST_DURATION, "_seconds"),
        "The same by model, as OpenTelemetry names it.",
        (*_MODEL, "error_type"),
        names.DURATION_BUCKETS,
        _model_seconds,
    ),
    _Histogram(
        _prometheus(names.TIME_TO_FIRST_TOKEN, "_seconds"),
        "To the first token of answers that came in events.",
        _MODEL,
        names.FIRST_TOKEN_BUCKETS,
        _first_token,
    ),
    _Histogram(
        _prometheus(names.TOKEN_USAGE),
        "Tokens of a request that the provider counted.",
        (*_MODEL, _TOKEN),
        names.TOKEN_BUCKETS,
        _usage,
    ),
)


def render(metrics: Metrics, now: float) -> bytes:
    """All families, in the text format of Prometheus.

    Raises:
        ExtraMissing: prometheus-client is not installed.
    """
    try:
        from prometheus_client import generate_latest  # noqa: PLC0415  only the supervisor renders
    except ImportError as error:
        fix = 'pip install "proveout[gateway]"'
        raise ExtraMissing("cannot render metrics", why=str(error), fix=fix, about="/metrics") from error
    return generate_latest(_Collector(metrics, now))


class _Collector:
    """What `prometheus_client.generate_latest` asks for."""

    def __init__(self, metrics: Metrics, now: float) -> None:
        self._metrics = metrics
        self._now = now

    def collect(self) -> Iterator[Metric]:
        """Every family, in a stable order."""
        series = list(self._metrics.series.items())
        yield from (_counter(family, series) for family in COUNTERS)
        yield from (_histogram(family, series) for family in HISTOGRAMS)
        yield from _rest(self._metrics, self._now)
        for reading in self._metrics.readings:
            value = reading.read()
            values = value.items() if not isinstance(value, int | float) else (("", value),)
            labels = (reading.label,) if reading.label else ()
            rows = [((name,) if labels else (), float(one)) for name, one in values]
            yield _family(reading.kind, reading.name, reading.help, labels, rows)


def _rest(metrics: Metrics, now: float) -> Iterator[Metric]:
    verdicts = [(at, float(count)) for at, count in sorted(metrics.verdicts.items())]
    help_ = "What guards said of inputs and answers."
    yield _family("counter", "proveout_guard_verdicts", help_, ("guard", "verdict"), verdicts)
    help_ = "Records that could not be read, or were erased."
    yield _family("counter", "proveout_records_unreadable", help_, (), [((), float(metrics.unreadable))])
    help_ = "Series that are counted; beyond the most there may be, the rest is counted as other."
    yield _family("gauge", "proveout_metric_series", help_, (), [((), float(len(metrics.series)))])
    if metrics.newest:
        help_ = "Seconds since the newest recorded request came."
        yield _family("gauge", "proveout_newest_record_age_seconds", help_, (), [((), now - metrics.newest / NANO)])


def _family(
    kind: str, name: str, help_: str, labels: tuple[str, ...], rows: Sequence[tuple[tuple[str, ...], float]]
) -> Metric:
    from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily  # noqa: PLC0415  as in render

    family: Any = (CounterMetricFamily if kind == "counter" else GaugeMetricFamily)(name, help_, labels=labels)
    for values, value in rows:
        family.add_metric(values, value)
    found: Metric = family
    return found


def _counter(family: _Counter, series: list[tuple[Label, Series]]) -> Metric:
    totals: dict[tuple[str, ...], float] = {}
    for label, one in series:
        for labels, value in family.values(label, one):
            totals[labels] = totals.get(labels, 0) + value
    return _family("counter", family.name, family.help, family.labels, sorted(totals.items()))


def _histogram(family: _Histogram, series: list[tuple[Label, Series]]) -> Metric:
    from prometheus_client.metrics_core import HistogramMetricFamily  # noqa: PLC0415  as in render

    totals: dict[tuple[str, ...], tuple[list[int], float]] = {}
    for label, one in series:
        for labels, bins, value in family.values(label, one):
            before, total = totals.get(labels, ([0] * len(bins), 0.0))
            totals[labels] = ([a + b for a, b in zip(before, bins, strict=True)], total + value)
    bounds = [*(repr(float(bound)) for bound in family.bounds), "+Inf"]
    found = HistogramMetricFamily(family.name, family.help, labels=family.labels)
    for labels, (bins, total) in sorted(totals.items()):
        found.add_metric(labels, list(zip(bounds, accumulate(bins), strict=True)), total)
    return found
