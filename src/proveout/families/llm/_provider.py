"""Calling an OpenAI-compatible endpoint: timeouts, retries with back-off, a cap on money, errors in our words."""

from __future__ import annotations

import random
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import httpx
import msgspec

from proveout.errors import ProviderMalformed, ProviderRefused, ProviderUnreachable
from proveout.families.llm._adapt import Adapter
from proveout.families.llm._budget import Budget
from proveout.families.llm._completion import Completion, read_completion
from proveout.families.llm._credentials import Credentials
from proveout.families.llm._tokens import most_tokens
from proveout.task import Prices

if TYPE_CHECKING:
    from collections.abc import Callable

    from proveout.errors import ProviderError
    from proveout.families.llm._budget import Held
    from proveout.task import Incumbent

    Body = dict[str, Any]

__all__ = ["Provider"]

TRIES = 5
FIRST_WAIT, LONGEST_WAIT = 0.5, 20.0
# A provider that wants a longer pause is not waited for.
LONGEST_STATED = 60.0
RETRIED = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
# What a server answers that does not take a parameter.
REJECTED = frozenset({400, 404, 415, 422})
MOST_BYTES = 16_000_000


class _Failed(msgspec.Struct, frozen=True):
    """A call without a completion.

    Attributes:
        error: what to raise in the end.
        again: whether trying again can help.
        wait: seconds the provider asks for.
        rejection: why it rejected the request, in its words.
    """

    error: Any
    again: bool = False
    wait: float | None = None
    rejection: str = ""


class _Received(msgspec.Struct, frozen=True):
    """A response, read to its end."""

    status: int
    retry_after: str
    content: bytes

    @property
    def text(self) -> str:
        return self.content.decode("utf-8", "replace")


