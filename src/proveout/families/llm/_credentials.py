"""Keys and headers: from the environment or from a file, never from the task itself."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from proveout.errors import ProviderRefused

if TYPE_CHECKING:
    from proveout.task import Incumbent

__all__ = ["Credentials"]

FROM_ENVIRONMENT = "env:"
OPEN_TO_OTHERS = 0o077


class Credentials:
    """The headers of each call.

    Args:
        incumbent: says where key and headers come from.

    Attributes:
        headers: by name.

    Raises:
        ProviderRefused: a variable is not set, the file of the key is missing, empty or open to others.
    """

    def __init__(self, incumbent: Incumbent) -> None:
        self._about = incumbent.base_url
        self._secrets: list[str] = []
        self.headers = {name: self._value(name, value) for name, value in sorted(incumbent.headers.items())}
        if incumbent.api_key_env or incumbent.api_key_file:
            self.headers["authorization"] = f"Bearer {self._key(incumbent)}"

    def redacted(self, text: str) -> str:
        """A text of the provider without the secrets it may repeat."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text

    def _key(self, incumbent: Incumbent) -> str:
        if incumbent.api_key_file:
            return self._from_file(Path(incumbent.api_key_file).expanduser())
        return self._from_environment(incumbent.api_key_env, "incumbent.api_key_env")

    def _value(self, name: str, value: str) -> str:
        if not value.startswith(FROM_ENVIRONMENT):
            return value
        return self._from_environment(value.removeprefix(FROM_ENVIRONMENT), f"incumbent.headers.{name}")

    def _from_environment(self, name: str, key: str) -> str:
        value = os.environ.get(name, "").strip()
        if not value:
            raise self._missing(f"the variable {name} is not set", f"export {name}=…, or correct {key}")
        return self._secret(value, f"the variable {name}")

    def _from_file(self, path: Path) -> str:
        try:
            mode, text = path.stat().st_mode, path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            fix = f"write the key into {path} and run: chmod 600 {path}"
            raise self._missing(f"cannot read incumbent.api_key_file: {error}", fix) from error
        if os.name == "posix" and mode & OPEN_TO_OTHERS:
            raise self._missing(f"{path} may be read or changed by other users", f"run: chmod 600 {path}")
        if not text:
            raise self._missing(f"{path} is empty", f"write the key into {path}")
        return self._secret(text, str(path))

    def _secret(self, value: str, place: str) -> str:
        if not (value.isascii() and value.isprintable()):
            raise self._missing(f"{place} holds characters that no header may hold", "write the key alone, on one line")
        self._secrets.append(value)
        return value

    def _missing(self, why: str, fix: str) -> ProviderRefused:
        return ProviderRefused("no key", why=why, fix=fix, about=self._about)
