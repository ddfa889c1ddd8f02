"""Features that call a model: a fold over the records of the gateway."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

import msgspec

from proveout.gateway._entries import RequestServed
from proveout.gateway.traffic._said import said_in
from proveout.ledger import LedgerReader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from proveout.store import Workspace

__all__ = ["Feature", "Totals", "features", "records", "template_id"]

FAILED = 400
CLIENT_GONE = 499
SHOWN = 60


class Totals(msgspec.Struct, kw_only=True):
    """What the requests of one feature add up to.

    Attributes:
        requests: in all.
        failed: answered with an error.
        cancelled: the client went away.
        cached: answered from the cache.
        tokens_in: prompt tokens.
        tokens_out: completion tokens.
        usd: paid to providers.
        unpriced: requests whose price nobody knows, counted as 0.
        repeated: requests whose input had come before.
        milliseconds: of each answered request, sorted.
    """

    requests: int = 0
    failed: int = 0
    cancelled: int = 0
    cached: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    usd: float = 0.0
    unpriced: int = 0
    repeated: int = 0
    milliseconds: list[float] = []

    def percentile(self, share: float) -> float | None:
        """Milliseconds within which this share of requests was answered (nearest rank); None without any.

        Example:
            >>> Totals(milliseconds=[1.0, 2.0, 3.0, 4.0]).percentile(0.5)
            2.0
        """
        if not self.milliseconds:
            return None
        rank = max(1, -int(-share * len(self.milliseconds) // 1))
        return self.milliseconds[rank - 1]


class Feature(msgspec.Struct, frozen=True, kw_only=True):
    """One use of one model: requests that share a template.

    Attributes:
        model: as asked for; a task's name where it is one.
        template: id of the system prompt, 8 digits of its hash; "" without one, or where content is not kept.
        begins: how the system prompt begins.
        totals: of its requests.
    """

    model: str
    template: str
    begins: str
    totals: Totals


def features(workspace: Workspace) -> list[Feature]:
    """Every feature in the ledger of a gateway's home, the dearest first.

    Raises:
        LedgerCorrupt: the ledger is damaged.
    """
    found: dict[tuple[str, str], Totals] = {}
    begins: dict[str, str] = {}
    seen: set[tuple[str, str, str]] = set()
    for record in records(workspace):
        said = said_in(record)
        template = template_id(said.template) if said else ""
        if said and template:
            begins.setdefault(template, " ".join(said.template.split())[:SHOWN])
        feature = (record.model, template)
        totals = found.setdefault(feature, Totals())
        _add(totals, record, repeated=(*feature, record.input_hash) in seen)
        seen.add((*feature, record.input_hash))
    for totals in found.values():
        totals.milliseconds.sort()
    listed = [
        Feature(model=model, template=template, begins=begins.get(template, ""), totals=totals)
        for (model, template), totals in found.items()
    ]
    return sorted(listed, key=lambda one: (-one.totals.usd, -one.totals.requests, one.model, one.template))


def records(workspace: Workspace) -> Iterator[RequestServed]:
    """The records of a gateway, in the order of the ledger."""
    with LedgerReader.open(workspace) as reader:
        for found in reader.entries(kind=RequestServed.kind):
            body = found.body()
            if isinstance(body, RequestServed):
                yield body


def template_id(template: str) -> str:
    """8 digits that name a template; "" for none."""
    return blake2b(template.encode(), digest_size=4).hexdigest() if template else ""


def _add(totals: Totals, record: RequestServed, *, repeated: bool) -> None:
    totals.requests += 1
    totals.cancelled += record.status == CLIENT_GONE
    totals.failed += record.status >= FAILED and record.status != CLIENT_GONE
    totals.cached += record.cache in {"exact", "semantic"}
    totals.tokens_in += record.tokens_in
    totals.tokens_out += record.tokens_out
    totals.usd += record.usd
    totals.unpriced += record.usd_unknown
    totals.repeated += repeated
    if record.status < FAILED:
        totals.milliseconds.append(record.microseconds / 1000)
