"""Who is let in when more comes than can be taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proveout.gateway._settings import Tier

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Shedder"]

# Of all room, what each step down in priority leaves to those above, so that they find room at once and need not wait
# for a lower one to end.
RESERVED = 0.1
MOST_RESERVED = 0.5


class Shedder:
    """Says whether a request of a tier is let in, from what is under way; keeps no state of its own.

    Two rules, both of which refuse those of lower priority first. Each step down in priority leaves another tenth of
    all room to those above, up to a half. And a tier, together with all below it, takes no more than its ``share``:
    whoever is below waits for those above, too. So a request is never refused while one of lower priority would be let
    in.

    Args:
        most_under_way: requests at a time.
        tiers: by name; one that is not named here is as ``Tier()``.

    Example:
        >>> from proveout.gateway._settings import Tier
        >>> shedder = Shedder(10, {"free": Tier(priority=-1, share=0.3), "standard": Tier()})
        >>> shedder.admits("free", {"free": 2}), shedder.admits("free", {"free": 3})
        (True, False)
        >>> shedder.admits("free", {"standard": 9}), shedder.admits("standard", {"standard": 9})
        (False, True)
    """

    def __init__(self, most_under_way: int, tiers: Mapping[str, Tier]) -> None:
        self._most = most_under_way
        self._tiers = dict(tiers)
        self._unnamed = Tier()
        priorities = sorted({self._unnamed.priority, *(tier.priority for tier in tiers.values())}, reverse=True)
        self._room = {priority: self._room_of(step) for step, priority in enumerate(priorities)}
        caps = [self._cap(tier) for tier in (self._unnamed, *tiers.values())]
        self._idle = min(*self._room.values(), *caps)

    def admits(self, tier: str, under_way: Mapping[str, int]) -> bool:
        """Whether a request of ``tier`` is let in beside those ``under_way``, counted by tier."""
        total = sum(under_way.values())
        if total < self._idle:
            return True
        own = self._tiers.get(tier, self._unnamed)
        if total >= self._room[own.priority] or self._taken(tier, own, under_way) >= self._cap(own):
            return False
        above = [(name, one) for name, one in self._tiers.items() if one.priority > own.priority and one.share < 1.0]
        return all(self._taken(name, one, under_way) < self._cap(one) for name, one in above)

    def _room_of(self, steps: int) -> float:
        return max(self._most * (1.0 - min(RESERVED * steps, MOST_RESERVED)), 1.0)

    def _cap(self, tier: Tier) -> float:
        return max(tier.share * self._most, 1.0)

    def _taken(self, tier: str, own: Tier, under_way: Mapping[str, int]) -> int:
        """Under way of a tier and of those of lower priority."""
        return sum(
            count
            for name, count in under_way.items()
            if name == tier or self._tiers.get(name, self._unnamed).priority < own.priority
        )
