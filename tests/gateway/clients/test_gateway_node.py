"""The official Node client: installed from its lock file, it gets through the gateway what the provider gives it."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from .conftest import MOST_BODY, Target

HERE = Path(__file__).parent / "node"
FILES = ("package.json", "package-lock.json", ".npmrc", "suite.mjs")
BOTH, OWN = (
    re.findall(r'^  "(.+)":', part, re.MULTILINE) for part in (HERE / "suite.mjs").read_text().split("const own =")
)


def without(reason: str) -> None:
    """Skip, but not in CI, which must have all of it."""
    if os.environ.get("CI"):
        pytest.fail(f"{reason}; CI must have it")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def installed() -> Path:
    """The suite beside the client that its lock file names; installed once for each content of these files."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        without("there is no Node.js with npm on the PATH")
    content = b"".join((HERE / name).read_bytes() for name in FILES)
    folder = Path(tempfile.gettempdir()) / f"proveout-node-{os.getuid()}-{hashlib.sha256(content).hexdigest()[:16]}"
    if folder.exists():
        return folder
    with tempfile.TemporaryDirectory(dir=folder.parent) as made:
        for name in FILES:
            shutil.copy(HERE / name, made)
        done = subprocess.run(
            ["npm", "ci", "--no-progress"], cwd=made, capture_output=True, text=True, check=False, timeout=120
        )
        if done.returncode != 0:
            without(f"npm could not install the client: {done.stderr[-500:]}")
        try:
            Path(made).rename(folder)
        except OSError:  # another worker was faster
            assert folder.exists()
        Path(made).mkdir(exist_ok=True)
    return folder


def results(installed: Path, target: Target) -> dict[str, str]:
    """What failed, by case; "" where nothing did."""
    env = os.environ | {
        "BASE_URL": target.base_url,
        "KEYS": json.dumps(target.keys),
        "MOST_BODY": str(MOST_BODY),
    }
    done = subprocess.run(
        ["node", "suite.mjs"], cwd=installed, env=env, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return {row["name"]: row["failed"] for row in map(json.loads, done.stdout.splitlines())}


@pytest.fixture(scope="session")
def of_direct(installed: Path, direct: Target) -> dict[str, str]:
    """By the provider itself."""
    return results(installed, direct)


@pytest.fixture(scope="session")
def of_gateway(installed: Path, gateway: Target) -> dict[str, str]:
    """Through the gateway."""
    return results(installed, gateway)


def test_there_are_cases() -> None:
    assert len(BOTH) > 12
    assert len(OWN) > 2


@pytest.mark.parametrize("case", BOTH)
def test_the_provider_itself(case: str, of_direct: dict[str, str]) -> None:
    assert of_direct[case] == ""


@pytest.mark.parametrize("case", [*BOTH, *OWN])
def test_the_gateway(case: str, of_gateway: dict[str, str]) -> None:
    assert of_gateway[case] == ""
