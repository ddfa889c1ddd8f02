"""Settings, keys and what is built as one value, the same in every worker."""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path

import msgspec

from proveout.gateway._key import Key
from proveout.gateway._settings import Settings

__all__ = ["Configuration"]

_encode = msgspec.json.Encoder(order="deterministic").encode


class Configuration(msgspec.Struct, frozen=True, kw_only=True):
    """What is in force: sent by the supervisor to every worker, so that none can differ for long.

    Attributes:
        home: folder of ``gateway.toml`` and of the ledger.
        folders: of the tasks that are served.
        settings: of ``gateway.toml``.
        keys: all that are not expired for long.
        built: of the tasks: another one after each change of what is built for them.
    """

    home: str
    folders: tuple[str, ...] = ()
    settings: Settings = Settings()
    keys: tuple[Key, ...] = ()
    built: str = ""

    @property
    def digest(self) -> str:
        """12 digits of a hash over all of it; workers with the same digest answer the same."""
        return blake2b(_encode(self), digest_size=6).hexdigest()

    @property
    def home_path(self) -> Path:
        """The home as a path."""
        return Path(self.home)
