"""What is sent for one input, and what is read from the reply: one entry for each way to ask for the output."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from proveout.task import Incumbent

__all__ = ["json_of", "request"]

Json = dict[str, Any]
FENCED = re.compile(r"^\s*```(?:json)?\s*\n(.*?)\n?\s*```\s*$", re.DOTALL)


def request(incumbent: Incumbent, output: Json, messages: Sequence[dict[str, str]], seed: int) -> Json:
    """The body of a chat completion request.

    Example:
        >>> from proveout.task import Incumbent
        >>> request(Incumbent(model="m", output_mode="json"), {}, [], 0)["response_format"]
        {'type': 'json_object'}
    """
    body = {
        "model": incumbent.model,
        "messages": list(messages),
        "temperature": incumbent.temperature,
        "max_tokens": incumbent.max_tokens,
        "seed": seed,
    }
    if incumbent.logprobs:
        body["logprobs"] = True
    return body | MODES[incumbent.output_mode](output)


def json_of(text: str) -> Any:
    r"""The JSON value of a reply, which may stand in a code fence.

    Raises:
        msgspec.DecodeError: it is not JSON.

    Example:
        >>> json_of('```json\n{"a": 1}\n```')
        {'a': 1}
    """
    fenced = FENCED.match(text)
    return msgspec.json.decode(fenced.group(1) if fenced else text)


def _as_schema(output: Json) -> Json:
    named = {"name": "output", "schema": output, "strict": _strict(output)}
    return {"response_format": {"type": "json_schema", "json_schema": named}}


def _as_tool(output: Json) -> Json:
    function = {"name": "output", "description": "Give the output.", "parameters": output}
    chosen = {"type": "function", "function": {"name": "output"}}
    return {"tools": [{"type": "function", "function": function}], "tool_choice": chosen}


def _as_json(output: Json) -> Json:
    del output
    return {"response_format": {"type": "json_object"}}


def _strict(output: Json) -> bool:
    """Whether providers take the schema in strict mode: every property required, no others."""
    closed = output.get("additionalProperties") is False
    return closed and sorted(output.get("required", ())) == sorted(output.get("properties", {}))


MODES: dict[str, Callable[[Json], Json]] = {"schema": _as_schema, "tool": _as_tool, "json": _as_json}
