"""All providers of a gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proveout.gateway.providers._adapter import open_adapter
from proveout.gateway.providers._catalogue import Catalogue
from proveout.gateway.providers._headers import COMPATIBLE, Credentials
from proveout.gateway.providers._prices import PriceList
from proveout.gateway.providers._upstream import Upstream, check_provider
from proveout.gateway.upstream import Timeouts, open_client

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from random import Random

    from proveout.gateway._settings import Provider, Settings
    from proveout.gateway.providers._catalogue import Candidate, Listed
    from proveout.gateway.providers._upstream import ProviderState
    from proveout.gateway.upstream import Client

__all__ = ["Providers"]


class Providers:
    """The providers that ``gateway.toml`` states: who answers a model, and how each fares.

    Args:
        settings: of the gateway.
        clock: seconds, monotonic.
        environment: variables that hold keys.
        rng: source of the jitter between tries.
        open: makes the client of an OpenAI-compatible provider.
        prices: of models, as far as they are known.
        before: what was in force until now; providers whose tables are the same go on with their connections, circuit
            breakers and budgets.

    Attributes:
        clock: as given.
        rng: as given.
        upstreams: by name, in the order of the file.

    Raises:
        SettingsInvalid: a table cannot be meant, or a variable is not set.
        ExtraMissing: a provider that is not OpenAI-compatible needs the extra ``providers``.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], float],
        environment: Mapping[str, str],
        rng: Random,
        open: Callable[..., Client] = open_client,  # noqa: A002  what it does
        prices: PriceList | None = None,
        before: Providers | None = None,
    ) -> None:
        self.clock = clock
        self.rng = rng
        self._open = open
        self._prices: PriceList = prices or (PriceList() if before is None else before._prices)  # noqa: SLF001  of this class
        names = frozenset(settings.providers)
        for name, terms in settings.providers.items():
            check_provider(name, terms, names)
        kept = {} if before is None else before.upstreams
        self.upstreams: dict[str, Upstream] = {
            name: kept[name] if name in kept and kept[name].terms == terms else self._made(name, terms, environment)
            for name, terms in settings.providers.items()
        }
        self._catalogue = Catalogue(self.upstreams)

    def candidates(self, model: str) -> tuple[Candidate, ...]:
        """Who may answer a model, in the order to ask.

        Raises:
            ModelUnknown: nobody.
        """
        return self._catalogue.candidates(model)

    def models(self) -> tuple[Listed, ...]:
        """Models that ``/v1/models`` lists: those whose names are stated in full."""
        return self._catalogue.models()

    def states(self) -> tuple[ProviderState, ...]:
        """How each provider fares."""
        return tuple(one.state() for one in self.upstreams.values())

    async def close(self, after: Providers | None = None) -> None:
        """Close the clients, those in use once they are done.

        Args:
            after: what is in force from now on; what it took over stays open.
        """
        kept = set() if after is None else set(map(id, after.upstreams.values()))
        for one in self.upstreams.values():
            if id(one) not in kept:
                await one.client.close()

    def _made(self, name: str, terms: Provider, environment: Mapping[str, str]) -> Upstream:
        credentials = Credentials(name, terms, environment)
        timeouts = Timeouts(
            connect=terms.connect_seconds,
            first_byte=terms.first_byte_seconds,
            idle=terms.idle_seconds,
            total=terms.total_seconds,
        )
        common: dict[str, Any] = {
            "base_url": terms.base_url,
            "timeouts": timeouts,
            "most_connections": terms.most_connections,
        }
        if terms.kind == COMPATIBLE:
            client = self._open(kind=terms.client, **common)
        else:
            client = open_adapter(kind=terms.kind, key=credentials.key, about=f"providers.{name}", **common)
        return Upstream(name, terms, client, credentials=credentials, clock=self.clock, prices=self._prices)
