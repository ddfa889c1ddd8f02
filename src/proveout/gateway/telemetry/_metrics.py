"""Metrics as a fold over records: the same whether live or from the ledger."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from proveout.errors import SubjectErased
from proveout.gateway.telemetry._conventions import DURATION_BUCKETS, FIRST_TOKEN_BUCKETS, TOKEN_BUCKETS

if TYPE_CHECKING:
    from proveout.store import Workspace

__all__ = ["METRICS_TYPE", "OTHER", "Label", "Metrics", "Reading", "Series"]

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
OTHER = "other"
# An answer from the cache or from rules takes less than the first boundary that the conventions advise.
SECONDS = (0.0005, 0.001, 0.0025, 0.005, *DURATION_BUCKETS)
MOST_VALUES = 100
MOST_SERIES = 1000
_BATCH = 4096
_FAILED = 400
# Whole numbers, so that the sum does not depend on the order of records.
NANO = 1_000_000_000
_micros = [round(bound * 1_000_000) for bound in SECONDS]
_first_micros = [round(bound * 1_000_000) for bound in FIRST_TOKEN_BUCKETS]


class _Stages(msgspec.Struct, gc=False):
    first_token: int = -1


class _Seen(msgspec.Struct, gc=False):
    """What of a `RequestServed` is measured; the rest is skipped and never built."""

    operation: str
    model: str
    status: int
    received: int = 0
    task: str = ""
    tier: str = ""
    route: str = ""
    cache: str = ""
    error: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_estimated: bool = False
    usd: float = 0.0
    usd_unknown: bool = False
    attempts: int = 0
    microseconds: int = 0
    verdicts: tuple[tuple[str, str], ...] = ()
    stages: _Stages | None = None


class Label(msgspec.Struct, frozen=True):
    """What tells one series from another."""

    operation: str
    task: str
    model: str
    route: str
    tier: str
    status: int
    error: str
    cache: str


class Series:
    """What was counted of requests that are alike."""

    __slots__ = (
        "attempts",
        "count",
        "estimated_in",
        "estimated_out",
        "first_bins",
        "first_micros",
        "in_bins",
        "micros",
        "nano_usd",
        "out_bins",
        "seconds_bins",
        "tokens_in",
        "tokens_out",
        "unpriced",
    )

    def __init__(self) -> None:
        self.count = self.micros = self.first_micros = self.nano_usd = self.unpriced = self.attempts = 0
        self.tokens_in = self.tokens_out = self.estimated_in = self.estimated_out = 0
        self.seconds_bins = [0] * (len(SECONDS) + 1)
        self.first_bins = [0] * (len(FIRST_TOKEN_BUCKETS) + 1)
        self.in_bins = [0] * (len(TOKEN_BUCKETS) + 1)
        self.out_bins = [0] * (len(TOKEN_BUCKETS) + 1)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Series) and all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    __hash__ = None  # type: ignore[assignment]  # it changes


class Reading(msgspec.Struct, frozen=True):
    """A figure that is read when metrics are rendered.

    Attributes:
        name: in Prometheus' style.
        help: one line.
        read: its value, or a value for each of a label.
        label: what values are told apart by.
        kind: ``gauge``, or ``counter`` for one that only grows.
    """

    name: str
    help: str
    read: Callable[[], float | Mapping[str, float]]
    label: str = ""
    kind: str = "gauge"


class _Values:
    """The first values of a label; what comes after is one value together."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: dict[str, str] = {"": ""}

    def fold(self, value: str, *, known: bool) -> str:
        found = self._kept.get(value)
        if found is not None:
            return found
        if not known or len(self._kept) > self._most:
            return OTHER
        self._kept[value] = value
        return value


