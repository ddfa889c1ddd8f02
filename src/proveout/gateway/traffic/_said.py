"""What was asked and answered, read from a record of any of the served APIs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from proveout.gateway._entries import RequestServed

__all__ = ["Said", "said_in"]

_DATA = "data:"
_TEMPLATE_ROLES = ("system", "developer")


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """One exchange in words.

    Attributes:
        template: system and developer messages, or instructions: the same for all requests of a feature.
        text: of the last message of the user.
        answer: text of the first choice; "" where there was none, as with a call of a tool.
    """

    template: str = ""
    text: str = ""
    answer: str = ""


def said_in(record: RequestServed) -> Said | None:
    """The words of a record; None where its content was not kept or holds no messages.

    Example:
        >>> from proveout.gateway import RequestServed
        >>> asked = {"messages": [{"role": "user", "content": "hello"}]}
        >>> said_in(RequestServed(id="1", operation="chat", received=0, model="m", status=200, input=asked)).text
        'hello'
    """
    asked = record.input
    if not isinstance(asked, dict):
        return None
    turns = _turns(asked)
    if not turns:
        return None
    template = "\n".join(text for role, text in turns if role in _TEMPLATE_ROLES)
    users = [text for role, text in turns if role == "user"]
    return Said(template=template, text=users[-1] if users else "", answer=_answer(record))


def _turns(asked: dict[str, Any]) -> list[tuple[str, str]]:
    """Role and text of each message, for both APIs."""
    instructions = asked.get("instructions")
    found = [("system", instructions)] if isinstance(instructions, str) else []
    given = asked.get("messages", asked.get("input"))
    if isinstance(given, str):
        return [*found, ("user", given)]
    items = given if isinstance(given, list) else []
    return found + [(str(one.get("role", "")), _text(one.get("content"))) for one in items if isinstance(one, dict)]


def _text(content: Any) -> str:
    """The text of a message, which is a string or parts."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "".join(part["text"] for part in parts if isinstance(part, dict) and isinstance(part.get("text"), str))


def _answer(record: RequestServed) -> str:
    if record.stream:
        return "".join(_deltas(record.answer))
    reply = _read(record.answer)
    first = [_text(choice.message.content) for choice in reply.choices if choice.message][:1]
    return "".join(first or [_text(item.content) for item in reply.output if item.type == "message"])


def _deltas(events: str) -> Iterator[str]:
    """The pieces of text in a recorded stream, of the first choice."""
    # Not `splitlines`, which also ends a line at U+0085 or U+2028 within the words.
    for line in events.split("\n"):
        if not line.startswith(_DATA) or "{" not in line:
            continue
        event = _read(line[len(_DATA) :])
        if event.type == "response.output_text.delta":
            yield _text(event.delta)
        for choice in event.choices:
            if choice.index == 0 and choice.delta:
                yield _text(choice.delta.content)


class _Message(msgspec.Struct):
    content: Any = None
    type: str = ""


class _Choice(msgspec.Struct):
    index: int = 0
    message: _Message | None = None
    delta: _Message | None = None


class _Reply(msgspec.Struct):
    """What is read of a reply or of an event of one."""

    type: str = ""
    delta: Any = None
    choices: list[_Choice] = []
    output: list[_Message] = []


def _read(text: str) -> _Reply:
    """A reply of a provider may be anything; what is cut off or of another shape says nothing."""
    try:
        return msgspec.json.decode(text, type=_Reply)
    except (msgspec.DecodeError, RecursionError):
        return _Reply()
