"""Whether a worker lives, and whether it should be sent requests: JSON for ``/healthz`` and ``/readyz``."""

from __future__ import annotations

import msgspec

__all__ = ["Health", "liveness", "readiness"]

OK, UNAVAILABLE = 200, 503
_encode = msgspec.json.Encoder().encode


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a worker when it is asked.

    Attributes:
        configuration: digest of what is in force; workers with the same one answer the same.
        draining: whether it is on its way out.
        ring_free: bytes left for records.
        ring_needed: bytes that a record may take.
        ledger_writable: whether the writer's last commit went well.
        tasks: names of tasks that are loaded.
        tasks_wanted: of those that are to be served.
        breakers: state of each provider's circuit breaker: ``closed``, ``open`` or ``half-open``.
    """

    configuration: str
    draining: bool = False
    ring_free: int = 0
    ring_needed: int = 1
    ledger_writable: bool = True
    tasks: tuple[str, ...] = ()
    tasks_wanted: tuple[str, ...] = ()
    breakers: dict[str, str] = {}


def liveness(health: Health) -> tuple[int, bytes]:
    """Status and body of ``/healthz``: 200 as long as the process answers; a restart would help nothing it reports.

    Example:
        >>> liveness(Health(configuration="abc"))
        (200, b'{"status":"ok","configuration":"abc"}')
    """
    return OK, _encode({"status": "ok", "configuration": health.configuration})


def readiness(health: Health) -> tuple[int, bytes]:
    """Status and body of ``/readyz``: 503 while requests would be refused here and may be taken elsewhere.

    An open breaker is shown and does not count: a provider that is down is down for every worker, and taking all of
    them out would stop the tasks that need no provider.

    Example:
        >>> readiness(Health(configuration="abc", ring_free=4096))[0]
        200
        >>> readiness(Health(configuration="abc", ring_free=4096, draining=True))[0]
        503
    """
    why = [reason for reason, holds in _reasons(health) if holds]
    body = {
        "status": "unavailable" if why else "ok",
        "why": why,
        "configuration": health.configuration,
        "draining": health.draining,
        "ring_free_bytes": health.ring_free,
        "ledger_writable": health.ledger_writable,
        "tasks": sorted(health.tasks),
        "breakers": health.breakers,
    }
    return UNAVAILABLE if why else OK, _encode(body)


def _reasons(health: Health) -> tuple[tuple[str, bool], ...]:
    missing = sorted(set(health.tasks_wanted) - set(health.tasks))
    return (
        ("draining", health.draining),
        ("the ring is full", health.ring_free < health.ring_needed),
        ("the ledger cannot be written", not health.ledger_writable),
        (f"not loaded yet: {', '.join(missing)}", bool(missing)),
    )