class Metrics:
    """Counts by task, model, route, tier and status, and what is read when they are rendered.

    However many names clients make up, memory stays the same: a model has a label of its own once a request for it
    was answered, and beyond ``most_values`` of a label, and ``most_series`` in all, the rest is ``other``.

    Args:
        readings: figures that are not in records: of the ring, the writer, breakers and spans.
        most_values: of each label.
        most_series: in all.

    Example:
        >>> metrics = Metrics()
        >>> metrics.observe([b'{"id":"1","operation":"chat","received":0,"model":"m","status":200}'])
        >>> [(label.model, series.count) for label, series in metrics.series.items()]
        [('m', 1)]
    """

    def __init__(
        self, readings: Iterable[Reading] = (), *, most_values: int = MOST_VALUES, most_series: int = MOST_SERIES
    ) -> None:
        self.readings = tuple(readings)
        self.verdicts: dict[tuple[str, str], int] = {}
        self.unreadable = 0
        self.newest = 0
        self._most_series = most_series
        self._by_fields: dict[tuple[str, str, str, str, str, int, str, str], Series] = {}
        self.series: dict[Label, Series] = {}
        self._models = _Values(most_values)
        self._others = {name: _Values(most_values) for name in ("operation", "task", "route", "tier", "error", "cache")}
        self._guards = _Values(most_values)
        self._decode = msgspec.json.Decoder(_Seen).decode

    def observe(self, records: Iterable[bytes]) -> None:
        """Count records as they were drained: the JSON of `RequestServed`."""
        decode, by_fields = self._decode, self._by_fields
        for record in records:
            try:
                seen = decode(record)
            except msgspec.DecodeError:
                self.unreadable += 1
                continue
            fields = (
                seen.operation,
                seen.task,
                seen.model,
                seen.route,
                seen.tier,
                seen.status,
                seen.error,
                seen.cache,
            )
            series = by_fields.get(fields)
            if series is None:
                series = self._series(fields)
            self._count(series, seen)

    def _count(self, series: Series, seen: _Seen) -> None:
        micros = seen.microseconds
        series.count += 1
        series.micros += micros
        series.seconds_bins[bisect_left(_micros, micros)] += 1
        if seen.received > self.newest:  # noqa: PLR1730  max() takes three times as long, for every record
            self.newest = seen.received
        if seen.tokens_in or seen.tokens_out:
            _count_tokens(series, seen)
        if seen.usd:
            series.nano_usd += round(seen.usd * NANO)
        if seen.usd_unknown:
            series.unpriced += 1
        series.attempts += seen.attempts
        stages = seen.stages
        if stages is not None and stages.first_token >= 0 and seen.status < _FAILED:
            series.first_micros += stages.first_token
            series.first_bins[bisect_left(_first_micros, stages.first_token)] += 1
        if seen.verdicts:
            self._count_verdicts(seen.verdicts)

    def _count_verdicts(self, verdicts: tuple[tuple[str, str], ...]) -> None:
        for guard, verdict in verdicts:
            at = (self._guards.fold(guard, known=True), self._guards.fold(verdict, known=True))
            self.verdicts[at] = self.verdicts.get(at, 0) + 1

    def _series(self, fields: tuple[str, str, str, str, str, int, str, str]) -> Series:
        operation, task, model, route, tier, status, error, cache = fields
        others = self._others
        label = Label(
            others["operation"].fold(operation, known=True),
            others["task"].fold(task, known=True),
            self._models.fold(model, known=status < _FAILED),
            others["route"].fold(route, known=True),
            others["tier"].fold(tier, known=True),
            status if 100 <= status < 600 else 0,  # noqa: PLR2004  HTTP's own
            others["error"].fold(error, known=True),
            others["cache"].fold(cache, known=True),
        )
        if label not in self.series and len(self.series) >= self._most_series:
            label = Label(label.operation, OTHER, OTHER, OTHER, OTHER, status // 100 * 100, OTHER, OTHER)
        series = self.series.get(label)
        if series is None:
            series = self.series[label] = Series()
        # Names that were folded are not remembered: there may be any number of them.
        if label.model == model and OTHER not in (label.task, label.route, label.error, label.tier):
            self._by_fields[fields] = series
        return series

    def render(self, now: float) -> bytes:
        """In the text format of Prometheus, version 0.0.4.

        Args:
            now: seconds since the epoch.

        Raises:
            ExtraMissing: prometheus-client is not installed.
        """
        from proveout.gateway.telemetry._render import render  # noqa: PLC0415  imports prometheus-client

        return render(self, now)

    @classmethod
    def from_ledger(cls, workspace: Workspace, readings: Iterable[Reading] = ()) -> Metrics:
        """The same fold over what the ledger holds; a body that was erased counts as unreadable.

        Raises:
            LedgerCorrupt: the log is damaged, or there is none.
        """
        from proveout.ledger import LedgerReader  # noqa: PLC0415  only a start-up reads the log

        metrics = cls(readings)
        with LedgerReader.open(workspace) as reader:
            records = _payloads(reader.entries(kind="gateway.request"), metrics)
            while batch := list(islice(records, _BATCH)):
                metrics.observe(batch)
        return metrics


def _payloads(entries: Iterable[object], metrics: Metrics) -> Iterator[bytes]:
    for entry in entries:
        try:
            yield entry.payload()  # type: ignore[attr-defined]
        except SubjectErased:
            metrics.unreadable += 1


def _count_tokens(series: Series, seen: _Seen) -> None:
    if seen.tokens_estimated:
        series.estimated_in += seen.tokens_in
        series.estimated_out += seen.tokens_out
        return
    series.tokens_in += seen.tokens_in
    series.tokens_out += seen.tokens_out
    series.in_bins[bisect_left(TOKEN_BUCKETS, seen.tokens_in)] += 1
    series.out_bins[bisect_left(TOKEN_BUCKETS, seen.tokens_out)] += 1
