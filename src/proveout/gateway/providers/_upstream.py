"""One configured provider: its client, and what is known of how it fares."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from proveout.errors import SettingsInvalid
from proveout.gateway.providers._breaker import Breaker
from proveout.gateway.providers._budget import RetryBudget
from proveout.gateway.providers._headers import COMPATIBLE
from proveout.gateway.providers._prices import PENDING, Priced

if TYPE_CHECKING:
    from collections.abc import Callable

    from proveout.gateway._settings import Provider
    from proveout.gateway.providers._headers import Credentials
    from proveout.gateway.providers._prices import PriceList
    from proveout.gateway.upstream import Client
    from proveout.task import Prices

__all__ = ["ProviderState", "Upstream", "check_provider"]

# Names come from clients, so that what is remembered of them has a bound.
MOST_PRICES = 1024


class ProviderState(msgspec.Struct, frozen=True, kw_only=True):
    """How a provider fares.

    Attributes:
        name: of the provider.
        breaker: ``closed``, ``open`` or ``half-open``.
        failures: one after another.
        retries_left: that its budget allows now.
    """

    name: str
    breaker: str
    failures: int
    retries_left: float


class Upstream:
    """A provider.

    Args:
        name: in ``gateway.toml``.
        terms: its table.
        client: that calls it.
        credentials: that it is sent.
        clock: seconds, monotonic.
        prices: of models.

    Attributes:
        name: in ``gateway.toml``.
        terms: its table.
        route: as records state it.
        client: that calls it.
        breaker: that leaves it alone when it fails.
        budget: of its retries.
        credentials: that it is sent.
        asks_usage: whether it takes ``stream_options``; it is found out.
    """

    __slots__ = (
        "_list",
        "_prices",
        "asks_usage",
        "breaker",
        "budget",
        "client",
        "credentials",
        "name",
        "route",
        "terms",
    )

    def __init__(
        self,
        name: str,
        terms: Provider,
        client: Client,
        *,
        credentials: Credentials,
        clock: Callable[[], float],
        prices: PriceList,
    ) -> None:
        self.name = name
        self.terms = terms
        self.route = f"provider:{name}"
        self.client = client
        self.credentials = credentials
        self.breaker = Breaker(terms.break_after, terms.break_seconds, clock=clock)
        self.budget = RetryBudget(terms.retry_share, clock=clock)
        self.asks_usage = True
        self._list = prices
        self._prices: dict[str, Prices] = {}

    def prices(self, model: str, answered: str = "") -> Prices:
        """What a model costs here; unknown until it was looked up, which the first call for it begins.

        Args:
            model: as it was asked for.
            answered: as the provider named it, which counts where the other name has no price: a deployment's, say.
        """
        found = self._prices.get(model)
        if found is None:
            found = self._look_up(model)
            if found.unknown and found is not PENDING and answered and answered != model:
                found = self._look_up(answered)
            if found is PENDING:
                return found
            if len(self._prices) >= MOST_PRICES:
                self._prices.clear()
            self._prices[model] = found
        return found

    def state(self) -> ProviderState:
        """How it fares."""
        return ProviderState(
            name=self.name,
            breaker=self.breaker.state,
            failures=self.breaker.failures,
            retries_left=self.budget.balance,
        )

    def _look_up(self, model: str) -> Prices:
        terms = self.terms
        return self._list.of(Priced(terms.base_url, model, terms.usd_per_million_in, terms.usd_per_million_out))


def check_provider(name: str, terms: Provider, names: frozenset[str]) -> None:
    """See that a table of ``gateway.toml`` can be meant.

    Args:
        name: of the provider.
        terms: its table.
        names: of all providers.

    Raises:
        SettingsInvalid: it cannot.

    Example:
        >>> from proveout.gateway._settings import Provider
        >>> check_provider("openai", Provider(base_url="https://api.openai.com/v1"), frozenset({"openai"}))
    """
    about = f"providers.{name}"
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
        raise SettingsInvalid(
            "a provider's name cannot be used",
            why="it holds something other than letters, digits, dots, dashes and underscores",
            fix="choose another name",
            about=about,
        )
    strangers = [one for one in terms.fallback if one not in names or one == name]
    if strangers:
        raise SettingsInvalid(
            "a fallback cannot be used",
            why=f"{strangers[0]!r} is no other provider",
            fix=f"name some of: {', '.join(sorted(names - {name})) or 'none is configured'}",
            about=f"{about}.fallback",
        )
    _check_url(about, terms)
    if terms.kind != COMPATIBLE and terms.headers:
        raise SettingsInvalid(
            "headers cannot be sent",
            why="they are for OpenAI-compatible providers",
            fix="remove them",
            about=f"{about}.headers",
        )


def _check_url(about: str, terms: Provider) -> None:
    if not terms.base_url and terms.kind != COMPATIBLE:
        return
    url = urlsplit(terms.base_url)
    if url.scheme in ("http", "https") and url.hostname and not (url.username or url.password or url.fragment):
        return
    raise SettingsInvalid(
        "a base URL cannot be used",
        # It may hold a password, so that it is not repeated.
        why="it is not http(s)://HOST[:PORT][/PATH], or holds a user name or a fragment",
        fix="correct it, and put keys into api_key_env",
        about=f"{about}.base_url",
    )
