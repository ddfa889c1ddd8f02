"""Names agree with the library that the conventions' authors generate, as far as it has them."""

from __future__ import annotations

import warnings

import pytest

from proveout.gateway.telemetry import _conventions as ours

theirs = pytest.importorskip("opentelemetry.semconv._incubating.attributes.gen_ai_attributes")
metrics = pytest.importorskip("opentelemetry.semconv._incubating.metrics.gen_ai_metrics")


@pytest.mark.parametrize(
    ("name", "their"),
    [
        ("OPERATION", "GEN_AI_OPERATION_NAME"),
        ("PROVIDER", "GEN_AI_PROVIDER_NAME"),
        ("REQUEST_MODEL", "GEN_AI_REQUEST_MODEL"),
        ("REQUEST_STREAM", "GEN_AI_REQUEST_STREAM"),
        ("RESPONSE_MODEL", "GEN_AI_RESPONSE_MODEL"),
        ("INPUT_TOKENS", "GEN_AI_USAGE_INPUT_TOKENS"),
        ("OUTPUT_TOKENS", "GEN_AI_USAGE_OUTPUT_TOKENS"),
        ("INPUT_MESSAGES", "GEN_AI_INPUT_MESSAGES"),
        ("OUTPUT_MESSAGES", "GEN_AI_OUTPUT_MESSAGES"),
        ("TOKEN_TYPE", "GEN_AI_TOKEN_TYPE"),
        ("TIME_TO_FIRST_CHUNK", "GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK"),
    ],
)
def test_attributes(name: str, their: str) -> None:
    assert getattr(ours, name) == getattr(theirs, their)


@pytest.mark.parametrize(
    ("name", "their"),
    [
        ("TOKEN_USAGE", "GEN_AI_CLIENT_TOKEN_USAGE"),
        ("REQUEST_DURATION", "GEN_AI_SERVER_REQUEST_DURATION"),
        ("TIME_TO_FIRST_TOKEN", "GEN_AI_SERVER_TIME_TO_FIRST_TOKEN"),
    ],
)
def test_metrics(name: str, their: str) -> None:
    assert getattr(ours, name) == getattr(metrics, their)


def test_values() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        operations = {value.value for value in theirs.GenAiOperationNameValues}
        providers = {value.value for value in theirs.GenAiProviderNameValues}
    assert set(ours.OPERATIONS.values()) <= operations
    assert set(ours.HOSTS.values()) - {"moonshot_ai"} <= providers


def test_boundaries() -> None:
    assert ours.TOKEN_BUCKETS[:4] == (1, 4, 16, 64)
    assert ours.TOKEN_BUCKETS[-1] == 67108864
    assert [round(bound, 2) for bound in ours.DURATION_BUCKETS] == [
        0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92
    ]  # fmt: skip


def test_the_version_is_one_that_exists() -> None:
    schemas = pytest.importorskip("opentelemetry.semconv.schemas")
    assert ours.SCHEMA_URL in {schema.value for schema in schemas.Schemas}
