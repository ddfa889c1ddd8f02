"""What a message to the refund desk may state."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import msgspec

__all__ = ["PHYSICAL", "Category", "Decision", "Facts", "Member", "Reason", "Verdict"]

Decision = Literal["approve", "refuse", "ask", "escalate"]
Reason = Literal["changed_mind", "damaged", "wrong_item", "not_arrived", "shipping_fee"]
Category = Literal["clothing", "electronics", "home", "beauty", "digital", "gift_card"]
Member = Literal["none", "silver", "gold"]

PHYSICAL: tuple[Category, ...] = ("clothing", "electronics", "home", "beauty")


class Facts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The facts of ``policy.yaml``, under the same names: None is unknown, days are whole days, money is in USD.

    Example:
        >>> Facts(reason="damaged", photo=True).stated()
        {'photo': True, 'reason': 'damaged'}
    """

    reason: Reason | None = None
    category: Category | None = None
    days_since_delivery: int | None = None
    days_since_order: int | None = None
    price: float | None = None
    opened: bool | None = None
    downloaded: bool | None = None
    tracking: Literal["in_transit", "delivered", "lost"] | None = None
    shipping: Literal["standard", "express"] | None = None
    days_late: int | None = None
    final_sale: bool = False
    photo: bool = False
    member: Member = "none"
    refunds_this_year: int = 0
    injury: bool = False
    legal_threat: bool = False

    def stated(self) -> dict[str, Any]:
        """The facts that are neither unknown nor at the default of a closed world, by name, sorted."""
        found: dict[str, Any] = msgspec.to_builtins(self)
        return dict(sorted(found.items()))


class Verdict(NamedTuple):
    """A decision and what it stands on.

    Attributes:
        decision: as in the task's output.
        rule: id of the deciding rule; ``needs-FACT`` where an unknown fact leaves the decision open.
    """

    decision: Decision
    rule: str
