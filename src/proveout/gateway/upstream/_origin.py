"""Where calls go, and the head of a request: what is checked once and rendered once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from proveout.errors import RequestInvalid, SettingsInvalid

if TYPE_CHECKING:
    from proveout.gateway.upstream._client import Call

__all__ = ["FIXED", "Heads", "Origin", "check_call", "parse_origin"]

_PORTS = {"http": 80, "https": 443}
# Sent with every call. An encoded body would have to be decoded before events in it can be seen.
FIXED = ((b"user-agent", b"proveout"), (b"accept", b"*/*"), (b"accept-encoding", b"identity"))
# RFC 9110, sections 5.1 and 5.5: a token, and no control characters but the tab.
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")
_PATH = re.compile(r"/[!\"$-~]*")
# They frame the message or name the host, and are ours: two of one kind is how requests are smuggled.
_OURS = {
    b"host",
    b"content-length",
    b"content-type",
    b"transfer-encoding",
    b"connection",
    b"keep-alive",
    b"proxy-connection",
    b"te",
    b"trailer",
    b"upgrade",
}
_MOST_HEADS = 256


class Origin(msgspec.Struct, frozen=True):
    """A base URL in its parts.

    Attributes:
        secure: whether it is ``https``.
        host: name or address, as it is connected to and as its certificate must say.
        port: of TCP.
        authority: value of the ``host`` header.
        path: that stands before the path of each call.
    """

    secure: bool
    host: str
    port: int
    authority: str
    path: str

    @property
    def url(self) -> str:
        """It as one text, without a slash at the end."""
        return f"{'https' if self.secure else 'http'}://{self.authority}{self.path}"


def parse_origin(base_url: str) -> Origin:
    """Read a base URL.

    Args:
        base_url: ``https://api.example.com/v1``; a slash at its end changes nothing.

    Raises:
        SettingsInvalid: it is not http or https, or has credentials, a query, a fragment, no host, or a bad port.

    Example:
        >>> parse_origin("https://api.example.com/v1/").url
        'https://api.example.com/v1'
    """
    try:
        parts = urlsplit(base_url)
        host = (parts.hostname or "").encode("idna").decode()
        port = _PORTS.get(parts.scheme, 0) if parts.port is None else parts.port
    except ValueError as error:
        raise _invalid("it is no URL") from error
    flaws = {
        "it must begin with http:// or https://": parts.scheme not in _PORTS,
        "it holds a user name or a password": "@" in parts.netloc,
        "it has a query or a fragment": "?" in base_url or "#" in base_url,
        "it has no host": not host,
        "its port is not one": not port,
        "it holds a character that does not belong there": not re.fullmatch(r"[!-~]*", parts.path)
        or any(character.isspace() or not character.isprintable() for character in base_url),
    }
    for why, found in flaws.items():
        if found:
            raise _invalid(why)
    shown = f"[{host}]" if ":" in host else host
    authority = shown if port == _PORTS[parts.scheme] else f"{shown}:{port}"
    return Origin(parts.scheme == "https", host, port, authority, parts.path.rstrip("/"))


def _invalid(why: str) -> SettingsInvalid:
    # The URL itself is not shown: it may hold a password.
    fix = 'write it as "https://HOST/v1"; credentials go into api_key_env'
    return SettingsInvalid("the base URL of a provider is not usable", why=why, fix=fix, about="base_url")


class Heads:
    """Heads of requests to one origin, checked and rendered; those of late are kept, for most calls repeat them."""

    def __init__(self, origin: Origin) -> None:
        fixed = b"".join(b"%b: %b\r\n" % header for header in FIXED)
        self._fixed = b" HTTP/1.1\r\nhost: " + origin.authority.encode() + b"\r\n" + fixed
        self._path = origin.path.encode()
        self._kept: dict[tuple[str, tuple[tuple[bytes, bytes], ...]], tuple[bytes, bytes]] = {}

    def render(self, call: Call) -> bytes:
        """The head of a call, up to and with the empty line.

        Raises:
            RequestInvalid: the path or a header holds what does not belong there.
        """
        key = (call.path, call.headers)
        kept = self._kept.get(key)
        if kept is None:
            kept = self._checked(call)
            if len(self._kept) >= _MOST_HEADS:
                self._kept.clear()
            self._kept[key] = kept
        before, after = kept
        if not call.body:
            return b"GET " + before + after
        return b"POST %bcontent-type: application/json\r\ncontent-length: %d\r\n%b" % (before, len(call.body), after)

    def _checked(self, call: Call) -> tuple[bytes, bytes]:
        check_call(call)
        given = b"".join(b"%b: %b\r\n" % header for header in call.headers)
        return self._path + call.path.encode() + self._fixed, given + b"\r\n"


def check_call(call: Call) -> None:
    """Nothing in the path or the headers of a call can end a line or frame the message.

    Raises:
        RequestInvalid: something can.
    """
    if not _PATH.fullmatch(call.path):
        raise _refused("the path of a call is not usable", "it holds a character that does not belong there", "path")
    for name, value in call.headers:
        shown = ascii(name.decode("latin-1"))
        if not _NAME.fullmatch(name):
            raise _refused("a header's name is not usable", "it is not a token of RFC 9110", shown)
        if name.lower() in _OURS:
            raise _refused("a header may not be set", "the client sets it", shown)
        if not _VALUE.fullmatch(value):
            raise _refused("a header's value is not usable", "it holds a control character", shown)


def _refused(what: str, why: str, about: str) -> RequestInvalid:
    return RequestInvalid(what, why=why, fix="leave it out", about=about)
