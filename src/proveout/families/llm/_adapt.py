"""What a server does not take of a request is left out: learned from its refusal, and stated in the card."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Any

import msgspec

__all__ = ["Adapter"]

Body = dict[str, Any]
# A refusal is about a parameter when it names it and says one of these.
REFUSAL = re.compile(
    r"support|unknown|unrecogni[sz]ed|not permitted|not allowed|invalid|unavailable|unexpected|extra|not available",
    re.IGNORECASE,
)


class Step(msgspec.Struct, frozen=True):
    """One thing to leave out.

    Attributes:
        name: for the card.
        words: a refusal that names one of them is about this.
        applies: whether the request holds it.
        change: the request without it.
    """

    name: str
    words: tuple[str, ...]
    applies: Callable[[Body], bool]
    change: Callable[[Body], Body]


def _format_is(kind: str) -> Callable[[Body], bool]:
    return lambda body: body.get("response_format", {}).get("type") == kind


def _has(key: str) -> Callable[[Body], bool]:
    return lambda body: key in body


def _without(*keys: str) -> Callable[[Body], Body]:
    return lambda body: {key: value for key, value in body.items() if key not in keys}


def _renamed(body: Body) -> Body:
    rest = {key: value for key, value in body.items() if key != "max_tokens"}
    return rest | {"max_completion_tokens": body["max_tokens"]}


FORMAT = ("response_format", "json_schema", "json_object", "guided_json", "output_format")
STEPS = (
    Step(
        "response_format json_object for json_schema",
        FORMAT,
        _format_is("json_schema"),
        lambda body: body | {"response_format": {"type": "json_object"}},
    ),
    Step("no response_format", FORMAT, _format_is("json_object"), _without("response_format")),
    Step(
        "no tools",
        ("tools", "tool_choice", "tool choice", "functions"),
        _has("tools"),
        _without("tools", "tool_choice"),
    ),
    Step("max_completion_tokens for max_tokens", ("max_tokens",), _has("max_tokens"), _renamed),
    Step("no logprobs", ("logprobs",), _has("logprobs"), _without("logprobs")),
    Step("no temperature", ("temperature",), _has("temperature"), _without("temperature")),
    Step("no seed", ("seed",), _has("seed"), _without("seed")),
)


class Adapter:
    """Knows what one server does not take, and learns more; shared by threads.

    Example:
        >>> adapter = Adapter()
        >>> adapter.learn("Unrecognized request argument supplied: seed", {"seed": 1})
        True
        >>> adapter.fitted({"seed": 1, "model": "m"})
        ({'model': 'm'}, ('no seed',))
    """

    def __init__(self) -> None:
        self._learned: set[str] = set()
        self._lock = threading.Lock()

    def fitted(self, body: Body) -> tuple[Body, tuple[str, ...]]:
        """The request as the server takes it, and the names of what was changed."""
        with self._lock:
            steps = [step for step in STEPS if step.name in self._learned]
        done = []
        for step in steps:
            if step.applies(body):
                body = step.change(body)
                done.append(step.name)
        return body, tuple(done)

    def learn(self, refusal: str, sent: Body) -> bool:
        """Whether a refusal of ``sent`` is about something that can be left out; it then is, from now on."""
        if not REFUSAL.search(refusal):
            return False
        for step in STEPS:
            named = any(re.search(rf"(?<!\w){word}(?!\w)", refusal, re.IGNORECASE) for word in step.words)
            if named and step.applies(sent):
                with self._lock:
                    self._learned.add(step.name)
                return True
        return False
