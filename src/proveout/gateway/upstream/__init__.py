"""Calls to providers: a lean client, a kept one that goes through proxies, and the events in what they answer."""

from proveout.gateway.upstream._client import Call, Client, Response, Timeouts
from proveout.gateway.upstream._events import Event, EventReader, WholeEvents
from proveout.gateway.upstream._httpx import HttpxClient
from proveout.gateway.upstream._lean import LeanClient
from proveout.gateway.upstream._open import open_client

__all__ = [
    "Call",
    "Client",
    "Event",
    "EventReader",
    "HttpxClient",
    "LeanClient",
    "Response",
    "Timeouts",
    "WholeEvents",
    "open_client",
]
