"""Reading ``gateway.toml`` strictly, and what its parts must satisfy together."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from proveout._tables import read_tables, table_keys
from proveout.errors import SettingsInvalid
from proveout.gateway._settings import Provider, Settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

__all__ = [
    "SETTINGS_FILE",
    "UPSTREAM",
    "check_settings",
    "load_settings",
    "parse_settings",
    "settings_keys",
    "with_upstream",
]

SETTINGS_FILE = "gateway.toml"
UPSTREAM = "upstream"
FROM_ENVIRONMENT = "env:"
# Names stand in `provider/model`, in routes of records and in labels of metrics.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
# RFC 9110, 5.6.2: a header's name is a token.
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]")
# They frame a message: whoever sets them apart from the body can smuggle a second request (RFC 9112, 11.2).
_FRAMING = {"connection", "content-length", "host", "te", "trailer", "transfer-encoding", "upgrade"}


def load_settings(home: Path) -> Settings:
    """Read and validate ``home/gateway.toml``; without the file, the defaults.

    Raises:
        SettingsInvalid: it cannot be read, is not TOML, has an unknown key or a wrong value, or contradicts itself.
    """
    path = home / SETTINGS_FILE
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return Settings()
    except OSError as error:
        fix = "make the file readable to this user"
        raise SettingsInvalid("cannot read the settings", why=str(error), fix=fix, about=str(path)) from error
    return parse_settings(content, where=str(path))


def parse_settings(content: bytes, *, where: str = SETTINGS_FILE) -> Settings:
    r"""Validate the bytes of a ``gateway.toml``; ``where`` names them in errors.

    Raises:
        SettingsInvalid: as `load_settings`.

    Example:
        >>> parse_settings(b"[server]\nmost_boddy_bytes = 4096")
        Traceback (most recent call last):
        proveout.errors.SettingsInvalid: ... unknown key 'server.most_boddy_bytes': ... mean 'most_body_bytes'? ...
    """
    settings = read_tables(content, Settings, file=SETTINGS_FILE, where=where, wrong=SettingsInvalid)
    return check_settings(settings, where=where)


def settings_keys() -> list[str]:
    """Every key that ``gateway.toml`` may hold, dotted; tables by name carry ``NAME``.

    Example:
        >>> "providers.NAME.base_url" in settings_keys()
        True
    """
    return table_keys(Settings)


def with_upstream(settings: Settings, url: str) -> Settings:
    """The settings with one more provider, ``upstream``, that is asked last and for any model.

    Raises:
        SettingsInvalid: the URL is none, or ``gateway.toml`` has a provider of that name already.

    Example:
        >>> with_upstream(Settings(), "http://127.0.0.1:11434/v1").providers["upstream"].models
        ('*',)
    """
    if UPSTREAM in settings.providers:
        why, fix = f"{SETTINGS_FILE} has a provider named {UPSTREAM!r}", "rename it there, or leave out --upstream"
        raise SettingsInvalid("two upstreams", why=why, fix=fix, about="--upstream")
    provider = Provider(base_url=url)
    _check_url("base_url", url, "--upstream")
    return msgspec.structs.replace(settings, providers={**settings.providers, UPSTREAM: provider})


def check_settings(settings: Settings, *, where: str = SETTINGS_FILE) -> Settings:
    """The settings themselves, once their parts agree with each other.

    Raises:
        SettingsInvalid: a contradiction.
    """
    for table in ("providers", "tiers", "tasks"):
        for name in getattr(settings, table):
            _check_name(table, name, where)
    for name, provider in settings.providers.items():
        _check_provider(name, provider, where)
    _check_fallbacks(settings.providers, where)
    for name, tier in settings.tiers.items():
        if not tier.answers or len(set(tier.answers)) < len(tier.answers):
            why = f"it is {list(tier.answers)}"
            raise _invalid(where, f"tiers.{name}.answers", why, "name what may answer, each once and in order")
    for key, url in (("telemetry.otlp", settings.telemetry.otlp), ("admin.issuer", settings.admin.issuer)):
        if url:
            _check_url(key, url, where)
    if settings.admin.issuer and not settings.admin.audience:
        fix = "set admin.audience to what the provider's tokens for this gateway are for"
        raise _invalid(where, "admin.audience", "it is empty, so that tokens for other services would be taken", fix)
    _check_headers("telemetry.headers", settings.telemetry.headers, where)
    return settings


def _check_name(table: str, name: str, where: str) -> None:
    if _NAME.fullmatch(name) is None:
        fix = "use letters, digits, '.', '_' and '-', 64 at most, and begin with a letter or digit"
        raise _invalid(where, table, f"{name!r} is no name", fix)


def _check_provider(name: str, provider: Provider, where: str) -> None:
    key = f"providers.{name}"
    _check_url(f"{key}.base_url", provider.base_url, where)
    _check_headers(f"{key}.headers", provider.headers, where)
    if not provider.models or not all(provider.models):
        raise _invalid(where, f"{key}.models", f"it is {list(provider.models)}", "name models, or leave it out for any")
    if provider.fallback_model and not provider.fallback:
        fix = f"name a provider under {key}.fallback, or leave the model out"
        raise _invalid(where, f"{key}.fallback_model", "there is no fallback that could be asked for it", fix)
    for shorter in ("connect_seconds", "first_byte_seconds", "idle_seconds"):
        if getattr(provider, shorter) > provider.total_seconds:
            why = f"it is {getattr(provider, shorter):g}, and total_seconds is {provider.total_seconds:g}"
            raise _invalid(where, f"{key}.{shorter}", why, "set it to at most total_seconds")
    hedge = provider.hedge_after_ms
    if hedge is not None and hedge >= provider.first_byte_seconds * 1000:
        why = f"it is {hedge:g}, and first_byte_seconds is {provider.first_byte_seconds:g}"
        raise _invalid(where, f"{key}.hedge_after_ms", why, "hedge before the answer is given up")


def _check_url(key: str, url: str, where: str) -> None:
    problem = _url_problem(url)
    if problem:
        # A URL may hold a password, so it is not shown.
        fix = "write it as https://HOST/v1, with keys in the environment: see api_key_env"
        raise _invalid(where, key, problem, fix)


def _url_problem(url: str) -> str:
    if _UNPRINTABLE.search(url) or " " in url or not url.isascii():
        return "it holds a character that no URL may hold"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return str(error)[:1].lower() + str(error)[1:]
    problems = {
        "it begins with neither http:// nor https://": parts.scheme not in {"http", "https"},
        "it names no host": not parts.hostname,
        "its port is 0": port == 0,
        "it holds a user or a password": "@" in parts.netloc,
        "it has a query or a fragment": bool(parts.query or parts.fragment),
    }
    return next((problem for problem, found in problems.items() if found), "")


def _check_headers(key: str, headers: Mapping[str, str], where: str) -> None:
    for name, value in headers.items():
        if _TOKEN.fullmatch(name) is None:
            raise _invalid(where, key, f"{name!r} is no name of a header", "use letters, digits and '-'")
        if name.lower() in _FRAMING:
            raise _invalid(where, f"{key}.{name}", "the client itself sets this header", "leave it out")
        if _UNPRINTABLE.search(value) or value == FROM_ENVIRONMENT:
            fix = f"write plain text, or {FROM_ENVIRONMENT}NAME"
            raise _invalid(where, f"{key}.{name}", "its value is no value of a header", fix)


def _check_fallbacks(providers: Mapping[str, Provider], where: str) -> None:
    for name, provider in providers.items():
        for other in provider.fallback:
            if other not in providers:
                raise _invalid(
                    where, f"providers.{name}.fallback", f"there is no provider {other!r}", _nearest(other, providers)
                )
        cycle = _cycle(name, providers)
        if cycle:
            fix = "let the chain end"
            raise _invalid(where, f"providers.{name}.fallback", f"it leads back: {' -> '.join(cycle)}", fix)


def _cycle(start: str, providers: Mapping[str, Provider]) -> list[str]:
    """The way from a provider back to itself; empty where there is none."""
    before: dict[str, str] = {}
    waiting = [start]
    while waiting:
        name = waiting.pop()
        for other in providers[name].fallback:
            if other == start:
                way = [start]
                while name != start:
                    way.append(name)
                    name = before[name]
                return [start, *reversed(way)]
            if other in providers and other not in before:
                before[other] = name
                waiting.append(other)
    return []


def _nearest(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name, list(known), n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"{hint}the providers are {', '.join(known)}"


def _invalid(where: str, key: str, why: str, fix: str) -> SettingsInvalid:
    return SettingsInvalid(f"wrong value for {key!r}", why=why, fix=fix, about=where)
