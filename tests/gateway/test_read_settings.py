"""gateway.toml: each error names file, key, value and the nearest valid key, and no secret."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.errors import ProveoutError, SettingsInvalid
from proveout.gateway._read_settings import (
    SETTINGS_FILE,
    load_settings,
    parse_settings,
    settings_keys,
    with_upstream,
)
from proveout.gateway._settings import Settings

OPEN = '[providers.open]\nbase_url = "https://api.example/v1"\n'
SECRET = "sk-very-secret"  # noqa: S105  of nobody


def refused(text: str) -> SettingsInvalid:
    with pytest.raises(SettingsInvalid) as caught:
        parse_settings(text.encode())
    assert caught.value.about == SETTINGS_FILE
    assert SECRET not in str(caught.value)
    return caught.value


def test_without_a_file_the_defaults_are_in_force(tmp_path: Path) -> None:
    assert load_settings(tmp_path) == Settings()
    assert parse_settings(b"") == Settings()


def test_a_file_is_named_in_its_errors(tmp_path: Path) -> None:
    (tmp_path / SETTINGS_FILE).write_text("[sever]")
    with pytest.raises(SettingsInvalid) as caught:
        load_settings(tmp_path)
    assert caught.value.about == str(tmp_path / SETTINGS_FILE)
    assert "did you mean 'server'?" in caught.value.fix


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_cannot_be_read_is_no_default(tmp_path: Path) -> None:
    (tmp_path / SETTINGS_FILE).write_text("")
    (tmp_path / SETTINGS_FILE).chmod(0)
    with pytest.raises(SettingsInvalid, match="cannot read"):
        load_settings(tmp_path)


def test_a_folder_in_place_of_the_file_is_no_default(tmp_path: Path) -> None:
    (tmp_path / SETTINGS_FILE).mkdir()
    with pytest.raises(SettingsInvalid, match="cannot read"):
        load_settings(tmp_path)


def test_all_of_it_is_read() -> None:
    text = f"""
    content = "hashed"
    embeddings = ["minilm-int8"]
    [server]
    drain_seconds = 5
    {OPEN}
    api_key_env = "OPEN_KEY"
    headers = {{"x-team" = "search", "x-token" = "env:TEAM_TOKEN"}}
    fallback = ["other"]
    fallback_model = "small"
    [providers.other]
    base_url = "http://[::1]:8000/v1"
    [tiers.free]
    answers = ["cache", "rules"]
    limits = {{requests_per_minute = 10}}
    [tasks.desk]
    limits = {{usd_per_day = 3}}
    [cache.semantic.desk]
    alpha = 0.02
    [telemetry]
    otlp = "http://collector:4318"
    """
    settings = parse_settings(text.encode())
    assert list(settings.providers) == ["open", "other"]
    assert settings.tiers["free"].limits.requests_per_minute == 10
    limits = settings.tasks["desk"].limits
    assert limits is not None
    assert limits.usd_per_day == 3


@pytest.mark.parametrize(
    ("text", "key", "hint"),
    [
        ("[server]\nmost_boddy_bytes = 5000", "server.most_boddy_bytes", "did you mean 'most_body_bytes'?"),
        ("[provider.open]", "provider", "did you mean 'providers'?"),
        (f"{OPEN}[providers.b]\nbase_ur = 'x'", "providers.b.base_ur", "did you mean 'base_url'?"),
        ("[tasks.desk.limits]\nusd_per_dya = 3", "tasks.desk.limits.usd_per_dya", "did you mean 'usd_per_day'?"),
        (f"{OPEN}client = 'leen'", "providers.open.client", "did you mean 'lean'?"),
        ("[tiers.free]\nanswers = ['cash']", "tiers.free.answers", "did you mean 'cache'?"),
        ("content = 'hased'", "content", "did you mean 'hashed'?"),
        (f"{OPEN}fallback = ['opne']", "providers.open.fallback", "did you mean 'open'?"),
    ],
)
def test_what_is_unknown_is_answered_with_the_nearest(text: str, key: str, hint: str) -> None:
    error = refused(text)
    assert f"'{key}" in error.what
    assert hint in error.fix


@pytest.mark.parametrize(
    ("text", "key", "shown"),
    [
        ("[server]\nmost_body_bytes = 10", "server.most_body_bytes", "10"),
        ("[server]\nidle_seconds = 'long'", "server.idle_seconds", "'long'"),
        ("[tiers.free.limits]\nrequests_per_minute = -1", "tiers.free.limits.requests_per_minute", "-1"),
        (f"{OPEN}retry_share = 1.5", "providers.open.retry_share", "1.5"),
        ("[providers.b]\nretries = 1", "providers.b", "base_url"),
        (f"{OPEN}models = []", "providers.open.models", "[]"),
        (f"{OPEN}fallback_model = 'm'", "providers.open.fallback_model", "no fallback"),
        (f"{OPEN}connect_seconds = 700", "providers.open.connect_seconds", "700"),
        (f"{OPEN}hedge_after_ms = 120000", "providers.open.hedge_after_ms", "120000"),
        (f"{OPEN}fallback = ['open']", "providers.open.fallback", "open -> open"),
        ("[tiers.free]\nanswers = []", "tiers.free.answers", "[]"),
        ("[tiers.free]\nanswers = ['cache', 'cache']", "tiers.free.answers", "cache"),
        ("[tiers.'a b']", "tiers", "'a b'"),
        ("[providers.'../x']\nbase_url = 'http://x/v1'", "providers", "'../x'"),
        ("[admin]\nissuer = 'login.example'\naudience = 'a'", "admin.issuer", "neither http:// nor https://"),
        ("[admin]\nissuer = 'https://login.example'", "admin.audience", "empty"),
        ("[telemetry]\notlp = 'collector:4318'", "telemetry.otlp", "neither http:// nor https://"),
    ],
)
def test_a_wrong_value_is_named(text: str, key: str, shown: str) -> None:
    error = refused(text)
    assert f"'{key}'" in error.what
    assert shown in error.why
    assert error.fix


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com/v1",
        "ftp://example.com/v1",
        "file:///etc/passwd",
        "http://",
        "http:///v1",
        "https://user:sk-very-secret@example.com/v1",
        "https://example.com/v1?key=sk-very-secret",
        "https://example.com/v1#x",
        "https://example.com:0/v1",
        "https://example.com:99999/v1",
        "https://example.com/ v1",
        "https://exämple.com/v1",
        "https://example.com/\\r\\nx: y",
        "https://[::1/v1",
    ],
)
def test_a_base_url_is_one(url: str) -> None:
    assert "providers.a.base_url" in refused(f'[providers.a]\nbase_url = "{url}"').what
    with pytest.raises(SettingsInvalid) as caught:
        with_upstream(Settings(), url.replace("\\r\\n", "\r\n"))
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "header", ['"x y" = "1"', '"Host" = "evil"', '"Transfer-Encoding" = "chunked"', '"x" = "a\\nb"', '"x" = "env:"']
)
def test_a_header_cannot_frame_messages(header: str) -> None:
    assert "headers" in refused(f"{OPEN}headers = {{{header}}}").what
    assert "telemetry.headers" in refused(f"[telemetry]\nheaders = {{{header}}}").what


def test_fallbacks_may_not_lead_back() -> None:
    chain = "".join(f'[providers.p{n}]\nbase_url = "http://x/v1"\nfallback = ["p{n + 1}"]\n' for n in range(4))
    end = '[providers.p4]\nbase_url = "http://x/v1"\n'
    assert len(parse_settings(f"{chain}{end}".encode()).providers) == 5
    assert "p1 -> p2 -> p3 -> p4 -> p1" in refused(f'{chain}{end}fallback = ["p1"]').why


@pytest.mark.parametrize(
    "text",
    [
        f'{OPEN}api_key = "{SECRET}"',
        f'[providers.a]\nbase_url = "http://x/v1"\nheaders = "{SECRET}"',
        f'[server]\nauth_token = "{SECRET}"',
        f'[telemetry]\nheaders = ["{SECRET}"]',
    ],
)
def test_a_secret_in_the_wrong_place_is_not_shown(text: str) -> None:
    assert refused(text).fix


def test_the_upstream_is_asked_last() -> None:
    settings = with_upstream(parse_settings(OPEN.encode()), "http://127.0.0.1:11434/v1")
    assert list(settings.providers) == ["open", "upstream"]
    with pytest.raises(SettingsInvalid, match="two upstreams"):
        with_upstream(settings, "http://x/v1")


def test_every_key_is_listed() -> None:
    keys = settings_keys()
    assert {"server.require_key", "providers.NAME.fallback", "tiers.NAME.limits.usd_per_day"} <= set(keys)
    assert "cache.semantic.NAME.alpha" in keys


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_arbitrary_bytes_give_our_errors_only(content: bytes) -> None:
    try:
        parse_settings(content)
    except ProveoutError as error:
        assert error.fix


@given(st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3)))
def test_any_value_anywhere_gives_our_errors_only(value: object) -> None:
    for key in settings_keys():
        path = key.replace("NAME", "a").replace("[]", "")
        shown = "[[[]]]" if value is None else str(value).replace("'", '"')
        try:
            parse_settings(f"{path} = {shown}".encode())
        except ProveoutError as error:
            assert error.fix
