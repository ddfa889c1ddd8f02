"""What leaves the gateway besides the ledger: spans, metrics and health; all folds over its records."""

from proveout.gateway.telemetry._exporter import Exporter, otlp_sender
from proveout.gateway.telemetry._health import Health, liveness, readiness
from proveout.gateway.telemetry._metrics import METRICS_TYPE, Label, Metrics, Reading, Series
from proveout.gateway.telemetry._spans import SpanData, provider_names, spans_of
from proveout.gateway.telemetry._trace_context import (
    TraceParent,
    child_traceparent,
    parse_traceparent,
    span_id_of,
    valid_traceparent,
)

__all__ = [
    "METRICS_TYPE",
    "Exporter",
    "Health",
    "Label",
    "Metrics",
    "Reading",
    "Series",
    "SpanData",
    "TraceParent",
    "child_traceparent",
    "liveness",
    "otlp_sender",
    "parse_traceparent",
    "provider_names",
    "readiness",
    "span_id_of",
    "spans_of",
    "valid_traceparent",
]
