"""What is in force: everything that a configuration says, ready to be looked up."""

from __future__ import annotations

import os
import time
from random import SystemRandom
from typing import TYPE_CHECKING

from proveout.errors import ModelUnknown
from proveout.gateway._exchange import Exchange
from proveout.gateway._key import ANONYMOUS
from proveout.gateway._settings import Tier
from proveout.gateway.api import ModelInfo
from proveout.gateway.keys import KeyRing
from proveout.gateway.limits import Shedder, subjects_of
from proveout.gateway.path._caching import caching_of
from proveout.gateway.path._guards import text_guards
from proveout.gateway.providers import ProviderAnswerer, Providers, list_models
from proveout.gateway.tasks import load_embeddings, load_tasks
from proveout.store import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from proveout.gateway._configuration import Configuration
    from proveout.gateway._exchange import Answerer
    from proveout.gateway._key import Key
    from proveout.gateway._settings import Limits
    from proveout.gateway.limits import Subjects
    from proveout.gateway.path._caching import Caching
    from proveout.gateway.tasks import EmbeddingsAnswerer, TaskAnswerer

__all__ = ["State", "build_state"]

# What is held of a budget for each choice of a request that bounds its answer by nothing: as much as most models give.
ASSUMED_TOKENS = 4096
# Bytes of a request for each token of its prompt, on the side of holding too much.
BYTES_A_TOKEN = 3
MOST_SUBJECTS = 4096


