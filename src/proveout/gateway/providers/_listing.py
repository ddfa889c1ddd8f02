"""Models that providers list themselves: those whose names ``gateway.toml`` only describes by a pattern."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from proveout.errors import Refused
from proveout.gateway.providers._catalogue import Listed
from proveout.gateway.upstream import Call

if TYPE_CHECKING:
    from proveout.gateway._exchange import Exchange
    from proveout.gateway.providers._providers import Providers
    from proveout.gateway.providers._upstream import Upstream

__all__ = ["list_models"]

OK = 200
# A list is a help and no answer: it is not waited for longer than somebody looks at a screen.
SECONDS = 3.0
MOST_MODELS = 10_000


class _Model(msgspec.Struct):
    id: str


class _Models(msgspec.Struct):
    data: list[_Model] = []


async def list_models(providers: Providers, exchange: Exchange) -> tuple[Listed, ...]:
    """Models that a request may name: as stated, and as the providers say.

    A provider that does not answer in time, or not with a list, is left out of it and can be asked all the same.

    Args:
        providers: of the gateway.
        exchange: who asks; its credential goes where a request of it would go.
    """
    open_ended = [one for one in providers.upstreams.values() if any("*" in model for model in one.terms.models)]
    found = await asyncio.gather(*(_asked(upstream, exchange) for upstream in open_ended))
    told = [Listed(name, upstream.name) for upstream, names in zip(open_ended, found, strict=True) for name in names]
    mine = [one for one in told if _first(providers, one.id) == one.provider]
    return tuple(dict.fromkeys((*providers.models(), *mine)))


async def _asked(upstream: Upstream, exchange: Exchange) -> list[str]:
    try:
        async with asyncio.timeout(SECONDS):
            response = await upstream.client.send(
                Call("/models", b"", upstream.credentials.headers(exchange, first=True))
            )
            try:
                body = await response.read()
            finally:
                response.close()
        if response.status != OK:
            return []
        return [one.id for one in msgspec.json.decode(body, type=_Models).data[:MOST_MODELS]]
    except (Refused, TimeoutError, msgspec.DecodeError):
        return []


def _first(providers: Providers, model: str) -> str:
    """The provider that a request for this name goes to; "" when there is none."""
    try:
        return providers.candidates(model)[0].upstream.name
    except Refused:
        return ""
