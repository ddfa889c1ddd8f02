"""What an administrator is told of a gateway: what is in force, how it fares, and who may call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from proveout.gateway._settings import Limits, Tier

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from proveout.gateway._configuration import Configuration
    from proveout.gateway._key import Key
    from proveout.gateway.limits import Spent
    from proveout.gateway.server._parts import State

__all__ = ["WorkerStatus", "state_status", "supervisor_status"]


class WorkerStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One worker.

    Attributes:
        number: of it; the process that takes its place has the same.
        process: id.
        configuration: digest of what it uses; "" while it starts.
    """

    number: int
    process: int
    configuration: str


def supervisor_status(
    configuration: Configuration, workers: Sequence[WorkerStatus], restarts: int, spent: Mapping[str, Spent]
) -> dict[str, Any]:
    """What the supervisor knows.

    Args:
        configuration: in force.
        workers: all of them.
        restarts: workers that took the place of one that ended.
        spent: US dollars by id of key.
    """
    return {
        "configuration": configuration.digest,
        "workers": workers,
        "restarts": restarts,
        "keys": [_key(key, _limits(key, configuration.settings.tiers), spent) for key in configuration.keys],
    }


def state_status(state: State) -> dict[str, Any]:
    """What a worker knows; circuit breakers and budgets of retries are each worker's own."""
    return {
        "providers": state.providers.states(),
        "tasks": [{"name": name, "answered_by": _stages(task.stages.values())} for name, task in state.tasks.items()],
    }


def _limits(key: Key, tiers: Mapping[str, Tier]) -> Limits:
    return tiers.get(key.tier, Tier()).limits if key.limits is None else key.limits


def _key(key: Key, limits: Limits, spent: Mapping[str, Spent]) -> dict[str, Any]:
    # Nobody counts while serving what a key without limits spends; `proveout traffic` does afterwards.
    is_counted = limits != Limits(burst_seconds=limits.burst_seconds)
    # Named one by one, so that what is added to a key does not get out by itself; the digest is as good as a secret to
    # whoever can try secrets against it.
    return {
        "id": key.id,
        "name": key.name,
        "models": key.models,
        "tier": key.tier,
        "limits": limits,
        "created": key.created,
        "expires": key.expires,
        "revoked": key.revoked,
        "usd_spent": spent[key.id] if is_counted else None,
    }


def _stages(stages: Iterable[Any]) -> list[dict[str, str]]:
    return [{"by": one.kind, "candidate": one.candidate, "certificate": one.certificate} for one in stages]