class State:
    """Everything in force under one configuration; a reload makes another.

    Args:
        configuration: settings and keys.
        tasks: by name.
        embedders: by name.
        providers: upstreams.
        before: what was in force until now; what it has in its cache goes on.

    Attributes:
        settings: of ``gateway.toml``.
        keys: that may call; None where no key is asked for.
        shedder: who is let in under overload.
        caching: of answers; None where nothing is cached.
        guards_in: looking at each input.
        guards_out: looking at each answer.
        traces: whether spans are exported, so that what is sent upstream belongs to a trace even if no client began it.
        synced: tasks whose answers wait until their records survive a loss of power.
    """

    def __init__(
        self,
        configuration: Configuration,
        *,
        tasks: Mapping[str, TaskAnswerer],
        embedders: Mapping[str, EmbeddingsAnswerer],
        providers: Providers,
        before: State | None = None,
    ) -> None:
        settings = configuration.settings
        self.settings = settings
        self.digest = configuration.digest
        self.tasks = tasks
        self.embedders = embedders
        self.providers = providers
        self.keys = KeyRing(configuration.keys) if _asks_for_key(configuration) else None
        self.shedder = Shedder(settings.server.most_under_way, settings.tiers)
        kept = None if before is None else before.caching
        self.caching: Caching | None = caching_of(configuration, tasks, clock=time.monotonic, before=kept)
        self.traces = bool(settings.telemetry.otlp)
        self.guards_in = text_guards(settings.guards.input)
        self.guards_out = text_guards(settings.guards.output)
        self._provider = ProviderAnswerer(providers)
        self._default_tier = Tier()
        self._subjects: dict[tuple[str, str], Subjects] = {}
        self.synced = frozenset(name for name, task in settings.tasks.items() if task.durable == "synced")
        self._hashed = frozenset(name for name, task in settings.tasks.items() if task.content == "hashed")

    def key_of(self, credential: bytes, now: float) -> Key:
        """Who calls.

        Raises:
            Unauthenticated: a key is asked for, and this is none.
        """
        return ANONYMOUS if self.keys is None else self.keys.authenticate(credential, now)

    def tier_of(self, key: Key) -> Tier:
        """What the key gets; a tier that is not in the settings is as the defaults say."""
        return self.settings.tiers.get(key.tier, self._default_tier)

    def answerer_of(self, exchange: Exchange) -> Answerer | None:
        """Who answers; None when nobody here may."""
        model, answers = exchange.wanted.model, exchange.tier.answers
        if model in self.tasks:
            return self.tasks[model]
        if model in self.embedders and exchange.operation == "embeddings":
            return self.embedders[model]
        return self._provider if "providers" in answers and self.providers.upstreams else None

    def limits_of(self, exchange: Exchange) -> Subjects:
        """Whose limits the request is under; empty when there are none."""
        at = (exchange.key.id, exchange.task)
        found = self._subjects.get(at)
        if found is None:
            task = self.settings.tasks.get(exchange.task)
            limits = None if task is None else task.limits
            every = subjects_of(exchange.key, exchange.tier, exchange.task, limits)
            found = tuple(subject for subject in every if _limited(subject[1]))
            if len(self._subjects) >= MOST_SUBJECTS:
                self._subjects.clear()
            self._subjects[at] = found
        return found

    def worst_case(self, exchange: Exchange, subjects: Subjects) -> tuple[int, float]:
        """Tokens and US dollars that the request may take at most; dollars only where a budget asks for them.

        The dollars are a bound for prompts of text, whose tokens are fewer than the bytes of the request, and for
        completions that the request bounds. What only the provider knows (a picture behind a URL, a stored
        conversation, how long an answer without a bound becomes) is assumed, and counted once it is known.
        """
        tokens = len(exchange.body) // BYTES_A_TOKEN + 1 + exchange.wanted.most_tokens
        if not any(_has_budget(limits) for _, limits in subjects):
            return tokens, 0.0
        return tokens, self._dearest(exchange)

    def _dearest(self, exchange: Exchange) -> float:
        if exchange.task:
            return self.tasks[exchange.task].worst_usd(exchange)
        if exchange.answerer is not self._provider:
            return 0.0
        wanted, prompt = exchange.wanted, len(exchange.body)
        completion = 0 if exchange.operation == "embeddings" else wanted.most_tokens or ASSUMED_TOKENS * wanted.times
        candidates = self.providers.candidates(wanted.model)
        return max(one.upstream.prices(one.model).usd(prompt, completion) for one in candidates)

    def keeps_content(self, task: str) -> bool:
        """Whether input and answer go into the ledger, or their fingerprints."""
        return task not in self._hashed if task else self.settings.content == "kept"

    async def models(self, key: Key, credential: bytes) -> list[ModelInfo]:
        """What the key may name, in order: tasks, embedders, and models that are stated or that providers list.

        Args:
            key: who asks.
            credential: as it came; it goes to a provider that has no key of its own.
        """
        listed = [task.info for task in self.tasks.values()] + [one.info for one in self.embedders.values()]
        if "providers" in self.tier_of(key).answers:
            asks = Exchange(id="", operation="chat", key=key, credential=credential)
            told = await list_models(self.providers, asks)
            listed += [ModelInfo(id=one.id, owned_by=one.provider) for one in told]
        once = {one.id: one for one in reversed(listed)}
        return [once[name] for name in dict.fromkeys(one.id for one in listed) if self._lets(key, name)]

    def model(self, key: Key, name: str) -> ModelInfo:
        """One model, also one that only matches a provider's pattern.

        Raises:
            ModelUnknown: there is none, or not for this key.
        """
        if not self._lets(key, name):
            raise ModelUnknown(
                f"The model `{name[:100]}` does not exist or you do not have access to it",
                why="your key may not use it",
                fix="GET /v1/models lists what it may",
                about=name[:100],
                param="model",
            )
        own = self.tasks.get(name) or self.embedders.get(name)
        return own.info if own else ModelInfo(id=name, owned_by=self.providers.candidates(name)[0].upstream.name)

    def _lets(self, key: Key, name: str) -> bool:
        return self.keys is None or self.keys.may_use(key, name)

    async def close(self, after: State | None = None) -> None:
        """Let go of connections that ``after`` did not take over."""
        await self.providers.close(None if after is None else after.providers)


def build_state(
    configuration: Configuration,
    *,
    before: State | None = None,
    environment: Mapping[str, str] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> State:
    """What answers under a configuration.

    Args:
        configuration: settings and keys.
        before: what was in force until now; its connections, breakers and budgets go on.
        environment: holds the keys of providers; the process's own when None.
        clock: monotonic, seconds.

    Raises:
        ProveoutError: the configuration cannot be used, or nothing is built for a task.
    """
    settings = configuration.settings
    providers = Providers(
        settings,
        clock=clock,
        environment=os.environ if environment is None else environment,
        rng=SystemRandom(),
        before=None if before is None else before.providers,
    )
    return State(
        configuration,
        tasks=load_tasks(configuration.folders, settings),
        embedders=load_embeddings(settings, Workspace(configuration.home_path).cache),
        providers=providers,
        before=before,
    )


def _asks_for_key(configuration: Configuration) -> bool:
    asks = {"always": True, "never": False, "auto": bool(configuration.keys)}
    return asks[configuration.settings.server.require_key]


def _limited(limits: Limits) -> bool:
    return limits.requests_per_minute is not None or limits.tokens_per_minute is not None or _has_budget(limits)


def _has_budget(limits: Limits) -> bool:
    return limits.usd_per_day is not None or limits.usd_per_month is not None
