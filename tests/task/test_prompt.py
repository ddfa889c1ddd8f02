from __future__ import annotations

from pathlib import Path

import pytest

from proveout.errors import TaskInvalid
from proveout.task import Incumbent, Task, fingerprint, parse_task, prompt_text

TEXT = b"""
name = "t"
kind = "classify"
[input]
type = "object"
properties.text = {}
[output]
type = "object"
properties.label = {}
[incumbent]
mode = "endpoint"
model = "m"
base_url = "http://127.0.0.1:9/v1"
"""


def task(folder: Path, name: str) -> Task:
    return Task(name="t", kind="classify", input={}, output={}, root=folder, incumbent=Incumbent(prompt=name))


def test_what_the_prompt_says_is_meaning_and_where_it_lies_is_not(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Route.", encoding="utf-8")
    (tmp_path / "b.txt").write_text("Route.", encoding="utf-8")
    (tmp_path / "c.txt").write_text("Route well.", encoding="utf-8")
    first, second, third, none = (task(tmp_path, name) for name in ("a.txt", "b.txt", "c.txt", ""))
    assert prompt_text(first) == "Route."
    assert fingerprint(first) == fingerprint(second)
    assert len({fingerprint(one) for one in (first, third, none)}) == 3


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_prompt_that_cannot_be_read(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "prompt.txt").write_bytes(content)
    with pytest.raises(TaskInvalid, match=r"cannot read the prompt.*incumbent\.prompt"):
        fingerprint(task(tmp_path, "prompt.txt"))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('api_key_env = "A"\napi_key_file = "b"', "two sources of the key"),
        ('output_mode = "xml"', "wrong value for 'incumbent.output_mode'"),
        ("concurrency = 0", "wrong value for 'incumbent.concurrency'"),
        ("headers = 3", "wrong value for 'incumbent.headers'"),
        ("headers = {a = 1}", "wrong value for 'incumbent.headers"),
    ],
)
def test_settings_of_an_endpoint_are_checked(line: str, said: str) -> None:
    with pytest.raises(TaskInvalid, match=said):
        parse_task(TEXT + line.encode())


def test_headers_may_have_any_name() -> None:
    assert parse_task(TEXT + b'headers = {x-team = "desk"}').incumbent.headers == {"x-team": "desk"}
