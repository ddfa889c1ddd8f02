"""An answer before it is written in the form of one API."""

from __future__ import annotations

import msgspec

from proveout.gateway.api._replies import Proveout

__all__ = ["Said"]


class Said(msgspec.Struct, kw_only=True, frozen=True):
    """One answer of a task.

    Attributes:
        id: of the request; the ids of what is sent are made of it.
        created: seconds since the epoch.
        model: as asked for.
        text: of the message.
        times: choices asked for; a task answers deterministically, so that all are equal.
        tokens_in: that a provider was paid for; 0 where none was asked.
        tokens_out: as above.
        proveout: what the answer stands on; None where nobody asked.
    """

    id: str
    created: int
    model: str
    text: str
    times: int = 1
    tokens_in: int = 0
    tokens_out: int = 0
    proveout: Proveout | None = None
