"""The generic cell rate algorithm on seconds: how far ahead of the clock a bucket is booked.

A limit of N a minute books 60/N seconds for each unit. The state is one number, the theoretical arrival time: the
instant at which all that was booked has drained. A request conforms if, with its own booking, that instant is no
further ahead of now than the burst allows (ATM Forum Traffic Management 4.0, 4.4.2, virtual scheduling; Brandur Leach,
"Rate Limiting, Cells, and GCRA", 2015). Nothing has to run in between, and no interval of t seconds sees more than
burst + rate * t admitted.
"""

from __future__ import annotations

__all__ = ["booked", "refundable"]


def booked(arrival: float, now: float, seconds: float) -> float:
    """The theoretical arrival time once this many seconds are booked on top.

    Example:
        >>> booked(10.0, 12.0, 0.5), booked(13.0, 12.0, 0.5)
        (12.5, 13.5)
    """
    return max(arrival, now) + seconds


def refundable(arrival: float, now: float, total: float, mark: float, seconds: float) -> float:
    """How much of a booking can be taken back: what of it has not drained yet.

    Bookings drain in their order. What drained was capacity that time has given, so that giving it back would let a
    later burst exceed the limit. A bucket that is booked far ahead, which is where refunds matter, has drained little
    of what was booked lately.

    Args:
        arrival: the theoretical arrival time.
        now: of the same clock.
        total: all seconds ever booked.
        mark: what ``total`` was right after this booking.
        seconds: of this booking that are not needed.

    Example:
        >>> refundable(10.0, 4.0, total=10.0, mark=10.0, seconds=3.0)  # six seconds are left, of which it is the last
        3.0
        >>> refundable(10.0, 4.0, total=10.0, mark=5.0, seconds=3.0)  # it reached from 2 to 5, and 4 have drained
        1.0
    """
    ahead = arrival - now
    if ahead <= 0.0:
        return 0.0
    left = mark - (total - ahead)
    return max(min(seconds, left), 0.0)
