"""Clients by the names that settings give them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proveout.errors import SettingsInvalid
from proveout.gateway.upstream._httpx import HttpxClient
from proveout.gateway.upstream._lean import LeanClient

if TYPE_CHECKING:
    from proveout.gateway.upstream._client import Client, Timeouts

__all__ = ["open_client"]

_CLIENTS: dict[str, type[LeanClient | HttpxClient]] = {"httpx": HttpxClient, "lean": LeanClient}


def open_client(kind: str, base_url: str, timeouts: Timeouts, most_connections: int) -> Client:
    """A client; nothing is connected to before the first call.

    Args:
        kind: ``lean``, or ``httpx``, which also goes through proxies.
        base_url: ``https://HOST/v1``.
        timeouts: of each call.
        most_connections: open at a time.

    Raises:
        SettingsInvalid: there is no such kind, or the base URL is not http or https, or has credentials, a query or a
            fragment.

    Example:
        >>> from proveout.gateway.upstream import Timeouts, open_client
        >>> type(open_client("lean", "http://localhost:8000/v1", Timeouts(), 16)).__name__
        'LeanClient'
        >>> open_client("lean", "https://me:secret@example.com/v1", Timeouts(), 16)
        Traceback (most recent call last):
        ...
        proveout.errors.SettingsInvalid: base_url: the base URL of a provider is not usable: it holds a user name ...
    """
    client = _CLIENTS.get(kind)
    if client is None:
        fix = f"choose one of {', '.join(sorted(_CLIENTS))}"
        raise SettingsInvalid("no such client", why=f"there is none named {kind!r}", fix=fix, about="client")
    return client(base_url, timeouts, most_connections=most_connections)
