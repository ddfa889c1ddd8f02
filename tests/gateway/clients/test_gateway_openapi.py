"""What is served is what the served OpenAPI document says, for requests that schemathesis makes from it."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from .conftest import Target

OPERATIONS = (
    "POST /v1/chat/completions",
    "POST /v1/responses",
    "POST /v1/embeddings",
    "GET /v1/models",
    "GET /v1/models/{id}",
    "GET /healthz",
    "GET /readyz",
    "GET /metrics",
)
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture(scope="module")
def document(gateway: Target) -> Any:
    """As it is served."""
    return schemathesis.openapi.from_url(gateway.base_url.replace("/v1", "/openapi.json"))


def operations(document: Any) -> dict[str, Any]:
    return {found.ok().label: found.ok() for found in document.get_all_operations()}


def test_every_path_is_documented(document: Any) -> None:
    assert set(OPERATIONS) <= set(operations(document))


@pytest.mark.parametrize(
    ("operation", "mode"),
    [
        *((operation, GenerationMode.POSITIVE) for operation in OPERATIONS),
        *((operation, GenerationMode.NEGATIVE) for operation in OPERATIONS if operation.startswith("POST")),
    ],
)
def test_answers_are_as_documented(gateway: Target, document: Any, operation: str, mode: GenerationMode) -> None:
    found = operations(document)[operation]
    has_input = operation.startswith("POST") or "{" in operation

    @settings(
        max_examples=30 if has_input else 1,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(found.as_strategy(generation_mode=mode))
    def answered(case: Any) -> None:
        headers = {"authorization": f"Bearer {gateway.keys['any']}"}
        case.call_and_validate(headers=headers, checks=CHECKS, timeout=10)

    answered()
