"""What a worker that passes requests through imports: nothing heavy."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ["numpy", "scipy", "sklearn", "onnxruntime", "httpx", "duckdb", "pyarrow", "opentelemetry", "prometheus_client"]


@pytest.mark.parametrize("package", ["cache", "telemetry"])
def test_importing_is_light(package: str) -> None:
    code = f"import sys, proveout.gateway.{package}; print([name for name in {HEAVY!r} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert found.strip() == "[]"
