"""Typed, versioned entries: what the ledger holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

import msgspec

from proveout.errors import EntryUnknown

__all__ = ["EntryBody", "Upgrade", "decode_body", "entry", "entry_kinds", "entry_type"]


class EntryBody(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all entry bodies; declare one with `entry` in the package that writes it.

    Example:
        >>> @entry("example.noted", version=1)
        ... class Noted(EntryBody):
        ...     text: str
        >>> decode_body("example.noted", 1, b'{"text":"hello"}')
        Noted(text='hello')
    """

    kind: ClassVar[str] = ""
    version: ClassVar[int] = 0


B = TypeVar("B", bound=type[EntryBody])
Upgrade = Callable[[dict[str, Any]], dict[str, Any]]
_KINDS: dict[str, tuple[type[EntryBody], dict[int, Upgrade]]] = {}


def entry(kind: str, *, version: int, upgrades: dict[int, Upgrade] | None = None) -> Callable[[B], B]:
    """Register a body under ``kind``; ``upgrades[v]`` turns fields of version v into those of v + 1."""

    def decorate(body: B) -> B:
        missing = [old for old in range(1, version) if old not in (upgrades or {})]
        if missing:
            raise ValueError(f"entry {kind!r} version {version} lacks upgrades from {missing}")
        body.kind, body.version = kind, version
        _KINDS[kind] = (body, upgrades or {})
        return body

    return decorate


def entry_kinds() -> list[str]:
    """Registered kinds, sorted."""
    return sorted(_KINDS)


def entry_type(kind: str) -> type[EntryBody]:
    """The body registered under a kind.

    Raises:
        EntryUnknown: there is none.
    """
    if kind not in _KINDS:
        fix = "install the package that declares it"
        raise EntryUnknown("no such entry", why=f"known are {', '.join(entry_kinds())}", fix=fix, about=kind)
    return _KINDS[kind][0]


def decode_body(kind: str, version: int, payload: bytes) -> EntryBody:
    """Read a body of any registered kind, upgraded to its current version.

    Raises:
        EntryUnknown: the kind is not registered, or the version is newer than this code.
    """
    body, upgrades = _KINDS.get(kind, (None, {}))
    if body is None or version > body.version:
        why = f"this version of Proveout knows {kind!r} up to version {body.version if body else 0}"
        fix = "upgrade Proveout, or install the package that wrote it"
        raise EntryUnknown("cannot read the entry", why=why, fix=fix, about=f"{kind} v{version}")
    fields = msgspec.json.decode(payload)
    for old in range(version, body.version):
        fields = upgrades[old](fields)
    return msgspec.convert(fields, body)
