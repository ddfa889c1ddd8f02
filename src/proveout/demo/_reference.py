"""The refund desk's decision as plain Python, written from the policy pages and not from ``policy.yaml``.

It is the source of the right answers; a test holds the YAML policy against it on random facts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from proveout.demo._facts import PHYSICAL, Verdict

if TYPE_CHECKING:
    from proveout.demo._facts import Facts

__all__ = ["decide"]

STANDARD_WINDOW, GOLD_WINDOW, GOLD_FINAL_SALE, OPENED_ELECTRONICS = 30, 60, 7, 14
DIGITAL_WINDOW, DIGITAL_FAULT, REPORT, TRANSIT = 14, 60, 60, 21
PHOTO_FROM, SPECIALIST_ABOVE, FREQUENT = 25, 400, 5


def decide(facts: Facts) -> Verdict:
    """The right decision on what is known.

    Example:
        >>> from proveout.demo._facts import Facts
        >>> decide(Facts(reason="not_arrived", tracking="lost", category="beauty"))
        Verdict(decision='approve', rule='parcel-lost')
        >>> decide(Facts(reason="not_arrived", category="beauty"))
        Verdict(decision='ask', rule='needs-tracking')
    """
    if facts.injury:
        return Verdict("escalate", "injury")
    if facts.legal_threat:
        return Verdict("escalate", "legal-threat")
    branches = {
        None: _no_reason,
        "changed_mind": _changed_mind,
        "damaged": _damaged,
        "wrong_item": _wrong_item,
        "not_arrived": _not_arrived,
        "shipping_fee": _shipping_fee,
    }
    return branches[facts.reason](facts)


def _needs(fact: str) -> Verdict:
    return Verdict("ask", f"needs-{fact}")


def _first_unknown(facts: Facts, *names: str) -> str | None:
    return next((name for name in names if getattr(facts, name) is None), None)


def _no_reason(facts: Facts) -> Verdict:  # noqa: ARG001  a branch like the others
    return _needs("reason")


def _changed_mind(facts: Facts) -> Verdict:
    if facts.final_sale:
        return _final_sale(facts)
    if facts.category is None:
        return _needs("category")
    if facts.category == "gift_card":
        return Verdict("refuse", "gift-card")
    return _digital(facts) if facts.category == "digital" else _physical(facts)


def _final_sale(facts: Facts) -> Verdict:
    excluded = (
        facts.member != "gold"
        or facts.category in {"digital", "gift_card"}
        or (facts.days_since_delivery or 0) > GOLD_FINAL_SALE
        or facts.opened
    )
    if excluded:
        return Verdict("refuse", "final-sale")
    unknown = _first_unknown(facts, "category", "days_since_delivery", "opened")
    return _needs(unknown) if unknown else _within_limits(facts, "final-sale-gold")


def _digital(facts: Facts) -> Verdict:
    if facts.downloaded:
        return Verdict("refuse", "digital-used")
    if (facts.days_since_order or 0) > DIGITAL_WINDOW:
        return Verdict("refuse", "digital-late")
    unknown = _first_unknown(facts, "downloaded", "days_since_order")
    return _needs(unknown) if unknown else _within_limits(facts, "digital-unused")


def _physical(facts: Facts) -> Verdict:
    """Unwanted goods that came in a parcel and were not on final sale."""
    days = facts.days_since_delivery
    if days is not None and days > STANDARD_WINDOW:
        return _after_the_window(facts, days)
    if facts.category == "electronics":
        return _electronics(facts, days)
    if facts.opened:
        return Verdict("refuse", "used")
    unknown = _first_unknown(facts, "days_since_delivery", "opened")
    return _needs(unknown) if unknown else _within_limits(facts, "window")


def _after_the_window(facts: Facts, days: int) -> Verdict:
    if facts.member != "gold" or days > GOLD_WINDOW or facts.opened:
        return Verdict("refuse", "window-late")
    return _needs("opened") if facts.opened is None else _within_limits(facts, "window-gold")


def _electronics(facts: Facts, days: int | None) -> Verdict:
    if days is None:
        return _needs("days_since_delivery")
    if facts.opened is False:
        return _within_limits(facts, "window")
    if days <= OPENED_ELECTRONICS:
        return _within_limits(facts, "electronics-trial")
    return Verdict("refuse", "opened-electronics-late") if facts.opened else _needs("opened")


def _damaged(facts: Facts) -> Verdict:
    if facts.category == "digital":
        return _faulty_file(facts)
    late = _reported_late(facts)
    if late is not None:
        return late
    if not facts.photo and facts.price is None:
        return _needs("price")
    if not facts.photo and facts.price is not None and facts.price >= PHOTO_FROM:
        return Verdict("ask", "damage-photo")
    return _within_limits(facts, "damage")


def _faulty_file(facts: Facts) -> Verdict:
    if facts.days_since_order is None:
        return _needs("days_since_order")
    in_time = facts.days_since_order <= DIGITAL_FAULT
    return Verdict("approve", "digital-faulty") if in_time else Verdict("escalate", "otherwise")


def _wrong_item(facts: Facts) -> Verdict:
    return _reported_late(facts) or _within_limits(facts, "wrong-item")


def _reported_late(facts: Facts) -> Verdict | None:
    """What settles a fault in a parcel before its merits are looked at."""
    if facts.category is None:
        return _needs("category")
    if facts.category not in PHYSICAL:
        return Verdict("escalate", "otherwise")
    if facts.days_since_delivery is None:
        return _needs("days_since_delivery")
    return Verdict("refuse", "report-late") if facts.days_since_delivery > REPORT else None


def _not_arrived(facts: Facts) -> Verdict:
    days = facts.days_since_order
    if facts.tracking is None:
        settled = days is not None and days > TRANSIT and _is_high_value(facts)
        return Verdict("escalate", "high-value") if settled else _needs("tracking")
    if facts.tracking == "in_transit" and days is None:
        return _needs("days_since_order")
    if facts.tracking == "in_transit" and days is not None and days <= TRANSIT:
        return Verdict("refuse", "parcel-wait")
    if facts.tracking == "delivered":
        return Verdict("escalate", "high-value" if _is_high_value(facts) else "parcel-disputed")
    return _within_limits(facts, "parcel-lost")


def _shipping_fee(facts: Facts) -> Verdict:
    if facts.shipping == "standard" or facts.days_late == 0:
        return Verdict("refuse", "fee-kept")
    unknown = _first_unknown(facts, "shipping", "days_late")
    return _needs(unknown) if unknown else Verdict("approve", "fee-late")


def _within_limits(facts: Facts, rule: str) -> Verdict:
    """Approve by ``rule``, unless the sum or the customer's history needs a specialist."""
    high = _is_high_value(facts)
    if high:
        return Verdict("escalate", "high-value")
    if facts.reason == "changed_mind" and facts.refunds_this_year >= FREQUENT:
        return Verdict("escalate", "frequent-returns")
    if high is None:
        return _needs("category" if facts.category is None else "price")
    return Verdict("approve", rule)


def _is_high_value(facts: Facts) -> bool | None:
    if facts.category not in {None, "electronics", "home"}:
        return False
    if facts.price is not None and facts.price <= SPECIALIST_ABOVE:
        return False
    return None if facts.category is None or facts.price is None else True
