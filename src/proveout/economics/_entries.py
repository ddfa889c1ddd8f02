"""What a decision writes to the ledger."""

from __future__ import annotations

from proveout.ledger import EntryBody, entry

__all__ = ["Decided"]


@entry("economics.decided", version=1)
class Decided(EntryBody, frozen=True, kw_only=True):
    """A verdict was given on whether to move away from the incumbent.

    Attributes:
        task: fingerprint.
        trial: id of the trial it stands on.
        scenario: hash of the scenario.
        certificates: ids of the certificates it stands on.
        verdict: ``migrate``, ``do not migrate`` or ``not enough evidence``.
        to: the architecture to move to; "" when none.
        candidate: its id; "" when none.
        reason: in plain words.

    Example:
        >>> Decided(
        ...     task="f",
        ...     trial="t",
        ...     scenario="ab",
        ...     certificates=(),
        ...     verdict="migrate",
        ...     to="x",
        ...     candidate="x@1",
        ...     reason="r",
        ... ).kind
        'economics.decided'
    """

    task: str
    trial: str
    scenario: str
    certificates: tuple[str, ...]
    verdict: str
    to: str
    candidate: str
    reason: str
