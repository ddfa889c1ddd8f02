"""The version of the API's contracts."""

from __future__ import annotations

__all__ = ["API_VERSION"]

# Raised with a row in docs/reference/gateway-api.md when the shape of a request or of a response changes.
API_VERSION = "1.0"
