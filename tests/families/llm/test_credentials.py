from __future__ import annotations

from pathlib import Path

import pytest

from proveout.errors import ProviderRefused
from proveout.families.llm._credentials import Credentials
from proveout.task import Incumbent


def of(**fields: object) -> Credentials:
    return Credentials(Incumbent(mode="endpoint", base_url="http://127.0.0.1:9/v1", model="m", **fields))  # type: ignore[arg-type]


def key_file(folder: Path, content: bytes, mode: int = 0o600) -> str:
    path = folder / "key"
    path.write_bytes(content)
    path.chmod(mode)
    return str(path)


def test_a_key_from_a_file(tmp_path: Path) -> None:
    found = of(api_key_file=key_file(tmp_path, b"sk-file\n"))
    assert found.headers == {"authorization": "Bearer sk-file"}
    assert found.redacted("wrong key sk-file") == "wrong key ***"


@pytest.mark.parametrize(
    ("content", "mode", "said"),
    [
        (b"sk-file", 0o644, "chmod 600"),
        (b"sk-file", 0o660, "other users"),
        (b" \n", 0o600, "is empty"),
        (b"two\nlines", 0o600, "no header may hold"),
        ("schlüssel".encode(), 0o600, "no header may hold"),
        (b"\xff\xfe", 0o600, "cannot read"),
    ],
)
def test_a_key_file_that_cannot_be_used(tmp_path: Path, content: bytes, mode: int, said: str) -> None:
    with pytest.raises(ProviderRefused, match=said) as caught:
        of(api_key_file=key_file(tmp_path, content, mode))
    assert "sk-file" not in str(caught.value)


def test_a_missing_key_file_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(ProviderRefused, match=r"No such file.*chmod 600"):
        of(api_key_file=str(tmp_path / "none"))


def test_the_home_folder_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    key_file(tmp_path, b"sk-home")
    assert of(api_key_file="~/key").headers["authorization"] == "Bearer sk-home"


def test_headers_are_literal_or_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROVEOUT_TEST_HEADER", "secret-value")
    found = of(headers={"x-team": "desk", "x-secret": "env:PROVEOUT_TEST_HEADER"})
    assert found.headers == {"x-team": "desk", "x-secret": "secret-value"}
    assert found.redacted("secret-value for desk") == "*** for desk"
    monkeypatch.delenv("PROVEOUT_TEST_HEADER")
    with pytest.raises(ProviderRefused, match=r"PROVEOUT_TEST_HEADER is not set.*incumbent\.headers\.x-secret"):
        of(headers={"x-secret": "env:PROVEOUT_TEST_HEADER"})
