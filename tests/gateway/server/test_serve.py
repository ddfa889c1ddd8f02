"""What is refused before anything is served."""

from __future__ import annotations

import socket
from pathlib import Path
from threading import Timer

import msgspec
import pytest

from proveout.errors import ExtraMissing, NotWritable, SettingsInvalid, SetupError
from proveout.gateway._key import Key
from proveout.gateway._settings import Server, Settings
from proveout.gateway.server import ServeOptions, serve
from proveout.gateway.server._serve import _configuration, _is_loopback
from proveout.gateway.server._spawn import bind

KEY = Key(id="k", name="k", digest=b"k")


def test_an_address_that_orphans_hold_is_taken_once_they_are_gone() -> None:
    taken = bind("127.0.0.1", 0)
    Timer(0.2, taken.close).start()
    port = taken.getsockname()[1]
    with bind("127.0.0.1", port) as listening:
        assert listening.getsockname()[1] == port


def test_a_port_in_use_is_told() -> None:
    with bind("127.0.0.1", 0) as taken, pytest.raises(SetupError, match="cannot listen") as caught:
        bind("127.0.0.1", taken.getsockname()[1], patience=0.1)
    assert "--port" in caught.value.fix


@pytest.mark.parametrize("host", ["203.0.113.1", "no such host", "256.1.1.1"])
def test_an_address_of_another_machine_is_told(host: str) -> None:
    with pytest.raises(SetupError, match="cannot listen"):
        bind(host, 0)


def test_ipv6_is_spoken_where_the_machine_does() -> None:
    try:
        listening = bind("::1", 0)
    except SetupError:
        pytest.skip("no IPv6 here")
    with listening:
        assert listening.family == socket.AF_INET6


@pytest.mark.parametrize(
    ("host", "is_local"),
    [
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),  # noqa: S104
        ("::", False),
        ("10.0.0.1", False),
        ("gateway.example", False),
        ("localhost.example", False),
    ],
)
def test_a_gateway_that_all_can_reach_needs_a_key(host: str, is_local: bool, tmp_path: Path) -> None:  # noqa: FBT001
    options = ServeOptions(home=tmp_path, host=host)
    assert _is_loopback(host) is is_local
    if is_local:
        assert _configuration(options, Settings(), ()).settings == Settings()
        return
    with pytest.raises(SettingsInvalid, match="anybody could call this gateway") as caught:
        _configuration(options, Settings(), ())
    assert "proveout key create" in caught.value.fix
    for rule in ("always", "never"):
        settings = Settings(server=Server(require_key=rule))
        assert _configuration(options, settings, ()).settings == settings


def test_a_gateway_that_all_can_reach_does_not_open_when_its_keys_are_forgotten(tmp_path: Path) -> None:
    options = ServeOptions(home=tmp_path, host="10.0.0.1")
    assert _configuration(options, Settings(), (KEY,)).settings.server.require_key == "always"


def test_the_digest_is_of_all_of_it(tmp_path: Path) -> None:
    base = ServeOptions(home=tmp_path)
    digests = {
        _configuration(base, Settings(), ()).digest,
        _configuration(base, Settings(), (KEY,)).digest,
        _configuration(base, Settings(content="hashed"), ()).digest,
        _configuration(msgspec.structs.replace(base, folders=(tmp_path,)), Settings(), ()).digest,
    }
    assert len(digests) == 4
    assert _configuration(base, Settings(), ()).digest in digests


def test_without_its_extra_it_says_which(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proveout.gateway.server._serve.find_spec", lambda _name: None)
    with pytest.raises(ExtraMissing, match="not available") as caught:
        serve(ServeOptions(home=tmp_path))
    assert "proveout[gateway]" in caught.value.fix


def test_a_home_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NotWritable, match="home"):
        serve(ServeOptions(home=tmp_path / "file" / "home"))


def test_settings_are_read_before_anything_is_started(tmp_path: Path) -> None:
    (tmp_path / "gateway.toml").write_text("[server]\nport = 3")
    with pytest.raises(SettingsInvalid, match=r"server\.port"):
        serve(ServeOptions(home=tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["gateway.toml"]
