"""Limits turned into the numbers that are compared for each request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proveout.gateway._settings import Limits

if TYPE_CHECKING:
    from proveout.gateway._key import Key
    from proveout.gateway._settings import Tier

__all__ = ["NANO", "SLACK", "Subjects", "Terms", "held_tokens", "nanodollars", "subjects_of"]

Subjects = tuple[tuple[str, Limits], ...]
MINUTE = 60.0
BYTES_A_TOKEN = 4
NANO = 1_000_000_000
NO_LIMIT = float("inf")
# A microsecond's worth more than the limit, so that a request that comes after exactly the stated wait is not refused
# for the rounding of a float.
SLACK = 1e-6
UNLIMITED = Limits()


def subjects_of(key: Key, tier: Tier, task: str = "", task_limits: Limits | None = None) -> Subjects:
    """Whose limits a request is under: its key's own, or those that the tier gives each of its keys; and its task's.

    The key comes first, since ``x-ratelimit-*`` headers tell of the first: what is left of a task's limit would tell
    one tenant what the others do. Each call gives the very objects that the settings hold, by which `Limiter` knows
    that nothing has changed.

    Example:
        >>> from proveout.gateway._key import ANONYMOUS
        >>> from proveout.gateway._settings import Tier
        >>> [name for name, _ in subjects_of(ANONYMOUS, Tier(), "refund", Limits(requests_per_minute=60))]
        ['key:', 'task:refund']
    """
    own = (f"key:{key.id}", tier.limits if key.limits is None else key.limits)
    return (own, (f"task:{task}", task_limits or UNLIMITED)) if task else (own,)


def held_tokens(body_bytes: int, most_tokens: int) -> int:
    """Tokens to hold for a request: four bytes of its body as one, and the completion tokens that it allows.

    An estimate, which `Hold.settle` corrects. For money an upper bound is needed: no tokenizer in use makes more tokens
    than there are bytes.

    Example:
        >>> held_tokens(401, 256)
        357
    """
    return -(-body_bytes // BYTES_A_TOKEN) + most_tokens


def nanodollars(usd: float) -> float:
    """Whole nanodollars, rounded up.

    Example:
        >>> nanodollars(0.0000000001), nanodollars(1.5)
        (1.0, 1500000000.0)
    """
    exact = usd * NANO
    whole = float(int(exact))
    # Half a millionth of a nanodollar is the rounding of the product, and no money.
    return whole + 1.0 if exact - whole > 1e-6 else whole  # noqa: PLR2004  as the line above says


class Terms:
    """The limits of one name, and where its state is.

    Attributes:
        name: of the key or task.
        limits: that these are.
        cell: number of the cell.
        base: where the cell begins.
        request_seconds: that one request books; 0 without a limit.
        request_most: seconds that may be booked ahead; infinite without a limit.
        token_seconds: that one token books.
        token_most: as ``request_most``.
        day_most: nanodollars.
        month_most: nanodollars.
        request_lines: template of the headers on requests, which lacks what is left and for how long.
        token_lines: the same on tokens.
    """

    __slots__ = (
        "base",
        "cell",
        "day_most",
        "limits",
        "month_most",
        "name",
        "request_lines",
        "request_most",
        "request_seconds",
        "token_lines",
        "token_most",
        "token_seconds",
    )

    def __init__(self, name: str, limits: Limits, cell: int, base: int) -> None:
        self.name = name
        self.limits = limits
        self.cell = cell
        self.base = base
        self.request_seconds = _seconds(limits.requests_per_minute)
        self.token_seconds = _seconds(limits.tokens_per_minute)
        # However small the burst, one request at a time fits.
        self.request_most = _most(self.request_seconds, max(limits.burst_seconds, self.request_seconds))
        self.token_most = _most(self.token_seconds, limits.burst_seconds)
        self.request_lines = _lines(b"requests", self.request_most, self.request_seconds)
        self.token_lines = _lines(b"tokens", self.token_most, self.token_seconds)
        self.day_most = _budget(limits.usd_per_day)
        self.month_most = _budget(limits.usd_per_month)


def _seconds(per_minute: float | None) -> float:
    return 0.0 if per_minute is None else MINUTE / per_minute


def _most(seconds: float, burst: float) -> float:
    return burst + SLACK if seconds else NO_LIMIT


def _lines(unit: bytes, most: float, seconds: float) -> bytes:
    if not seconds:
        return b""
    return (
        b"x-ratelimit-limit-%b: %d\r\n"
        b"x-ratelimit-remaining-%b: %%d\r\n"
        b"x-ratelimit-reset-%b: %%b\r\n"
    ) % (unit, int(most / seconds), unit, unit)  # fmt: skip


def _budget(usd: float | None) -> float:
    return NO_LIMIT if usd is None else float(int(usd * NANO + 1e-6))
