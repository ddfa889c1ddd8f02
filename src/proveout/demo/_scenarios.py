"""Cases for the desk: facts drawn so that every rule decides its share of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proveout.demo._chance import chance
from proveout.demo._facts import PHYSICAL, Facts
from proveout.demo._reference import decide

if TYPE_CHECKING:
    import random

__all__ = ["TARGETS", "draw_facts"]

# Deciding rule: its weight, and facts that are settled beforehand so that the draw below soon finds a case.
TARGETS: dict[str, tuple[int, dict[str, Any]]] = {
    "injury": (16, {"reason": "damaged", "injury": True}),
    "legal-threat": (16, {"legal_threat": True}),
    "final-sale": (20, {"reason": "changed_mind", "final_sale": True}),
    "gift-card": (14, {"reason": "changed_mind", "category": "gift_card"}),
    "digital-used": (15, {"reason": "changed_mind", "category": "digital"}),
    "digital-late": (11, {"reason": "changed_mind", "category": "digital"}),
    "window-late": (22, {"reason": "changed_mind"}),
    "used": (22, {"reason": "changed_mind"}),
    "opened-electronics-late": (12, {"reason": "changed_mind", "category": "electronics"}),
    "report-late": (18, {}),
    "parcel-wait": (15, {"reason": "not_arrived"}),
    "fee-kept": (14, {"reason": "shipping_fee"}),
    "damage-photo": (20, {"reason": "damaged"}),
    "high-value": (18, {}),
    "frequent-returns": (15, {"reason": "changed_mind"}),
    "parcel-disputed": (16, {"reason": "not_arrived"}),
    "final-sale-gold": (10, {"reason": "changed_mind", "final_sale": True, "member": "gold"}),
    "window": (32, {"reason": "changed_mind"}),
    "window-gold": (14, {"reason": "changed_mind", "member": "gold"}),
    "electronics-trial": (13, {"reason": "changed_mind", "category": "electronics"}),
    "digital-unused": (13, {"reason": "changed_mind", "category": "digital"}),
    "digital-faulty": (15, {"reason": "damaged", "category": "digital"}),
    "damage": (24, {"reason": "damaged"}),
    "wrong-item": (26, {"reason": "wrong_item"}),
    "parcel-lost": (20, {"reason": "not_arrived"}),
    "fee-late": (13, {"reason": "shipping_fee"}),
    "otherwise": (8, {}),
    "needs-reason": (10, {"reason": None}),
    "needs-category": (8, {"category": None}),
    "needs-days_since_delivery": (16, {}),
    "needs-days_since_order": (12, {}),
    "needs-opened": (9, {"reason": "changed_mind"}),
    "needs-downloaded": (8, {"reason": "changed_mind", "category": "digital"}),
    "needs-price": (8, {}),
    "needs-tracking": (9, {"reason": "not_arrived"}),
    "needs-shipping": (6, {"reason": "shipping_fee"}),
    "needs-days_late": (6, {"reason": "shipping_fee"}),
}

_REASONS = ("changed_mind", "damaged", "wrong_item", "not_arrived", "shipping_fee")
_EDGES = (7, 14, 21, 30, 60)
_PRICES = {
    "clothing": (18, 260),
    "electronics": (30, 1300),
    "home": (12, 900),
    "beauty": (8, 120),
    "digital": (5, 160),
    "gift_card": (20, 200),
}
_OMITTED = 0.12


def draw_facts(target: str, rng: random.Random) -> Facts:
    """Facts on which the rule ``target`` decides.

    Example:
        >>> import random
        >>> draw_facts("injury", random.Random(0)).injury
        True
    """
    settled = TARGETS[target][1]
    while True:
        facts = _draw(settled, rng)
        if decide(facts).rule == target and (facts.category in PHYSICAL or not facts.injury):
            return facts


def _draw(settled: dict[str, Any], rng: random.Random) -> Facts:
    reason = settled["reason"] if "reason" in settled else rng.choice(_REASONS)
    category = settled["category"] if "category" in settled else _category(reason, rng)
    values = {"price": _price(category, rng), **_DRAWS[reason](category, rng)}
    values = {name: None if _is_open(name) and chance(_OMITTED, rng) else value for name, value in values.items()}
    if reason == "shipping_fee" or (_price_is_idle(reason, category) and chance(0.5, rng)):
        values["price"] = None
    if "days_since_delivery" in values and values["days_since_delivery"] is None:
        # The day of the order would bound the day of delivery, and the policy does not reason about that.
        values.pop("days_since_order", None)
    return Facts(**{"reason": reason, "category": category, **values, **settled})


def _price_is_idle(reason: str | None, category: str | None) -> bool:
    return category not in {"electronics", "home", None} and (reason != "damaged" or category not in PHYSICAL)


def _is_open(name: str) -> bool:
    return getattr(Facts(), name) is None


def _category(reason: str | None, rng: random.Random) -> str:
    if reason == "damaged":
        return rng.choice([*PHYSICAL, *PHYSICAL, "digital", "gift_card"])
    if reason == "changed_mind":
        return rng.choice([*PHYSICAL, *PHYSICAL, "digital"])
    return rng.choice(PHYSICAL)


def _days(rng: random.Random, longest: int = 100) -> int:
    """A quarter of the days lie close to a threshold of the policy."""
    if chance(0.25, rng):
        return min(longest, max(0, rng.choice(_EDGES) + rng.randint(-3, 3)))
    return rng.randint(0, longest)


def _price(category: str | None, rng: random.Random) -> float:
    low, high = _PRICES[category or "home"]
    whole = rng.randint(low, high) if chance(0.6, rng) else low + int((high - low) * rng.random() ** 2)
    return float(whole) if chance(0.5, rng) else whole + rng.choice([0.5, 0.9, 0.95, 0.99])


def _changed_mind(category: str | None, rng: random.Random) -> dict[str, Any]:
    values: dict[str, Any] = {
        "member": rng.choices(["none", "silver", "gold"], [80, 10, 10])[0],
        "refunds_this_year": rng.choice([2, 3, 4, 5, 6, 8]) if chance(0.12, rng) else 0,
        "final_sale": chance(0.08, rng),
    }
    if category == "digital":
        return values | {"days_since_order": _days(rng, 40), "downloaded": chance(0.5, rng)}
    if category == "gift_card":
        return values | {"days_since_order": _days(rng, 40)}
    return values | _delivered(_days(rng), rng) | {"opened": chance(0.45, rng)}


def _delivered(days: int, rng: random.Random) -> dict[str, Any]:
    """Days since delivery, and now and then since the order as well."""
    ordered = {"days_since_order": days + rng.randint(2, 9)} if chance(0.2, rng) else {}
    return {"days_since_delivery": days, **ordered}


def _damaged(category: str | None, rng: random.Random) -> dict[str, Any]:
    if category in {"digital", "gift_card"}:
        return {"days_since_order": _days(rng, 90)}
    return _delivered(_days(rng, 100), rng) | {"photo": chance(0.5, rng), "final_sale": chance(0.08, rng)}


def _wrong_item(category: str | None, rng: random.Random) -> dict[str, Any]:  # noqa: ARG001  a draw like the others
    return _delivered(_days(rng, 100), rng)


def _not_arrived(category: str | None, rng: random.Random) -> dict[str, Any]:  # noqa: ARG001  a draw like the others
    tracking = rng.choice(["in_transit", "in_transit", "delivered", "lost"])
    return {"days_since_order": rng.randint(3, 45), "tracking": tracking}


def _shipping_fee(category: str | None, rng: random.Random) -> dict[str, Any]:  # noqa: ARG001  a draw like the others
    shipping = rng.choices(["express", "standard"], [70, 30])[0]
    return {"shipping": shipping, "days_late": rng.choice([0, 0, 1, 2, 3, 4, 6])}


def _no_reason(category: str | None, rng: random.Random) -> dict[str, Any]:
    draw = _changed_mind if category in {"digital", "gift_card"} else rng.choice([_changed_mind, _wrong_item])
    return draw(category, rng)


_DRAWS = {
    None: _no_reason,
    "changed_mind": _changed_mind,
    "damaged": _damaged,
    "wrong_item": _wrong_item,
    "not_arrived": _not_arrived,
    "shipping_fee": _shipping_fee,
}
