"""All providers of a gateway."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from proveout.gateway.providers._adapter import open_adapter
from proveout.gateway.providers._catalogue import Catalogue
from proveout.gateway.providers._upstream import Open, Upstream, check_provider
from proveout.gateway.upstream import open_client

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from random import Random

    from proveout.gateway._settings import Settings
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
        adapt: makes the client of any other.
        before: what was in force until now; providers whose tables are the same go on with their connections, circuit
            breakers and budgets.

    Attributes:
        clock: as given.
        rng: as given.

    Raises:
        SettingsInvalid: a table cannot be meant, or a variable is not set.
        ExtraMissing: a provider that is not OpenAI-compatible needs the extra ``providers``.
    """

    def __init__(  # noqa: PLR0913  what is injected, by name
        self,
        settings: Settings,
        *,
        clock: Callable[[], float],
        environment: Mapping[str, str],
        rng: Random,
        open: Callable[..., Client] = open_client,  # noqa: A002  what it does
        adapt: Callable[..., Client] = open_adapter,
        before: Providers | None = None,
    ) -> None:
        self.clock = clock
        self.rng = rng
        names = frozenset(settings.providers)
        for name, terms in settings.providers.items():
            check_provider(name, terms, names)
        opens = Open(open, adapt)
        kept = {} if before is None else before._upstreams
        self._upstreams: dict[str, Upstream] = {
            name: kept[name]
            if name in kept and kept[name].terms == terms
            else Upstream(name, terms, environment=environment, clock=clock, opens=opens)
            for name, terms in settings.providers.items()
        }
        self._catalogue = Catalogue(self._upstreams)
        unpriced = (one for one in self._upstreams.values() if one.terms.usd_per_million_in is None)
        for one in islice(unpriced, 1):
            # Reading the price list takes a quarter of a second, which no request is to wait for.
            one.prices("")

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
        return tuple(one.state() for one in self._upstreams.values())

    async def close(self, after: Providers | None = None) -> None:
        """Close the clients, those in use once they are done.

        Args:
            after: what is in force from now on; what it took over stays open.
        """
        kept = set() if after is None else set(map(id, after._upstreams.values()))
        for one in self._upstreams.values():
            if id(one) not in kept:
                await one.client.close()
