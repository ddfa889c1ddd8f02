"""The body that is sent to a provider: the client's own bytes, but for the model's name and the wish for usage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from proveout.errors import RequestInvalid

if TYPE_CHECKING:
    from proveout.gateway._exchange import Wanted

__all__ = ["body_for"]

# Read by the gateway, so that a second spelling of one could say something else to the provider.
READ = frozenset({"model", "stream", "stream_options"})

_decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_encode = msgspec.json.Encoder().encode
_decode_options = msgspec.json.Decoder(dict[str, msgspec.Raw] | None).decode
_ASKED = msgspec.Raw(b'{"include_usage":true}')


def body_for(body: bytes, wanted: Wanted, *, model: str, ask_usage: bool) -> bytes:
    """The body for a provider.

    Values are passed on byte for byte, and the whole body too where nothing has to be changed and no key stands
    twice. Of a key that stands twice only the last value is sent, which is the one that the gateway read: parsers do
    not agree on which counts (RFC 8259, section 4), and a key that may use one model must not reach another. Some
    parsers take ``Model`` for ``model``, so that such a key is refused.

    Args:
        body: as it came, a JSON object.
        wanted: what the gateway read of it.
        model: the name that the provider knows.
        ask_usage: whether a stream that does not ask for usage is to do so.

    Raises:
        RequestInvalid: a key is another spelling of one that the gateway reads.

    Example:
        >>> from proveout.gateway._exchange import Wanted
        >>> body_for(b'{"model":"a/b","n":1.0}', Wanted(model="a/b"), model="b", ask_usage=True)
        b'{"model":"b","n":1.0}'
    """
    top = _decode(body)
    for key in top:
        if not key.islower() and key not in READ and key.lower() in READ:
            raise RequestInvalid(
                "a parameter is not known",
                why=f"{key!r} differs from {key.lower()!r} by its letters' case",
                fix="write parameters in lower case",
                about=key,
                param=key,
            )
    changed = False
    if model != wanted.model:
        top["model"] = msgspec.Raw(_encode(model))
        changed = True
    if ask_usage and wanted.stream and not wanted.usage_asked:
        changed = _ask_usage(top) or changed
    rebuilt = _encode(top)
    if changed or len(rebuilt) == len(body):
        return rebuilt
    return body if _spaced(top) == body else rebuilt


def _ask_usage(top: dict[str, msgspec.Raw]) -> bool:
    stated = top.get("stream_options")
    if stated is None:
        top["stream_options"] = _ASKED
        return True
    try:
        options = _decode_options(stated) or {}
    except msgspec.ValidationError:
        # Not an object: the provider is to say so.
        return False
    options["include_usage"] = msgspec.Raw(b"true")
    top["stream_options"] = msgspec.Raw(_encode(options))
    return True


def _spaced(top: dict[str, msgspec.Raw]) -> bytes:
    # As json.dumps writes it: when this is the body, no key stands twice.
    return b"{" + b", ".join([b'"' + key.encode() + b'": ' + bytes(raw) for key, raw in top.items()]) + b"}"
