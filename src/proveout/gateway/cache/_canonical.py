"""Which requests may share an answer, and when two of them are the same one."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

import msgspec
from msgspec import Raw

if TYPE_CHECKING:
    from collections.abc import Callable, Container

    from proveout.gateway._exchange import Exchange, Operation

__all__ = ["IGNORED", "KeyMaker", "form_of", "tenant_of", "why_not_shared"]

_ACCOUNTING = "who asks, for the provider's abuse reports and statistics; no model sees it"
_PLACEMENT = "where and how soon it is computed, and not what"
# Fields that do not change the answer, by operation. Fields that an answer of /v1/responses echoes are not in its list,
# and ``store`` is in none: what was not stored cannot be asked for later by its id.
IGNORED: dict[Operation, dict[str, str]] = {
    "chat": {
        "metadata": _ACCOUNTING,
        "prompt_cache_key": _PLACEMENT,
        "prompt_cache_retention": _PLACEMENT,
        "safety_identifier": _ACCOUNTING,
        "service_tier": _PLACEMENT,
        "stream": "the form of the answer, which is in the key by itself",
        "stream_options": "as stream",
        "user": _ACCOUNTING,
    },
    "responses": {
        "prompt_cache_retention": _PLACEMENT,
        "stream": "the form of the answer, which is in the key by itself",
        "stream_options": "as stream",
    },
    "embeddings": {"user": _ACCOUNTING},
}
# The message template of a task's request: its inputs, read from the messages, stand for it. Instructions of a response
# are sent back with it.
_TEMPLATE: dict[Operation, frozenset[str]] = {
    "chat": frozenset({"messages", "model"}),
    "responses": frozenset({"input", "model"}),
    "embeddings": frozenset(),
}
# Tools that only the client runs; all others act, or read a changing world, at the provider.
_CLIENT_TOOLS = frozenset({"function", "custom"})
_OFF = (b"null", b"false")
_decode_object = msgspec.json.Decoder(dict[str, Raw]).decode
_decode = msgspec.json.decode
_encode = msgspec.json.Encoder().encode
_SEPARATOR = b"\x00"


def why_not_shared(operation: Operation, fields: dict[str, Raw], *, unstated: bool = False) -> str:
    """Why the answer to a request may not be given to an equal one; "" when it may.

    An answer is shared when the client asked for one that repeats: ``temperature`` 0, or a ``seed``. A request that
    states neither is drawn at random by most models, and is shared only where a team says so.

    Args:
        operation: of the request.
        fields: of its top level, undecoded.
        unstated: whether a request that states no temperature is taken for one at 0.

    Example:
        >>> why_not_shared("chat", {"temperature": Raw(b"0.7")})
        'the temperature is above 0'
        >>> why_not_shared("chat", {"temperature": Raw(b"0")})
        ''
    """
    if operation == "embeddings":
        return ""
    return next((why for name, test, why in _NEVER if test(_value(fields, name))), "") or _drawn(
        fields, unstated=unstated
    )


def _value(fields: dict[str, Raw], name: str) -> bytes:
    raw = fields.get(name)
    return b"null" if raw is None else bytes(raw)


def _on(raw: bytes) -> bool:
    return raw not in _OFF


def _several(raw: bytes) -> bool:
    return raw not in (b"null", b"1")


def _acts(raw: bytes) -> bool:
    if raw == b"null":
        return False
    tools = _decode(raw)
    return not (
        isinstance(tools, list)
        and all(isinstance(tool, dict) and tool.get("type", "function") in _CLIENT_TOOLS for tool in tools)
    )


# Field, what it must not be, and why.
_NEVER: tuple[tuple[str, Callable[[bytes], bool], str], ...] = (
    ("n", _several, "several answers are asked for because they differ"),
    ("background", _on, "the answer comes later"),
    ("conversation", _on, "the provider keeps what it depends on"),
    ("previous_response_id", _on, "the provider keeps what it depends on"),
    ("prompt", lambda raw: raw[:1] == b"{", "the provider keeps the prompt's text"),
    ("web_search_options", _on, "the provider reads the web"),
    ("tools", _acts, "a tool runs at the provider"),
)


def _drawn(fields: dict[str, Raw], *, unstated: bool) -> str:
    if _value(fields, "seed") != b"null":
        return ""
    raw = _value(fields, "temperature")
    if raw == b"null":
        return "" if unstated else "no temperature is stated"
    return "" if _decode(raw) == 0 else "the temperature is above 0"


def _canonical(fields: dict[str, Raw], without: Container[str]) -> bytes:
    """Fields by name; values as they were written, so that no number loses a digit and no object its order."""
    parts = [part for name in sorted(fields) if name not in without for part in (_encode(name), bytes(fields[name]))]
    return _SEPARATOR.join(parts)


def _form(fields: dict[str, Raw]) -> bytes:
    """Whether the answer comes as one body or as events, and as which."""
    if not _on(_value(fields, "stream")):
        return b""
    return b"stream" + _value(fields, "stream_options")


def form_of(body: bytes, operation: Operation = "chat") -> bytes:
    """What a task's request says besides its inputs: the template is left out, so that a new wording of it still hits.

    Example:
        >>> form_of(b'{"model":"desk","messages":[{"role":"user","content":"hi"}],"stream":true}')
        b'streamnull'
    """
    fields = _decode_object(body)
    return _form(fields) + _canonical(fields, IGNORED[operation].keys() | _TEMPLATE[operation])


def tenant_of(exchange: Exchange) -> str:
    """Whose answers a request may see: those of its key, or of the provider's key that the client brought itself.

    Example:
        >>> from proveout.gateway._exchange import Exchange, Wanted
        >>> anonymous = Exchange(id="1", operation="chat", body=b"{}", wanted=Wanted(model="m"), credential=b"sk-a")
        >>> tenant_of(anonymous).startswith("own:")
        True
    """
    if exchange.key.id or not exchange.credential:
        return exchange.key.id
    return "own:" + blake2b(exchange.credential, digest_size=16).hexdigest()


class KeyMaker:
    """Keys of the exact cache: BLAKE2b-128 (RFC 7693) of tenant, operation, generation, form and canonical request.

    A body that was seen before is not read again: its digest leads to its key.

    Args:
        unstated: whether a request that states no temperature is taken for one at 0.
        most: bodies that are remembered.

    Example:
        >>> keys = KeyMaker()
        >>> first = keys.request("k1", "chat", "g1", b'{"model":"m","temperature":0,"user":"ada"}')
        >>> first == keys.request("k1", "chat", "g1", b'{"temperature":0, "model":"m"}')
        True
        >>> first == keys.request("k2", "chat", "g1", b'{"temperature":0, "model":"m"}')
        False
        >>> keys.request("k1", "chat", "g1", b'{"model":"m","temperature":1}') is None
        True
    """

    def __init__(self, *, unstated: bool = False, most: int = 8192) -> None:
        self._unstated = unstated
        self._most = most
        self._seen: dict[tuple[str, str, str, bytes], bytes | None] = {}

    def request(
        self, tenant: str, operation: Operation, generation: str, body: bytes, digest: bytes = b""
    ) -> bytes | None:
        """The key of a request that is passed through; None when its answer may not be shared.

        Args:
            tenant: see `tenant_of`.
            operation: of the request.
            generation: see `provider_generation`.
            body: JSON.
            digest: BLAKE2b-128 of the body, where it is known already.
        """
        at = (tenant, operation, generation, digest or blake2b(body, digest_size=16).digest())
        try:
            return self._seen[at]
        except KeyError:
            key = self._read(tenant, operation, generation, body)
        if len(self._seen) >= self._most:
            self._seen.clear()
        self._seen[at] = key
        return key

    def _read(self, tenant: str, operation: Operation, generation: str, body: bytes) -> bytes | None:
        try:
            fields = _decode_object(body)
            if why_not_shared(operation, fields, unstated=self._unstated):
                return None
        except (msgspec.DecodeError, RecursionError):
            return None
        return _digest(tenant, operation, generation, _form(fields), _canonical(fields, IGNORED[operation]))

    @staticmethod
    def task(tenant: str, task: str, generation: str, inputs: bytes, form: bytes = b"") -> bytes:
        """The key of a task's request.

        Args:
            tenant: see `tenant_of`; a constant where a team shares a task's answers among keys.
            task: name.
            generation: see `task_generation`.
            inputs: `proveout.task.canonical_json` of them.
            form: operation and `form_of` the request, where what is stored is a body rendered for it.
        """
        return _digest(tenant, task, generation, form, inputs)


def _digest(*parts: str | bytes) -> bytes:
    """A length before each part, so that no two lists of parts give the same bytes."""
    digest = blake2b(digest_size=16)
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.digest()
