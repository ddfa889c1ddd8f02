"""A built workspace, and an incumbent behind a fake endpoint."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from proveout import loop
from proveout.task import Incumbent


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder with a task of two intents."""
    texts = {"card": "my card {} is lost", "refund": "please refund order {}"}
    for name, numbers in (("train.csv", range(60)), ("test.csv", range(60, 80))):
        rows = [f"{text.format(number)},{intent}" for number in numbers for intent, text in texts.items()]
        (tmp_path / name).write_text("\n".join(["text,intent", *rows]), encoding="utf-8")
    examples, test = [tmp_path / "train.csv"], [tmp_path / "test.csv"]
    loop.new(tmp_path / "desk", kind="classify", examples=examples, test=test, inputs=["text"], outputs=["intent"])
    return tmp_path / "desk"


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Incumbent]:
    """An incumbent at a URL, with a key."""
    monkeypatch.setenv("PROVEOUT_TEST_KEY", "sk-secret")

    def make(url: str) -> Incumbent:
        return Incumbent(
            mode="endpoint",
            base_url=url,
            model="m",
            api_key_env="PROVEOUT_TEST_KEY",
            timeout_seconds=10.0,
            examples_shown=4,
            usd_per_million_in=1.0,
            usd_per_million_out=2.0,
        )

    return make
