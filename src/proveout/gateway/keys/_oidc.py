"""Tokens of an OpenID Connect provider for the admin side (OpenID Connect Core 1.0; RFC 8725 on what to beware of).

Nothing here runs for a request to a model. Keys of the provider are fetched when a token names one that is not known,
at most once a minute: so a gateway starts and serves while its provider is down, a provider may rotate its keys, and
nobody can make the gateway call the provider at will.
"""

from __future__ import annotations

import math
import time
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from proveout.errors import ExtraMissing, Forbidden, SettingsInvalid, Unauthenticated, UpstreamFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from proveout.gateway._settings import AdminAccess

__all__ = ["Admin", "Issuer", "OidcGate", "discover", "verify_admin"]

# By type of key: a token cannot choose how it is checked, so neither "none" nor a public key taken for an HMAC works.
ALGORITHMS = {"RSA": "RS256", "EC": "ES256"}
LONGEST_TOKEN = 16 * 1024
MOST_BYTES = 1024 * 1024
FETCH_SECONDS = 5.0
REFETCH_SECONDS = 60.0
LEEWAY_SECONDS = 30.0
LOCAL_HOSTS = {"localhost", "127.0.0.1", "::1"}


class Admin(msgspec.Struct, frozen=True):
    """Somebody who may administer the gateway.

    Attributes:
        subject: the provider's name for them.
        roles: that the token lists.
    """

    subject: str
    roles: tuple[str, ...]


class Issuer(msgspec.Struct, frozen=True):
    """A provider's keys, as they were fetched.

    Attributes:
        url: of the provider.
        keys: public keys by their ``kid``.
    """

    url: str
    keys: dict[str, Any]


def discover(issuer: str, fetch: Callable[[str], bytes] | None = None) -> Issuer:
    """Read a provider's discovery document and its keys.

    Args:
        issuer: its URL; of https, or of this machine.
        fetch: gets a document; over HTTP when left out.

    Raises:
        SettingsInvalid: the URL, or a document of the provider, is not as OpenID Connect Discovery 1.0 asks.
        UpstreamFailed: the provider cannot be reached.
        ExtraMissing: the extra ``oidc`` is not installed.
    """
    get = fetch or _fetch
    _need_jwt()
    found = _object(get(_safe(f"{issuer.rstrip('/')}/.well-known/openid-configuration", issuer)), issuer)
    if found.get("issuer") != issuer:
        # Discovery 1.0, 4.3: or one provider could pose as another.
        raise _unusable(issuer, f"its discovery document is of {str(found.get('issuer'))[:200]!r}")
    keys = _object(get(_safe(str(found.get("jwks_uri")), issuer)), issuer).get("keys")
    if not isinstance(keys, list):
        raise _unusable(issuer, "its key set has no list of keys")
    return Issuer(issuer, dict(filter(None, map(_key, keys))))


def verify_admin(token: bytes, issuer: Issuer, access: AdminAccess, *, now: float) -> Admin:
    """Who presents this token, if the provider vouches for them now and they have the role.

    Args:
        token: of the ``Authorization: Bearer`` header.
        issuer: of `discover`.
        access: audience, role and where roles stand.
        now: seconds since the epoch; 30 seconds of difference between clocks are forgiven.

    Raises:
        Unauthenticated: it is no token of this provider for this audience, or not at this time.
        Forbidden: the role is missing.
    """
    key = issuer.keys.get(_kid(token))
    if key is None:
        raise _refused("it is not signed with a key of the provider")
    claims = _claims(token, key, issuer.url, access.audience)
    _check_time(claims, now)
    admin = Admin(claims["sub"], _roles(claims, access.role_claim))
    if access.role and access.role not in admin.roles:
        why = f"the token does not list the role {access.role!r}"
        fix = "ask whoever runs the identity provider for the role"
        raise Forbidden("you may not administer the gateway", why=why, fix=fix, about="authorization")
    return admin


