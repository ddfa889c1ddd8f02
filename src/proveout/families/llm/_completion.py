"""Reading what an endpoint sent as one completion."""

from __future__ import annotations

from typing import Any

import msgspec

from proveout.families.llm._tokens import estimated_tokens, prompt_bytes

__all__ = ["Completion", "read_completion"]

DIGITS = 6


class Completion(msgspec.Struct, frozen=True):
    """One reply.

    Attributes:
        text: what the model wrote, or the arguments of the tool it called.
        refused: the model declined, or the provider filtered what it wrote.
        tokens_in: prompt tokens.
        tokens_out: completion tokens.
        estimated: the provider counted no tokens, so they are estimated.
        cut: it ended at the most tokens allowed.
        logprob: log-probability of the text, summed over its tokens; None when the provider gives none.
        adapted: what was left out of the request because the server does not take it.
    """

    text: str
    refused: bool
    tokens_in: int
    tokens_out: int
    estimated: bool = False
    cut: bool = False
    logprob: float | None = None
    adapted: tuple[str, ...] = ()


def read_completion(reply: Any, sent: dict[str, Any]) -> Completion:
    """The first choice of a reply.

    Raises:
        KeyError, IndexError, TypeError, ValueError, AttributeError: it is no completion.
    """
    choice = reply["choices"][0]
    message, ended = choice["message"], choice.get("finish_reason")
    text = _text(message)
    tokens_in, tokens_out, estimated = _tokens(reply.get("usage"), text, sent)
    return Completion(
        text=text,
        refused=bool(message.get("refusal")) or ended == "content_filter",
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        estimated=estimated,
        cut=ended == "length",
        logprob=_logprob(choice.get("logprobs")),
    )


def _text(message: Any) -> str:
    if message.get("tool_calls"):
        return str(message["tool_calls"][0]["function"]["arguments"])
    content = message.get("content") or ""
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content)
    return str(content)


def _tokens(usage: Any, text: str, sent: dict[str, Any]) -> tuple[int, int, bool]:
    if not usage:
        return estimated_tokens(prompt_bytes(sent)), estimated_tokens(len(text.encode("utf-8", "replace"))), True
    counts = [max(0, int(usage.get(key) or 0)) for key in ("prompt_tokens", "completion_tokens")]
    return counts[0], counts[1], False


def _logprob(given: Any) -> float | None:
    tokens = given.get("content") if isinstance(given, dict) else None
    if not tokens:
        return None
    return round(sum(float(token["logprob"]) for token in tokens), DIGITS)
