"""What a request asks of a task, whichever API it came by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from proveout.errors import RequestInvalid
from proveout.gateway.api import ChatRequest, ResponsesRequest, decode_chat, decode_responses

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from proveout.gateway.api import SchemaFormat, TextFormat, TextPart

__all__ = ["ASKS", "Asked"]

Json = dict[str, Any]
TEXT_PARTS = ("text", "input_text")


class Asked(msgspec.Struct, kw_only=True, frozen=True):
    """A request to a task.

    Attributes:
        text: of the last user message; what stands before it belongs to the prompt that the task replaces.
        param: the parameter it stood in.
        stream: whether the answer comes in events.
        usage: whether a stream of chat chunks ends with its usage.
        times: choices asked for.
        stops: texts before which the answer is cut.
        form: the JSON Schema that the answer has to be of; None where none was given.
        evidence: whether the answer's evidence is sent with it.
        segment: the part of the traffic that the request says it is of.
        request: as it was decoded.
    """

    text: str
    param: str
    stream: bool = False
    usage: bool = False
    times: int = 1
    stops: tuple[str, ...] = ()
    form: Json | None = None
    evidence: bool = False
    segment: str = ""
    request: ChatRequest | ResponsesRequest


def _ask_chat(body: bytes) -> Asked:
    request = decode_chat(body)
    _refuse_what_no_task_does(request, CHAT)
    turns = [(one.role, one.content) for one in request.messages]
    text, param = _last_user_text(turns, "messages")
    form, metadata = request.response_format, request.metadata or {}
    stop = request.stop
    return Asked(
        text=text,
        param=param,
        stream=bool(request.stream),
        usage=bool(request.stream_options and request.stream_options.include_usage),
        times=request.n or 1,
        stops=() if stop is None else (stop,) if isinstance(stop, str) else tuple(stop),
        form=None if form is None else _schema_of(form.type, form.json_schema, "response_format.json_schema"),
        evidence=metadata.get("evidence") == "true",
        segment=metadata.get("segment", ""),
        request=request,
    )


def _ask_response(body: bytes) -> Asked:
    request = decode_responses(body)
    _refuse_what_no_task_does(request, RESPONSES)
    if isinstance(request.input, str):
        text, param = request.input, "input"
    else:
        turns = [(one.role or "", one.content) for one in request.input if one.type == "message"]
        text, param = _last_user_text(turns, "input")
    form = request.text.format if request.text else None
    metadata = request.metadata or {}
    return Asked(
        text=text,
        param=param,
        stream=bool(request.stream),
        usage=True,
        form=None if form is None else _schema_of(form.type, form, "text.format"),
        evidence=metadata.get("evidence") == "true",
        segment=metadata.get("segment", ""),
        request=request,
    )


ASKS: Mapping[str, Callable[[bytes], Asked]] = {"chat": _ask_chat, "responses": _ask_response}


def _schema_of(kind: str, form: SchemaFormat | TextFormat | None, param: str) -> Json | None:
    """The schema asked for; a task's answer is one JSON object under the other kinds too."""
    if kind != "json_schema":
        return None
    if form is None or form.schema is None:
        raise _invalid(f"Missing required parameter: '{param}.schema'", "the form json_schema has a schema", param)
    return form.schema


def _last_user_text(turns: Sequence[tuple[str, str | list[TextPart] | None]], param: str) -> tuple[str, str]:
    for role, content in reversed(turns):
        if role != "user":
            continue
        if content is None:
            break
        if isinstance(content, str):
            return content, param
        other = next((part.type for part in content if part.type not in TEXT_PARTS), None)
        if other is not None:
            why = f"a task reads text, and a part is of type {other[:40]!r}"
            raise _invalid(f"Invalid value for '{param}'", why, param)
        return "\n".join(part.text for part in content), param
    raise _invalid(f"Invalid value for '{param}'", "a task answers the last user message, and there is none", param)


def _invalid(what: str, why: str, param: str) -> RequestInvalid:
    fix = "correct the request; the reference of the gateway's API says what a task does with each parameter"
    return RequestInvalid(what, why=why, fix=fix, about=param, param=param)


def _forces(choice: Any) -> bool:
    return choice not in ("none", "auto")


def _always(value: Any) -> bool:
    del value
    return True


def _if_true(value: Any) -> bool:
    return value is True


FORCED = "a task answers by itself and calls no tool"
KEPT = "no conversation or prompt is kept here"
SPOKEN = "a task answers in text"
Refusals = dict[str, tuple["Callable[[Any], bool]", str]]
CHAT: Refusals = {
    "audio": (_always, SPOKEN),
    "function_call": (_forces, FORCED),
    "modalities": (lambda value: "audio" in value, SPOKEN),
    "moderation": (_always, "no moderation model is called"),
    "tool_choice": (_forces, FORCED),
    "web_search_options": (_always, "a task searches no web"),
}
RESPONSES: Refusals = {
    "background": (_if_true, "a task answers at once"),
    "context_management": (bool, KEPT),
    "conversation": (_always, KEPT),
    "moderation": (_always, "no moderation model is called"),
    "previous_response_id": (_always, KEPT),
    "prompt": (_always, KEPT),
    "tool_choice": (_forces, FORCED),
}


def _refuse_what_no_task_does(request: ChatRequest | ResponsesRequest, refusals: Refusals) -> None:
    for name, (refuses, why) in refusals.items():
        value = getattr(request, name)
        if value is not None and refuses(value):
            raise _invalid(f"Unsupported parameter: '{name}' is not supported with this model", why, name)
