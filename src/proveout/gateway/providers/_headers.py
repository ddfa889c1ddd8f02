"""Headers to a provider and back: a few by name, nothing else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from proveout.errors import SettingsInvalid
from proveout.gateway._key import ANONYMOUS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from proveout.gateway._exchange import Exchange, Headers
    from proveout.gateway._settings import Provider

__all__ = ["COMPATIBLE", "Credentials", "passed_on", "retry_after_of", "without"]

# Of the connection itself, or set by the client; RFC 9110, section 7.6.1.
OURS = frozenset(
    {
        "connection",
        "content-length",
        "content-type",
        "expect",
        "host",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# What a client may see of a provider's headers, and what each may hold.
PASSED = {
    b"openai-processing-ms": re.compile(rb"[0-9.]{1,12}"),
    b"retry-after": re.compile(rb"[0-9A-Za-z ,:.]{1,40}"),
    b"retry-after-ms": re.compile(rb"[0-9.]{1,12}"),
}
COMPATIBLE = "openai"
# Shorter "secrets" would blot out ordinary text.
LEAST_SECRET = 6
BLOTTED = b"[redacted]"
MILLISECONDS = 1000.0


class Credentials:
    """What one provider is sent besides the body.

    Args:
        name: of the provider.
        terms: its table.
        environment: variables that hold keys.

    Attributes:
        own: whether the gateway pays with a credential of its own.
        secrets: bytes that no client may see.

    Raises:
        SettingsInvalid: a variable is not set, or a header is not one that may be sent.
    """

    __slots__ = ("_constant", "key", "own", "secrets")

    def __init__(self, name: str, terms: Provider, environment: Mapping[str, str]) -> None:
        about = f"providers.{name}"
        sent = {key.lower(): _value(about, key, value, environment) for key, value in terms.headers.items()}
        self.key = _variable(f"{about}.api_key_env", terms.api_key_env, environment) if terms.api_key_env else ""
        if self.key:
            sent["authorization"] = f"Bearer {self.key}"
        hidden = [sent[key.lower()] for key, value in terms.headers.items() if value.startswith("env:")]
        self.own = bool(self.key or hidden or "authorization" in sent or terms.kind != COMPATIBLE)
        self.secrets = tuple(secret.encode("latin-1") for secret in (self.key, *hidden) if len(secret) >= LEAST_SECRET)
        self._constant = tuple((key.encode(), value.encode("latin-1")) for key, value in sent.items())

    def headers(self, exchange: Exchange, *, first: bool) -> tuple[tuple[bytes, bytes], ...]:
        """Of one call.

        Args:
            exchange: whose request it is.
            first: whether the model was meant for this provider: a client's own credential goes nowhere else, and
                nowhere at all where gateway keys are in use.
        """
        sent = self._constant
        if exchange.onward:
            sent = (*sent, (b"traceparent", exchange.onward.encode("ascii", "ignore")))
        if not self.own and first and exchange.credential and exchange.key is ANONYMOUS:
            sent = (*sent, (b"authorization", b"Bearer " + exchange.credential))
        return sent


def passed_on(headers: Headers) -> Headers:
    """Those of a provider's headers that a client sees.

    Example:
        >>> passed_on([(b"set-cookie", b"a=b"), (b"openai-processing-ms", b"12"), (b"server", b"x")])
        [(b'openai-processing-ms', b'12')]
    """
    return [pair for pair in headers if pair[0] in PASSED and PASSED[pair[0]].fullmatch(pair[1])]


def retry_after_of(headers: Headers) -> float | None:
    """Seconds that a provider asks to wait; a date, or what cannot be read, is for ever; None when it does not ask.

    Example:
        >>> retry_after_of([(b"retry-after", b"2")]), retry_after_of([(b"retry-after-ms", b"300")])
        (2.0, 0.3)
    """
    stated = dict(headers)
    for name, unit in ((b"retry-after-ms", MILLISECONDS), (b"retry-after", 1.0)):
        value = stated.get(name)
        if value is not None:
            return float(value) / unit if re.fullmatch(rb"[0-9]{1,9}(\.[0-9]{1,9})?", value) else float("inf")
    return None


def without(secrets: tuple[bytes, ...], text: bytes) -> bytes:
    """A text in which no secret stands.

    Example:
        >>> without((b"sk-12345",), b"bad key sk-12345")
        b'bad key [redacted]'
    """
    for secret in secrets:
        if secret in text:
            text = text.replace(secret, BLOTTED)
    return text


def _value(about: str, name: str, value: str, environment: Mapping[str, str]) -> str:
    where = f"{about}.headers.{name}"
    if not NAME.fullmatch(name) or name.lower() in OURS:
        raise SettingsInvalid(
            "a header cannot be sent", why=f"{name!r} is set by the client", fix="remove it", about=where
        )
    if value.startswith("env:"):
        return _variable(where, value.removeprefix("env:"), environment)
    return _printable(where, value)


def _variable(about: str, name: str, environment: Mapping[str, str]) -> str:
    value = environment.get(name, "")
    if not value:
        raise SettingsInvalid(
            "a secret is missing", why=f"the environment variable {name} is not set", fix=f"set {name}", about=about
        )
    return _printable(about, value.strip())


def _printable(about: str, value: str) -> str:
    # The value is not named: it may be a secret.
    if not re.fullmatch(r"[\x20-\x7e\xa0-\xff]*", value):
        why = "it holds a line break or a letter outside Latin-1"
        raise SettingsInvalid("a header's value cannot be sent", why=why, fix="correct it", about=about)
    return value