class OidcGate:
    """Lets administrators in; keeps the provider's keys, and fetches them when one is missing. Blocks then.

    Args:
        access: the table ``[admin]``.
        fetch: gets a document; over HTTP when left out.
        clock: seconds since the epoch.

    Raises:
        SettingsInvalid: no audience is set, or the provider is not reached by https.
        ExtraMissing: the extra ``oidc`` is not installed.
    """

    def __init__(
        self,
        access: AdminAccess,
        *,
        fetch: Callable[[str], bytes] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if not access.audience:
            fix = "set admin.audience to what the provider's tokens for the gateway state"
            raise SettingsInvalid("no audience is set", why="any token would do", fix=fix, about="admin.audience")
        _safe(access.issuer, access.issuer)
        _need_jwt()
        self._access = access
        self._fetch = fetch
        self._clock = clock
        self._fetched = -math.inf
        self._issuer = Issuer(access.issuer, {})

    def authenticate(self, token: bytes) -> Admin:
        """See `verify_admin`.

        Raises:
            UpstreamFailed: the token names an unknown key, and the provider cannot be asked; known keys still work.
            SettingsInvalid: what the provider answers is not as OpenID Connect Discovery 1.0 asks.
        """
        now = self._clock()
        if _kid(token) not in self._issuer.keys and abs(now - self._fetched) >= REFETCH_SECONDS:
            self._fetched = now
            self._issuer = discover(self._access.issuer, self._fetch)
        return verify_admin(token, self._issuer, self._access, now=now)


def _kid(token: bytes) -> str:
    jwt = _need_jwt()
    if len(token) > LONGEST_TOKEN:
        raise _refused("it is too long for a token")
    try:
        kid = jwt.get_unverified_header(token).get("kid", "")
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise _refused("it is no signed token") from error
    return kid if isinstance(kid, str) else ""


def _claims(token: bytes, key: Any, issuer: str, audience: str) -> dict[str, Any]:
    jwt = _need_jwt()
    # Times are checked here, against the clock that was handed in.
    by_us = {"verify_exp": False, "verify_nbf": False, "verify_iat": False, "enforce_minimum_key_length": True}
    options = {"require": ["exp", "iss", "aud", "sub"], **by_us}
    try:
        found: dict[str, Any] = jwt.decode(
            token, key, algorithms=[key.algorithm_name], audience=audience, issuer=issuer, options=options
        )
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise _refused("its signature, issuer or audience is not right") from error
    return found


def _check_time(claims: Mapping[str, Any], now: float) -> None:
    expires, begins = _instant(claims["exp"]), _instant(claims.get("nbf", 0))
    if now >= expires + LEEWAY_SECONDS or now < begins - LEEWAY_SECONDS:
        raise _refused("it has expired, or is not valid yet")


def _instant(value: Any) -> float:
    """A NumericDate; JSON as Python reads it has NaN, beside which every comparison is false."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _refused("it states a time that is none")
    return float(value)


def _roles(claims: Mapping[str, Any], path: str) -> tuple[str, ...]:
    value: Any = claims
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    if isinstance(value, str):
        return tuple(value.split())  # as the claim "scope" of RFC 8693
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def _key(found: Any) -> tuple[str, Any] | None:
    """A public key to check signatures with; None for any other, which a set may hold."""
    jwt = _need_jwt()
    if not isinstance(found, dict) or found.get("use", "sig") != "sig":
        return None
    algorithm = ALGORITHMS.get(str(found.get("kty")))
    if algorithm is None or found.get("alg", algorithm) != algorithm or not isinstance(found.get("kid"), str):
        return None
    public = {name: value for name, value in found.items() if name != "d"}
    try:
        return found["kid"], jwt.PyJWK.from_dict(public, algorithm)
    except (jwt.PyJWTError, ValueError):
        return None


def _safe(url: str, issuer: str) -> str:
    """A URL that is fetched: of https, or of this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError as error:
        raise _unusable(issuer, f"{url[:200]!r} is no URL") from error
    if parts.scheme == "https" or (parts.scheme == "http" and host in LOCAL_HOSTS):
        return url
    raise _unusable(issuer, f"{url[:200]!r} is not an https URL")


def _object(document: bytes, issuer: str) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(document)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _unusable(issuer, "it answers with something that is not JSON") from error
    if not isinstance(found, dict):
        raise _unusable(issuer, "it answers with something that is not an object")
    return found


def _fetch(url: str) -> bytes:
    import httpx  # noqa: PLC0415  heavy, and only the admin side needs it

    try:
        with httpx.stream("GET", url, timeout=FETCH_SECONDS, follow_redirects=False) as answer:
            answer.raise_for_status()
            body = b""
            for piece in answer.iter_bytes():
                body += piece
                if len(body) > MOST_BYTES:
                    raise _unreachable(url, f"it sends more than {MOST_BYTES} bytes")
            return body
    except httpx.HTTPError as error:
        raise _unreachable(url, str(error)) from error


def _need_jwt() -> Any:
    try:
        return import_module("jwt")
    except ImportError as error:
        fix = "install it with: pip install 'proveout[oidc]'"
        raise ExtraMissing("OpenID Connect is not available", why=str(error), fix=fix, about="oidc") from error


def _refused(why: str) -> Unauthenticated:
    fix = "get another token from the identity provider"
    return Unauthenticated("the token is not accepted", why=why, fix=fix, about="authorization")


def _unusable(issuer: str, why: str) -> SettingsInvalid:
    fix = "set admin.issuer to the URL that the provider's tokens state as their issuer"
    return SettingsInvalid("the identity provider cannot be used", why=why, fix=fix, about=issuer)


def _unreachable(url: str, why: str) -> UpstreamFailed:
    fix = "check admin.issuer, and that the provider can be reached from here"
    return UpstreamFailed("the identity provider does not answer", why=why, fix=fix, about=url)
