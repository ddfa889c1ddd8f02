"""Calling an OpenAI-compatible endpoint: timeouts, retries with back-off, errors in our words."""

from __future__ import annotations

import os
import random
import time
from typing import TYPE_CHECKING, Any

import httpx
import msgspec

from proveout.errors import ProviderMalformed, ProviderRefused, ProviderUnreachable

if TYPE_CHECKING:
    from collections.abc import Callable

    from proveout.task import Incumbent

__all__ = ["Completion", "Provider"]

TRIES = 5
FIRST_WAIT, LONGEST_WAIT = 0.5, 20.0
RETRIED = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})


class Completion(msgspec.Struct, frozen=True):
    """One reply: its text, whether the model refused, and the tokens the provider counted."""

    text: str
    refused: bool
    tokens_in: int
    tokens_out: int


class Provider:
    """One endpoint and model.

    Args:
        incumbent: base URL, model, name of the variable that holds the key, timeout.
        sleep: waits between tries; tests inject their own.
        seed: of the jitter.
    """

    def __init__(self, incumbent: Incumbent, *, sleep: Callable[[float], None] = time.sleep, seed: int = 0) -> None:
        self._incumbent = incumbent
        self._sleep = sleep
        self._jitter = random.Random(seed)  # noqa: S311  spreads retries, guards nothing
        headers = {"authorization": f"Bearer {self._key()}"} if incumbent.api_key_env else {}
        self._client = httpx.Client(headers=headers, timeout=incumbent.timeout_seconds)

    def _key(self) -> str:
        name = self._incumbent.api_key_env
        key = os.environ.get(name, "")
        if not key:
            fix = f"export {name}=…, or correct incumbent.api_key_env"
            raise ProviderRefused(
                "no key", why=f"the variable {name} is not set", fix=fix, about=self._incumbent.base_url
            )
        return key

    def complete(self, body: dict[str, Any]) -> Completion:
        """POST one chat completion, trying again when that can help.

        Raises:
            ProviderUnreachable: it did not answer within the timeout, `TRIES` times.
            ProviderRefused: it answered with a status that trying again does not change.
            ProviderMalformed: what it answered is no completion.
        """
        for attempt in range(TRIES):
            last = attempt == TRIES - 1
            try:
                response = self._client.post(f"{self._incumbent.base_url.rstrip('/')}/chat/completions", json=body)
            except httpx.HTTPError as error:
                if last:
                    raise self._unreachable(error) from error
                self._wait(attempt, None)
                continue
            if response.status_code not in RETRIED or last:
                return self._read(response)
            self._wait(attempt, response.headers.get("retry-after"))
        raise AssertionError("unreachable: the last try returns or raises")

    def close(self) -> None:
        """Close kept-alive connections."""
        self._client.close()

    def _wait(self, attempt: int, stated: str | None) -> None:
        """What the provider states, or exponential back-off with full jitter."""
        if stated is not None and stated.replace(".", "", 1).isdigit():
            self._sleep(min(float(stated), LONGEST_WAIT))
            return
        self._sleep(self._jitter.uniform(0, min(LONGEST_WAIT, FIRST_WAIT * 2**attempt)))

    def _unreachable(self, error: httpx.HTTPError) -> ProviderUnreachable:
        why = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        fix = "check incumbent.base_url and that the endpoint is up, or raise incumbent.timeout_seconds"
        return ProviderUnreachable(f"no answer after {TRIES} tries", why=why, fix=fix, about=self._incumbent.base_url)

    def _read(self, response: httpx.Response) -> Completion:
        about = self._incumbent.base_url
        if response.status_code != httpx.codes.OK:
            why = f"status {response.status_code}: {response.text[:300]}"
            fix = f"check the key, the model name {self._incumbent.model!r} and the account's limits"
            raise ProviderRefused("the endpoint refused", why=why, fix=fix, about=about)
        try:
            message = (reply := response.json())["choices"][0]["message"]
            usage = reply.get("usage") or {}
            text, refusal = message.get("content") or "", message.get("refusal")
            counts = int(usage.get("prompt_tokens", 0)), int(usage.get("completion_tokens", 0))
        except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            why = f"{type(error).__name__}: {error}; it begins {response.text[:120]!r}"
            fix = "check that incumbent.base_url is the root of an OpenAI-compatible API, ending in /v1"
            raise ProviderMalformed("not a completion", why=why, fix=fix, about=about) from error
        return Completion(str(text), bool(refusal), *counts)
