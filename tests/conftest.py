"""What all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("proveout", deadline=None, print_blob=True)
settings.load_profile("proveout")

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The public data sets beside the checkout; skips where they are absent, fails in CI."""
    folder = Path(os.environ.get("PROVEOUT_SHARED_DATA", REPOSITORY.parent / "shared" / "data"))
    if folder.is_dir():
        return folder
    if os.environ.get("CI"):
        pytest.fail(f"the public data sets are not at {folder}; CI must have them")
    pytest.skip(f"the public data sets are not at {folder}; set PROVEOUT_SHARED_DATA to their folder")
