"""What a failed call means: whether it may be tried again, whether another provider may do better, what is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from proveout.errors import Refused, UpstreamFailed
from proveout.gateway._exchange import Reply

if TYPE_CHECKING:
    from random import Random

    from proveout.gateway._settings import Provider
    from proveout.gateway.providers._budget import RetryBudget

__all__ = ["JSON", "Failure", "error_object", "failure_of_error", "failure_of_status", "jitter", "pause"]

JSON = (b"content-type", b"application/json")
# A provider that asks for more patience than this is not waited for.
MOST_RETRY_AFTER = 5.0
FIRST_PAUSE = 0.25
MOST_PAUSE = 8.0
SERVER_ERROR = 500

_encode = msgspec.json.encode


class Failure(msgspec.Struct, kw_only=True):
    """A call that gave no answer.

    Attributes:
        error: what is raised when nothing else answers.
        reply: what is sent in its place: the provider's own words about a request it refuses.
        again: whether the same provider may answer another time.
        elsewhere: whether another provider may answer.
        well: for the breaker; see `Breaker.record`.
        retry_after: seconds that the provider asks to wait.
        attempted: whether a call was made at all.
        usage_refused: whether it may be due to what is asked for in the client's place.
    """

    error: Refused
    reply: Reply | None = None
    again: bool = True
    elsewhere: bool = True
    well: bool | None = False
    retry_after: float | None = None
    attempted: bool = True
    usage_refused: bool = False


class _Meaning(msgspec.Struct, frozen=True):
    again: bool
    elsewhere: bool
    well: bool | None


_REFUSED = _Meaning(again=False, elsewhere=False, well=True)
_MEANINGS = {
    408: _Meaning(again=True, elsewhere=True, well=None),
    409: _Meaning(again=True, elsewhere=True, well=True),
    425: _Meaning(again=True, elsewhere=True, well=None),
    429: _Meaning(again=True, elsewhere=True, well=None),
}
_SICK = _Meaning(again=True, elsewhere=True, well=False)
# A redirect is not followed: it could lead anywhere.
_ELSEWHERE = _Meaning(again=False, elsewhere=True, well=None)


def failure_of_status(status: int, error: Refused, *, reply: Reply | None = None) -> Failure:
    """What a status other than 2xx means.

    Example:
        >>> error = UpstreamFailed("no answer", why="503", fix="try again", about="openai")
        >>> failure_of_status(503, error).again, failure_of_status(400, error).elsewhere
        (True, False)
    """
    if status >= SERVER_ERROR:
        meaning = _SICK
    elif status < 400:  # noqa: PLR2004  where the 4xx begin
        meaning = _ELSEWHERE
    else:
        meaning = _MEANINGS.get(status, _REFUSED)
    return Failure(error=error, reply=reply, again=meaning.again, elsewhere=meaning.elsewhere, well=meaning.well)


def failure_of_error(error: UpstreamFailed) -> Failure:
    """What it means that no answer came, or none that can be used."""
    return Failure(error=error)


def jitter(tried: int, rng: Random) -> float:
    """Seconds to wait before a further try: anything from 0 to a bound that doubles.

    "Full jitter" of M. Brooker, *Exponential Backoff And Jitter*, AWS Architecture Blog, 2015.

    Example:
        >>> from random import Random
        >>> 0.0 <= jitter(1, Random(0)) <= 0.5
        True
    """
    return rng.uniform(0.0, min(FIRST_PAUSE * 2**tried, MOST_PAUSE))


def pause(
    failure: Failure, tried: int, terms: Provider, *, budget: RetryBudget, rng: Random, left: float
) -> float | None:
    """Seconds to wait before the same provider is asked once more; None when it is not asked.

    Args:
        failure: of the last try.
        tried: retries made so far.
        terms: of the provider.
        budget: of its retries; one is spent when there is a further try.
        rng: source of the jitter.
        left: seconds that remain for the request as a whole.
    """
    if not failure.again or tried >= terms.retries:
        return None
    wait = jitter(tried, rng)
    if failure.retry_after is not None:
        if failure.retry_after > MOST_RETRY_AFTER:
            return None
        wait += failure.retry_after
    if wait >= left or not budget.withdraw():
        return None
    return wait


def error_object(error: Refused) -> bytes:
    """An error as the OpenAI API states it."""
    said = {
        "message": f"{error.what}: {error.why}",
        "type": error.type,
        "param": error.param or None,
        "code": error.error_code or None,
    }
    return _encode({"error": said})
