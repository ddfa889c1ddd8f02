"""Providers: upstreams that answer models which are no task, and what keeps requests going when they do not."""

from proveout.gateway.providers._answerer import ProviderAnswerer
from proveout.gateway.providers._breaker import Breaker
from proveout.gateway.providers._budget import RetryBudget
from proveout.gateway.providers._catalogue import Candidate, Listed
from proveout.gateway.providers._listing import list_models
from proveout.gateway.providers._providers import Providers
from proveout.gateway.providers._upstream import ProviderState

__all__ = [
    "Breaker",
    "Candidate",
    "Listed",
    "ProviderAnswerer",
    "ProviderState",
    "Providers",
    "RetryBudget",
    "list_models",
]