class Provider:
    """One endpoint and model.

    Args:
        incumbent: base URL, model, where key and headers come from, timeout.
        sleep: waits between tries; tests inject their own.
        seed: of the jitter.
        budget: what may be spent; without one, no limit.
        now: seconds since 1970, for a ``Retry-After`` that names a time.
        clock: seconds, for the timeout of a whole reply.

    Raises:
        ProviderRefused: there is no key.
    """

    def __init__(
        self,
        incumbent: Incumbent,
        *,
        sleep: Callable[[float], None] = time.sleep,
        seed: int = 0,
        budget: Budget | None = None,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._incumbent = incumbent
        self._sleep = sleep
        self._jitter = random.Random(seed)  # noqa: S311  spreads retries, guards nothing
        self._budget = budget or Budget(None, Prices(), about=incumbent.model)
        self._now, self._clock = now, clock
        self._adapter = Adapter()
        self._credentials = Credentials(incumbent)
        limits = httpx.Limits(max_connections=incumbent.concurrency)
        self._client = httpx.Client(headers=self._credentials.headers, timeout=incumbent.timeout_seconds, limits=limits)

    def complete(self, body: Body) -> Completion:
        """POST one chat completion, trying again when that can help, and without what the server does not take.

        Raises:
            ProviderUnreachable: it did not answer whole and in time, `TRIES` times.
            ProviderRefused: it answered with a status that trying again does not change.
            ProviderMalformed: what it answered is no completion.
            BudgetExceeded: the call could cost more than the budget leaves.
        """
        while True:
            sent, adapted = self._adapter.fitted(body)
            outcome = self._tried(sent)
            if isinstance(outcome, Completion):
                return msgspec.structs.replace(outcome, adapted=adapted)
            if not self._adapter.learn(outcome.rejection, sent):
                raise outcome.error

    def close(self) -> None:
        """Close kept-alive connections."""
        self._client.close()

    def _tried(self, body: Body) -> Completion | _Failed:
        for attempt in range(TRIES - 1):
            outcome = self._once(body)
            if isinstance(outcome, Completion) or not outcome.again:
                return outcome
            self._sleep(self._pause(attempt) if outcome.wait is None else outcome.wait)
        return self._once(body)

    def _pause(self, attempt: int) -> float:
        """Exponential back-off with full jitter (AWS architecture blog, 2015)."""
        return self._jitter.uniform(0, min(LONGEST_WAIT, FIRST_WAIT * 2**attempt))

    def _once(self, body: Body) -> Completion | _Failed:
        with self._budget.hold(most_tokens(body), self._incumbent.max_tokens) as held:
            try:
                received = self._post(body)
            except (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
                held.settle(0.0, answered=False)  # it was never sent
                return self._unreachable(
                    error, again=not isinstance(error, httpx.UnsupportedProtocol | httpx.InvalidURL)
                )
            except httpx.HTTPError as error:
                return self._unreachable(error, again=True)
            if received.status != httpx.codes.OK:
                held.settle(0.0, answered=False)
                return self._refused(received)
            return self._read(received, body, held)

    def _post(self, body: Body) -> _Received:
        """The whole reply; one that trickles is given up after the timeout."""
        timeout = self._incumbent.timeout_seconds
        deadline = self._clock() + timeout
        content = bytearray()
        url = f"{self._incumbent.base_url.rstrip('/')}/chat/completions"
        with self._client.stream("POST", url, json=body) as response:
            for piece in response.iter_bytes():
                content += piece
                if len(content) > MOST_BYTES:
                    break
                if self._clock() > deadline:
                    raise httpx.ReadTimeout(f"it was still sending after {timeout:g} s")
            return _Received(response.status_code, response.headers.get("retry-after", ""), bytes(content))

    def _unreachable(self, error: Exception, *, again: bool) -> _Failed:
        why = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        fix = "check incumbent.base_url and that the endpoint is up, or raise incumbent.timeout_seconds"
        what = f"no answer after {TRIES} tries" if again else "no answer"
        return _Failed(self._error(ProviderUnreachable, what, why, fix), again=again)

    def _refused(self, received: _Received) -> _Failed:
        text = received.text
        wait = self._stated(received.retry_after)
        if wait is not None and wait > LONGEST_STATED:
            why = f"status {received.status}, and it asks to wait {wait:.0f} s"
            fix = "run again then: answers paid for are kept"
            return _Failed(self._error(ProviderRefused, "the endpoint is at its limit", why, fix))
        why = f"status {received.status}: {text[:300]}"
        fix = f"check the key, the model name {self._incumbent.model!r} and the account's limits"
        error = self._error(ProviderRefused, "the endpoint refused", why, fix)
        rejection = text if received.status in REJECTED else ""
        return _Failed(error, again=received.status in RETRIED, wait=wait, rejection=rejection)

    def _stated(self, text: str) -> float | None:
        """Seconds of a ``Retry-After`` header (RFC 9110, 10.2.3): a number, or a date."""
        if not text:
            return None
        if text.replace(".", "", 1).isdecimal():
            return float(text)
        try:
            return max(0.0, parsedate_to_datetime(text).timestamp() - self._now())
        except ValueError:
            return None

    def _read(self, received: _Received, body: Body, held: Held) -> Completion | _Failed:
        try:
            reply = msgspec.json.decode(received.content)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            # A body that begins like JSON was cut off on its way; anything else is no API.
            return self._malformed(received, error, again=received.content.lstrip().startswith(b"{"))
        try:
            completion = read_completion(reply, body)
        except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            return self._malformed(received, error, again=False)
        # Tokens that nobody counted are paid for at the worst: the cap holds all the same.
        if not completion.estimated:
            held.settle(self._budget.usd(completion.tokens_in, completion.tokens_out), answered=True)
        else:
            held.settle(held.usd, answered=True)
        return completion

    def _malformed(self, received: _Received, error: Exception, *, again: bool) -> _Failed:
        why = f"{type(error).__name__}: {error}; it begins {received.text[:120]!r}"
        fix = "check that incumbent.base_url is the root of an OpenAI-compatible API, ending in /v1"
        return _Failed(self._error(ProviderMalformed, "not a completion", why, fix), again=again)

    def _error(self, kind: type[ProviderError], what: str, why: str, fix: str) -> ProviderError:
        return kind(what, why=self._credentials.redacted(why), fix=fix, about=self._incumbent.base_url)
