"""Tokens without a tokenizer: an estimate, and a bound that holds."""

from __future__ import annotations

from typing import Any

from proveout.task import canonical_json

__all__ = ["estimated_tokens", "most_tokens", "prompt_bytes"]

# English prose has 4 to 5 bytes a token, JSON and Chinese about 3: this errs on the side of too many.
BYTES_PER_TOKEN = 3
# What chat templates put around a message.
PER_MESSAGE = 16
SENT_TO_THE_MODEL = ("messages", "tools", "response_format")


def estimated_tokens(size: int) -> int:
    """Tokens of a text of ``size`` UTF-8 bytes, at 3 bytes a token: an estimate, with no promise.

    Example:
        >>> estimated_tokens(len(b"where is my card?"))
        6
    """
    return -(-size // BYTES_PER_TOKEN)


def most_tokens(body: dict[str, Any]) -> int:
    """More tokens than the prompt of this request can have: a byte-level tokenizer makes at most one a byte.

    Example:
        >>> most_tokens({"messages": [{"role": "user", "content": "hi"}]})
        48
    """
    return prompt_bytes(body) + PER_MESSAGE * len(body.get("messages", ()))


def prompt_bytes(body: dict[str, Any]) -> int:
    """UTF-8 bytes of what the model reads of a request, as JSON."""
    return sum(len(canonical_json(body[part])) for part in SENT_TO_THE_MODEL if part in body)
