"""Traffic as rows that a task can be made from: what came in, and what the incumbent answered."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from proveout.gateway.traffic._said import said_in
from proveout.gateway.traffic._summary import records, template_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from proveout.store import Workspace

__all__ = ["TrafficRow", "traffic_rows"]

OK = 200


class TrafficRow(msgspec.Struct, frozen=True, kw_only=True):
    """One answered request as an example; the columns of the exported file.

    Attributes:
        id: of the request.
        time: when it came, ISO 8601.
        text: the last message of the user.
        answer: what the incumbent answered.
        model: as asked for.
        template: id of its system prompt.
        key: id of the client's key; rows of one key may depend on each other.
        tokens_in: prompt tokens.
        tokens_out: completion tokens.
        usd: paid.
        milliseconds: from arrival to answer.
    """

    id: str
    time: str
    text: str
    answer: str
    model: str
    template: str
    key: str
    tokens_in: int
    tokens_out: int
    usd: float
    milliseconds: float


def traffic_rows(workspace: Workspace, *, model: str = "", template: str = "") -> Iterator[TrafficRow]:
    """The answered requests whose content was kept, in the order of the ledger.

    Args:
        workspace: of the gateway's home.
        model: only requests for it; "" takes all.
        template: only requests of this feature; "" takes all.

    Raises:
        LedgerCorrupt: the ledger is damaged.
    """
    for record in records(workspace):
        said = said_in(record) if record.status == OK and model in {"", record.model} else None
        if said is None or not said.answer or template not in {"", template_id(said.template)}:
            continue
        yield TrafficRow(
            id=record.id,
            time=datetime.fromtimestamp(record.received / 1e9, UTC).isoformat(timespec="milliseconds"),
            text=said.text,
            answer=said.answer,
            model=record.model,
            template=template_id(said.template),
            key=record.key,
            tokens_in=record.tokens_in,
            tokens_out=record.tokens_out,
            usd=record.usd,
            milliseconds=record.microseconds / 1000,
        )
