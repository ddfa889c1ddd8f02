"""The gateway: an OpenAI-compatible API in front of tasks and providers, with keys, limits, a cache and a record."""

from proveout.gateway._configuration import Configuration
from proveout.gateway._entries import RequestServed
from proveout.gateway._key import ANONYMOUS, Key
from proveout.gateway._settings import (
    AdminAccess,
    CacheTerms,
    Guards,
    Limits,
    Provider,
    Semantic,
    ServedTask,
    Server,
    Settings,
    Telemetry,
    Tier,
)

__all__ = [
    "ANONYMOUS",
    "AdminAccess",
    "CacheTerms",
    "Configuration",
    "Guards",
    "Key",
    "Limits",
    "Provider",
    "RequestServed",
    "Semantic",
    "ServedTask",
    "Server",
    "Settings",
    "Telemetry",
    "Tier",
]
