"""What the fake upstream reads of a request, and what its model says: pure, so equal requests get equal answers."""

from __future__ import annotations

import json
from typing import Any

import msgspec

__all__ = ["Asked", "Said", "asked_of", "said_to"]

PIECE = 5


class _Message(msgspec.Struct):
    role: str = ""
    content: Any = None


class _Options(msgspec.Struct):
    include_usage: bool = False


class Asked(msgspec.Struct):
    """A body of chat, responses or embeddings: the fields that change the answer."""

    model: str = ""
    messages: list[_Message] = []
    input: Any = None
    stream: bool = False
    stream_options: _Options | None = None
    n: int | None = None
    tools: list[dict[str, Any]] | None = None
    tool_choice: Any = None
    response_format: dict[str, Any] | None = None
    text: dict[str, Any] | None = None
    logprobs: bool | None = None
    seed: int | None = None
    dimensions: int | None = None
    encoding_format: str | None = None


class Said(msgspec.Struct):
    """What the model says, in the pieces that a stream sends.

    Attributes:
        pieces: of the text; empty where tools are called.
        calls: tools called: id, name and arguments as JSON.
    """

    pieces: tuple[str, ...] = ()
    calls: tuple[tuple[str, str, str], ...] = ()

    @property
    def text(self) -> str:
        """All pieces."""
        return "".join(self.pieces)


asked_of = msgspec.json.Decoder(Asked).decode


def said_to(asked: Asked, words: int) -> Said:
    """What the model says.

    Args:
        asked: the request. A model whose name begins with ``echo`` says the user's last message; a request with tools
            calls all of them, unless it answers a call; a request with a schema gets its smallest example.
        words: pieces of an answer in prose.
    """
    wanted = _schema(asked)
    if wanted is not None:
        return Said(pieces=pieces_of(json.dumps(example(wanted, wanted))))
    if asked.tools and asked.tool_choice != "none" and not _answers_a_call(asked):
        return Said(calls=tuple(_call(number, tool) for number, tool in enumerate(_chosen(asked), 1)))
    if asked.model.startswith("echo"):
        return Said(pieces=pieces_of(_last_text(asked)))
    return Said(pieces=tuple(f"word{number} " for number in range(words)))


def pieces_of(text: str) -> tuple[str, ...]:
    """A text in pieces of five characters."""
    return tuple(text[at : at + PIECE] for at in range(0, len(text), PIECE))


def example(schema: Any, root: dict[str, Any]) -> Any:
    """A small value of a JSON schema.

    Example:
        >>> example({"type": "object", "properties": {"n": {"type": "integer"}}}, {})
        {'n': 7}
    """
    if "$ref" in schema:
        return example(root["$defs"][schema["$ref"].rpartition("/")[2]], root)
    if "enum" in schema or "const" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    if "anyOf" in schema:
        return example(schema["anyOf"][0], root)
    kind = schema.get("type", "object")
    if kind == "object":
        return {name: example(inner, root) for name, inner in schema.get("properties", {}).items()}
    if kind == "array":
        return [example(schema.get("items", {"type": "string"}), root)]
    return {"string": "text", "integer": 7, "number": 0.5, "boolean": True}.get(kind)


def _schema(asked: Asked) -> dict[str, Any] | None:
    form = asked.response_format or (asked.text or {}).get("format") or {}
    if form.get("type") == "json_object":
        return {"type": "object", "properties": {"answer": {"type": "string"}}}
    if form.get("type") != "json_schema":
        return None
    schema: dict[str, Any] = form.get("schema") or form["json_schema"]["schema"]
    return schema


def _chosen(asked: Asked) -> list[dict[str, Any]]:
    """The tools that are called, each as its name and parameters."""
    tools = [tool.get("function", tool) for tool in asked.tools or []]
    choice = asked.tool_choice
    if not isinstance(choice, dict):
        return tools
    named = choice.get("function", choice).get("name")
    return [tool for tool in tools if tool.get("name") == named]


def _call(number: int, tool: dict[str, Any]) -> tuple[str, str, str]:
    schema = tool.get("parameters") or {"type": "object"}
    return f"call_{number}", str(tool.get("name", "")), json.dumps(example(schema, schema))


def _answers_a_call(asked: Asked) -> bool:
    last = asked.input[-1] if isinstance(asked.input, list) and asked.input else None
    of_responses = isinstance(last, dict) and last.get("type") == "function_call_output"
    return of_responses or bool(asked.messages and asked.messages[-1].role == "tool")


def _last_text(asked: Asked) -> str:
    content = asked.messages[-1].content if asked.messages else asked.input
    while isinstance(content, list) and content:
        content = content[-1]
    if isinstance(content, dict):
        content = content.get("text", content.get("content"))
    return content if isinstance(content, str) else json.dumps(content)
