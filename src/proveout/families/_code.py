"""Which code builds candidates."""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from pathlib import Path

__all__ = ["code_version"]


def code_version() -> str:
    """The package's version and a hash of the code that builds candidates, so that changed code rebuilds them."""
    sources = sorted(Path(__file__).parent.rglob("*.py"))
    digest = hashlib.blake2b(b"".join(path.read_bytes() for path in sources), digest_size=6)
    return f"{version('proveout')}+{digest.hexdigest()}"
