from __future__ import annotations

from proveout.events import EventDead, EventHandled, EventsSkipped, fold_savings


def handled(key: str, usd: float = 0.1, replay: str = "") -> EventHandled:
    return EventHandled(
        key=key, trigger="t", source="/s", id="1", type="a", about="", verdict="first", attempts=1, result=None,
        usd=usd, cpu_seconds=2.0, replay=replay,
    )  # fmt: skip


def test_each_delivery_counts_once_and_replays_apart() -> None:
    skipped = EventsSkipped(trigger="t", verdict="coalesced", keys=("b", "c"), stands=("", ""))
    dead = EventDead(key="d", trigger="t", source="/s", id="1", reason="x", attempts=1)
    revived = EventDead(key="a", trigger="t", source="/s", id="1", reason="x", attempts=1)
    (found,) = fold_savings([revived, handled("a"), handled("a"), skipped, skipped, dead, handled("x", 9.0, "file")])
    assert (found.events, found.calls, found.coalesced, found.unchanged, found.dead) == (4, 1, 2, 0, 1)
    assert found.usd_saved == 0.2
    assert found.cpu_hours_saved == 4.0 / 3600
    (replayed,) = fold_savings([handled("a"), handled("x", 9.0, "file")], replay="file")
    assert (replayed.calls, replayed.usd_per_call) == (1, 9.0)


def test_without_calls_nothing_is_priced() -> None:
    (found,) = fold_savings([EventsSkipped(trigger="t", verdict="unchanged", keys=("b",), stands=("a",))])
    assert (found.usd_saved, found.avoided_share) == (0.0, 1.0)
    assert fold_savings([]) == ()
