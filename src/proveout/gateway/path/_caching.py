"""The cache on the path: equal requests first, those that wait for the same answer, then near ones of a task."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

import msgspec

from proveout.gateway._settings import Tier
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
    from proveout.gateway._settings import Settings
    from proveout.gateway.cache import Near, SemanticCache
    from proveout.gateway.tasks import TaskAnswerer

    Answers = tuple[str, ...]
    Failed = Callable[[Exchange, Exception], object]

__all__ = ["Caching", "caching_of"]

# Whose answers those of a shared task are: no key has this id.
SHARED = "*"
_encode = msgspec.json.Encoder(order="deterministic").encode


class Caching:
    """Answers that are given again.

    Args:
        settings: whose ``cache`` says what is kept, of which tasks for all keys.
        exact: equal requests of one tenant; None where they share nothing.
        semantic: near ones, by task.
        tasks: by name; their fingerprints are part of a key, so that a change leaves old answers out of reach.
    """

    def __init__(
        self,
        settings: Settings,
        exact: ExactCache | None,
        semantic: Mapping[str, SemanticCache],
        tasks: Mapping[str, TaskAnswerer],
    ) -> None:
        self.settings = settings
        self.exact = exact
        self.semantic = semantic
        self.tasks = tasks
        self._generation = ",".join(provider_generation(*one) for one in settings.providers.items())
        self._shared = frozenset(settings.cache.shared)
        self._above = _above(settings)
        self._keys = KeyMaker(unstated=settings.cache.unstated_temperature)
        self._flights = Flights()

    def look_up(self, exchange: Exchange) -> Reply | None:
        """The answer to an equal request; None where there is none, or the request may not share one."""
        task = exchange.task
        if self.exact is None and task not in self.semantic:
            return None
        own = self._task_key(exchange, exchange.tier.answers) if task else self._request_key(exchange)
        if own is None:
            return None
        exchange.cache_key = own
        exchange.outcome.cache = "miss"
        if self.exact is None:
            return None
        found = self.exact.get(own)
        if found is None and task in self._shared:
            above = self._above.get(exchange.key.tier, self._above[""])
            others = (self.exact.get(self._task_key(exchange, answers)) for answers in above)
            found = next((other for other in others if other is not None), None)
        return None if found is None else reply_of(found, exchange)

    async def answer(self, exchange: Exchange, answerer: Answerer, failed: Failed) -> Reply:
        """Answer a request that `look_up` found nothing for: wait for an equal one, or look for a near one, or ask.

        Args:
            exchange: that has a key.
            answerer: is asked.
            failed: is told of an error of the cache, for which no request is refused.
        """
        if self.exact is not None:
            flight = self._flights.join(exchange.cache_key)
            exchange.leads = flight is None
            found = None if flight is None else await self._flights.wait(flight)
            if found is not None:
                return reply_of(found, exchange)
        semantic = self.semantic.get(exchange.task)
        if semantic is not None:
            near = await self._nearest(semantic, exchange, failed)
            if near is not None and near.cached is not None:
                return reply_of(near.cached, exchange, "semantic")
            exchange.near = near
        return await answerer.answer(exchange)

    async def keep(self, exchange: Exchange, reply: Reply, failed: Failed) -> None:
        """Keep an answer that is sent whole, and hand it to those that wait for it."""
        if exchange.outcome.cache != "miss":
            return
        found = cached_of(reply, exchange.outcome, exchange.outcome.answer)
        if found is None:
            # Nothing to compare either: a request that failed says nothing of the answer kept for a near one.
            return
        if self.exact is not None:
            self.exact.put(exchange.cache_key, found, group=exchange.task)
        self.end(exchange, found)
        if exchange.near is not None:
            semantic = self.semantic[exchange.task]
            try:
                await semantic.settle(exchange.near, exchange.outcome.output, found, time=exchange.time)
            except Exception as error:  # noqa: BLE001  a full disk, say: the answer is as good without the cache
                failed(exchange, error)

    def end(self, exchange: Exchange, found: object = None) -> None:
        """Nobody waits for this request any more, whatever became of it."""
        if exchange.leads:
            exchange.leads = False
            self._flights.land(exchange.cache_key, found)  # type: ignore[arg-type]  # what `cached_of` gave

    async def _nearest(self, semantic: SemanticCache, exchange: Exchange, failed: Failed) -> Near | None:
        # A near answer is given in the form that it was made for, so that only equal forms are near.
        form = blake2b(self._asked(exchange, exchange.tier.answers, inputs=None), digest_size=16).hexdigest()
        try:
            return await semantic.nearest(f"{self._tenant(exchange)} {form}", exchange.inputs or {}, exchange.id)
        except Exception as error:  # noqa: BLE001  as in `keep`
            failed(exchange, error)
            return None

    def _tenant(self, exchange: Exchange) -> str:
        return SHARED if exchange.task in self._shared else tenant_of(exchange)

    def _request_key(self, exchange: Exchange) -> bytes | None:
        return self._keys.request(tenant_of(exchange), exchange.operation, self._generation, exchange.body)

    def _task_key(self, exchange: Exchange, answers: Answers) -> bytes:
        generation = self.tasks[exchange.task].fingerprint
        asked = self._asked(exchange, answers, exchange.inputs)
        return self._keys.task(self._tenant(exchange), exchange.task, generation, asked)

    @staticmethod
    def _asked(exchange: Exchange, answers: Answers, inputs: object) -> bytes:
        """All that an answer of a task depends on besides the task: who may give it, to what, and in which form."""
        asked = exchange.asked
        form = form_of(exchange.body, exchange.operation)
        evidence = exchange.evidence or asked.evidence
        return _encode((exchange.operation, evidence, asked.segment, answers, inputs, form))


def caching_of(
    configuration: Configuration,
    tasks: Mapping[str, TaskAnswerer],
    *,
    clock: Callable[[], float],
    before: Caching | None = None,
) -> Caching | None:
    """The cache that the settings ask for; None where they ask for none.

    Args:
        configuration: settings and home.
        tasks: by name.
        clock: monotonic, seconds.
        before: in force until now; what it keeps goes on under the same terms.
    """
    settings = configuration.settings
    terms = settings.cache
    if not terms.exact and not terms.semantic:
        return None
    if before is not None and (before.settings.cache, before.settings.guards) != (terms, settings.guards):
        before = None
    exact = None if before is None else before.exact
    if exact is None and terms.exact:
        exact = ExactCache(most_bytes=terms.most_bytes, ttl_seconds=terms.ttl_seconds, clock=clock)
    semantic = {name: _semantic(configuration, tasks[name], clock, before) for name in terms.semantic if name in tasks}
    return Caching(settings, exact, semantic, tasks)


def _semantic(
    configuration: Configuration, task: TaskAnswerer, clock: Callable[[], float], before: Caching | None
) -> SemanticCache:
    name, terms = task.name, configuration.settings.cache
    if before is not None and name in before.semantic and before.tasks[name].fingerprint == task.fingerprint:
        before.semantic[name].renew()
        return before.semantic[name]
    return semantic_cache(
        configuration.home_path,
        name,
        generation=task.fingerprint,
        terms=terms.semantic[name],
        clock=clock,
        ttl_seconds=terms.ttl_seconds,
    )


def _above(settings: Settings) -> dict[str, tuple[Answers, ...]]:
    """By tier, what those of a higher priority are answered by: what they were given is good enough for it."""
    tiers = {"": Tier(), **settings.tiers}
    return {
        name: tuple(dict.fromkeys(one.answers for one in tiers.values() if one.priority > tier.priority))
        for name, tier in tiers.items()
    }
