"""A real gateway in processes of its own, before a fake provider; and the provider alone, for comparison."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from proveout import loop
from proveout.testing import FakeUpstream

PROVIDER_KEY = "sk-of-the-provider"
START_SECONDS = 20.0
MOST_BODY = 100_000
SETTINGS = f"""
[server]
most_body_bytes = {MOST_BODY}
head_seconds = 2.0
body_seconds = 2.0

[providers.upstream]
base_url = "@URL@"
models = ["fake-large", "fake-small", "fake-embedding", "fault-*", "flaky-*", "echo*"]
api_key_env = "FAKE_PROVIDER_KEY"
first_byte_seconds = 0.5
idle_seconds = 0.5
retries = 1
retry_share = 1.0
break_after = 1000000

[tasks.desk]
route = "distilled"

[tiers.few.limits]
requests_per_minute = 60
burst_seconds = 1.0
"""
INTENTS = {
    "card": ["my card {} is lost", "i cannot find card number {}", "card {} was stolen"],
    "refund": ["please refund order {}", "i want my money back for order {}", "order {} should be refunded"],
}


@dataclass
class Target:
    """What a client is pointed at.

    Attributes:
        base_url: ending in ``/v1``.
        keys: secrets by what they may do: ``any``, ``small`` (one model), ``few`` (little), ``wrong``.
        upstream: behind it.
        process: of the gateway; None for the provider itself.
    """

    base_url: str
    keys: dict[str, str]
    upstream: FakeUpstream
    process: subprocess.Popen[str] | None = None
    home: Path = field(default_factory=Path)

    @property
    def port(self) -> int:
        """Where it listens."""
        found = re.search(r":(\d+)/", self.base_url)
        assert found
        return int(found.group(1))


def run(*arguments: str) -> str:
    """What a command of ours prints."""
    command = [sys.executable, "-m", "proveout", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def new_key(home: Path, name: str, *options: str) -> str:
    """A key's secret."""
    told = json.loads(run("key", "create", "--name", name, "--home", str(home), *options, "--json"))
    secret: str = told["secret"]
    return secret


@pytest.fixture(scope="session")
def provider() -> Iterator[FakeUpstream]:
    """An OpenAI-compatible provider that takes one key."""
    with FakeUpstream(key=PROVIDER_KEY) as upstream:
        yield upstream


@pytest.fixture(scope="session")
def direct(provider: FakeUpstream) -> Target:
    """The provider itself: what holds here is what a gateway must keep."""
    return Target(provider.base_url, {"any": PROVIDER_KEY, "wrong": "sk-wrong"}, provider)


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A task of two intents, with a candidate that was built."""
    folder = tmp_path_factory.mktemp("task")
    texts = [(text, intent) for intent, texts in INTENTS.items() for text in texts]
    for name, numbers in {"train": range(10), "test": range(10, 14)}.items():
        rows = [f"{text.format(number)},{intent}" for number in numbers for text, intent in texts]
        (folder / f"{name}.csv").write_text("\n".join(["text,intent", *rows]) + "\n")
    examples, test = [folder / "train.csv"], [folder / "test.csv"]
    loop.new(folder / "desk", kind="classify", examples=examples, test=test, inputs=["text"], outputs=["intent"])
    loop.build(folder / "desk", names=["distilled"], embedder="tfidf")
    return folder / "desk"


@pytest.fixture(scope="session")
def gateway(provider: FakeUpstream, desk: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """``proveout serve`` before the provider, with keys and a task."""
    home = tmp_path_factory.mktemp("gateway")
    (home / "gateway.toml").write_text(SETTINGS.replace("@URL@", provider.base_url))
    keys = {
        "any": new_key(home, "any"),
        "small": new_key(home, "small", "--model", "fake-small"),
        "few": new_key(home, "few", "--tier", "few"),
        "other": new_key(home, "other"),
        "wrong": "sk-wrong",
    }
    command = [sys.executable, "-m", "proveout", "serve", str(desk), "--home", str(home), "--port", "0"]
    env = os.environ | {"FAKE_PROVIDER_KEY": PROVIDER_KEY, "PYTHONUNBUFFERED": "1"}
    errors = (home / "stderr").open("w")
    with errors, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, env=env) as process:
        yield Target(_address(process, home), keys, provider, process, home)
        process.send_signal(signal.SIGTERM)
        assert process.wait(START_SECONDS) == 0, (home / "stderr").read_text()
    assert "Traceback" not in (home / "stderr").read_text()


def _address(process: subprocess.Popen[str], home: Path) -> str:
    """The address that is printed when it is ready."""
    assert process.stdout
    began = time.monotonic()
    for line in process.stdout:
        if found := re.search(r"http://127\.0\.0\.1:\d+/v1", line):
            return found.group()
        assert time.monotonic() - began < START_SECONDS
    pytest.fail(f"no address was printed: {(home / 'stderr').read_text()}")


@pytest.fixture(params=["direct", "gateway"])
def target(request: pytest.FixtureRequest) -> Target:
    """Each of the two."""
    found: Target = request.getfixturevalue(request.param)
    return found
