"""The cache on the path: equal requests first, those that wait for the same answer, then near ones of a task."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from proveout.gateway.cache import (
    ExactCache,
    Flights,
    KeyMaker,
    cached_of,
    form_of,
    provider_generation,
    reply_of,
    semantic_cache,
    tenant_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from proveout.gateway._configuration import Configuration
    from proveout.gateway._exchange import Answerer, Exchange, Reply
    from proveout.gateway.cache import Near, SemanticCache
    from proveout.gateway.tasks import TaskAnswerer

__all__ = ["Caching", "caching_of"]

_encode = msgspec.json.Encoder(order="deterministic").encode


class Caching:
    """Answers that are given again.

    Args:
        exact: equal requests of one tenant.
        semantic: near ones, by task.
        tasks: by name; their fingerprints are part of a key, so that a change leaves old answers out of reach.
        generation: of the providers' settings.
    """

    def __init__(
        self,
        exact: ExactCache,
        semantic: Mapping[str, SemanticCache],
        tasks: Mapping[str, TaskAnswerer],
        generation: str,
    ) -> None:
        self._exact = exact
        self._semantic = semantic
        self._tasks = tasks
        self._generation = generation
        self._keys = KeyMaker()
        self._flights = Flights()

    def look_up(self, exchange: Exchange) -> Reply | None:
        """The answer to an equal request; None where there is none, or the request may not share one."""
        key = self._key(exchange)
        if key is None:
            return None
        exchange.cache_key = key
        found = self._exact.get(key)
        exchange.outcome.cache = "miss"
        return None if found is None else reply_of(found, exchange)

    async def answer(self, exchange: Exchange, answerer: Answerer) -> Reply:
        """Answer a request that `look_up` found nothing for: wait for an equal one, or look for a near one, or ask."""
        flight = self._flights.join(exchange.cache_key)
        if flight is not None:
            found = await self._flights.wait(flight)
            if found is not None:
                return reply_of(found, exchange)
            return await answerer.answer(exchange)
        exchange.leads = True
        near = await self._nearest(exchange)
        if near is not None and near.cached is not None:
            return reply_of(near.cached, exchange, "semantic")
        exchange.near = near
        return await answerer.answer(exchange)

    async def keep(self, exchange: Exchange, reply: Reply) -> None:
        """Keep an answer that was sent whole, and hand it to those that wait for it."""
        if not exchange.cache_key or exchange.outcome.cache != "miss":
            return
        found = cached_of(reply, exchange.outcome, exchange.outcome.answer)
        if found is not None:
            self._exact.put(exchange.cache_key, found, group=exchange.task)
        self.end(exchange, found)
        if exchange.near is not None:
            semantic = self._semantic[exchange.task]
            await semantic.settle(exchange.near, exchange.outcome.output, found, time=exchange.time)

    def end(self, exchange: Exchange, found: object = None) -> None:
        """Nobody waits for this request any more, whatever became of it."""
        if exchange.leads:
            exchange.leads = False
            self._flights.land(exchange.cache_key, found)  # type: ignore[arg-type]  # what `cached_of` gave

    async def _nearest(self, exchange: Exchange) -> Near | None:
        semantic = self._semantic.get(exchange.task)
        if semantic is None or exchange.inputs is None:
            return None
        return await semantic.nearest(tenant_of(exchange), exchange.inputs, exchange.id)

    def _key(self, exchange: Exchange) -> bytes | None:
        tenant = tenant_of(exchange)
        if exchange.task:
            generation = self._tasks[exchange.task].fingerprint
            inputs = _encode((exchange.operation, exchange.evidence, exchange.tier.answers, exchange.inputs))
            return self._keys.task(tenant, exchange.task, generation, inputs, form_of(exchange.body))
        return self._keys.request(tenant, exchange.operation, self._generation, exchange.body)


def caching_of(
    configuration: Configuration, tasks: Mapping[str, TaskAnswerer], *, clock: Callable[[], float]
) -> Caching | None:
    """The cache that the settings ask for; None where they ask for none."""
    terms = configuration.settings.cache
    if not terms.exact and not terms.semantic:
        return None
    semantic = {
        name: semantic_cache(
            configuration.home_path,
            name,
            generation=tasks[name].fingerprint,
            terms=asked,
            clock=clock,
            ttl_seconds=terms.ttl_seconds,
        )
        for name, asked in terms.semantic.items()
        if name in tasks
    }
    exact = ExactCache(most_bytes=terms.most_bytes if terms.exact else 0, ttl_seconds=terms.ttl_seconds, clock=clock)
    generations = [provider_generation(*one) for one in configuration.settings.providers.items()]
    return Caching(exact, semantic, tasks, ",".join(generations))
