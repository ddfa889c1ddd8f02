"""Limits of the gateway: requests and tokens by rate, money by budgets that stop, and who is shed under overload."""

from proveout.gateway.limits._limiter import Hold, Limiter
from proveout.gateway.limits._shared import SharedSlots
from proveout.gateway.limits._shedder import Shedder
from proveout.gateway.limits._slots import LocalSlots, Slots
from proveout.gateway.limits._spent import Cost, Spent, fold_spent, spent_from_ledger
from proveout.gateway.limits._terms import Subjects, held_tokens, subjects_of

__all__ = [
    "Cost",
    "Hold",
    "Limiter",
    "LocalSlots",
    "SharedSlots",
    "Shedder",
    "Slots",
    "Spent",
    "Subjects",
    "fold_spent",
    "held_tokens",
    "spent_from_ledger",
    "subjects_of",
]
