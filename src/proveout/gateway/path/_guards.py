"""Guards on the path: each looks at a text, and what it says is in the record."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from proveout.errors import GuardRefused
from proveout.guard import guards

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from proveout.gateway._exchange import Exchange
    from proveout.guard import Guard

    Place = tuple[object, ...]

__all__ = ["guard_text", "text_guards", "texts_of"]

# What numbers the choices, calls and parts of a stream, whose pieces come in turns.
_NUMBERS = ("index", "output_index", "content_index", "summary_index", "item_id")
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
_decode = msgspec.json.Decoder().decode


def text_guards(names: Iterable[str]) -> tuple[Guard, ...]:
    """The guards of these names.

    Raises:
        GuardUnknown: none is registered under a name.
    """
    return tuple(guards.create(name) for name in names)


def guard_text(exchange: Exchange, used: Sequence[Guard], content: bytes, where: str) -> None:
    """Have the guards look at an input or an answer.

    Args:
        exchange: whose outcome takes the verdicts.
        used: guards, in order.
        content: JSON or events, as it is sent.
        where: ``input`` or ``output``.

    Raises:
        GuardRefused: one of them does not let it pass.
    """
    text = texts_of(content)
    for one in used:
        verdict = one.check(text)
        exchange.outcome.verdicts += ((one.name, "passed" if verdict.allowed else verdict.reason),)
        if not verdict.allowed:
            fix = "leave that out" if where == "input" else "ask for something else"
            raise GuardRefused(
                f"the {where} is refused by a guard", why=f"it {verdict.reason}", fix=fix, about=f"guard {one.name}"
            )


def texts_of(content: bytes) -> str:
    r"""All texts of a body or of a stream, without the escapes of JSON; the pieces of a stream are put together.

    What cannot be decoded is taken as it is.

    Args:
        content: JSON or server-sent events.

    Example:
        >>> texts_of(b'{"content":"one\\u0020two"}')
        'content\none two'
        >>> texts_of(b'data: {"delta":"sec"}\n\ndata: {"delta":"ret"}\n\ndata: [DONE]\n\n')
        'secret'
    """
    try:
        return "\n".join(text for _, text in _texts((), _decode(content), keys=True))
    except (msgspec.DecodeError, RecursionError):
        # Events; or JSON that nobody can hold, which is read line by line.
        found: dict[Place, list[str]] = {}
    for line in content.splitlines():
        for place, text in _of_line(line):
            found.setdefault(place, []).append(text)
    return "\n".join("".join(parts) for parts in found.values())


def _of_line(line: bytes) -> Iterable[tuple[Place, str]]:
    data = line.removeprefix(b"data:").strip()
    if not data or data == b"[DONE]" or data.startswith(b"event:"):
        return ()
    try:
        return list(_texts((), _decode(data), keys=False))
    except (msgspec.DecodeError, RecursionError):
        shown = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), line.decode("utf-8", "replace"))
        return [((line,), shown.replace("\\n", "\n"))]


def _texts(place: Place, value: Any, *, keys: bool) -> Iterator[tuple[Place, str]]:
    """Each text and where it stands; keys are texts too, for a client may write into them what it likes."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from _texts((*place, number), one, keys=keys)
    elif isinstance(value, dict):
        if not keys:
            place = (*place, *(value.get(name) for name in _NUMBERS if isinstance(value.get(name), int | str)))
        for key, one in value.items():
            if keys:
                yield place, key
            yield from _texts((*place, key), one, keys=keys)
