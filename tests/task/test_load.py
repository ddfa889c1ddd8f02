from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.errors import ProveoutError, TaskInvalid, TaskNotFound
from proveout.task import Task, load_task, parse_task, task_keys

MINIMAL = b"""
name = "t"
kind = "classify"
[input]
type = "object"
properties.text = { type = "string" }
[output]
type = "object"
properties.intent = { enum = ["a", "b"] }
"""


def problem(extra: bytes, base: bytes = MINIMAL) -> TaskInvalid:
    with pytest.raises(TaskInvalid) as caught:
        parse_task(base + extra, where="task.toml")
    return caught.value


def test_the_only_output_field_is_the_target() -> None:
    assert parse_task(MINIMAL).target == "intent"


def test_every_key_has_a_default_but_four() -> None:
    task = parse_task(MINIMAL)
    assert task.certificate.alpha == 0.01
    assert task.incumbent.mode == "none"
    assert len(task_keys()) > 40


@pytest.mark.parametrize(
    ("extra", "what", "fix"),
    [
        (b"[certificat]\nalpha = 0.1", "unknown key 'certificat'", "did you mean 'certificate'?"),
        (b"[certificate]\nalfa = 0.1", "unknown key 'certificate.alfa'", "did you mean 'alpha'?"),
        (b"[incumbent.simulated]\nerror_rat = 0.1", "unknown key 'incumbent.simulated.error_rat'", "'error_rate'"),
        (b'[[kpis]]\nname = "x"\nbeter = "higher"', "unknown key 'kpis.beter'", "did you mean 'better'?"),
        (b'[[kpis]]\nname = "x"\nbetter = "hihger"', "wrong value for 'kpis[0].better'", "did you mean 'higher'?"),
        (b'[incumbent]\nmode = "recorder"', "wrong value for 'incumbent.mode'", "did you mean 'recorded'?"),
        (b'[data.inputs]\ntxt = "x"', "unknown field data.inputs.txt", "text"),
    ],
)
def test_a_wrong_key_is_answered_with_the_nearest(extra: bytes, what: str, fix: str) -> None:
    error = problem(extra)
    assert error.about == "task.toml"
    assert error.what == what
    assert fix in error.fix


@pytest.mark.parametrize(
    ("extra", "named"),
    [
        (b"[certificate]\nalpha = 2.0", "2.0"),
        (b'[certificate]\nalpha = "low"', "'low'"),
        (b"[incumbent]\nexamples_shown = -1", "-1"),
        (b'[data]\nexamples = ["x.csv"]\ntrain = 0.9', "1.1"),
        (b'[data]\ntest = ["x.csv"]\ntest_share = 0.2', "0.2"),
        (b'[data]\nby = "time"', "data.by"),
        (b'[incumbent]\nmode = "endpoint"', "endpoint"),
        (b'[incumbent]\nmode = "recorded"', "recorded"),
    ],
)
def test_a_wrong_value_is_named(extra: bytes, named: str) -> None:
    assert named in problem(extra).why


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        (b'{ type = "string" }', b'{ type = "strin" }', "strin"),
        (b'properties.intent = { enum = ["a", "b"] }', b"", "the output has the fields none"),
        (b'name = "t"', b'name = "t"\ntarget = "label"', "intent"),
        (b'name = "t"', b'name = "t"\nout_of_scope = "oos"', "'oos'"),
        (b'name = "t"', b"", "name"),
        (b'"classify"', b'"clasify"', "clasify"),
        (b'name = "t"', b"name = t", "line"),
        (b'name = "t"', b'name = "\xff"', "0xff"),
    ],
)
def test_contradictions_and_syntax(old: bytes, new: bytes, named: str) -> None:
    assert named in problem(b"", MINIMAL.replace(old, new)).why


def test_a_missing_folder_is_not_a_task(tmp_path: Path) -> None:
    with pytest.raises(TaskNotFound, match="proveout new"):
        load_task(tmp_path / "nowhere")


def test_load_remembers_its_folder(tmp_path: Path) -> None:
    (tmp_path / "task.toml").write_bytes(MINIMAL)
    assert load_task(tmp_path).root == tmp_path


@given(st.binary(max_size=300))
def test_arbitrary_bytes_give_our_errors_only(content: bytes) -> None:
    try:
        parse_task(content)
    except ProveoutError as error:
        assert error.fix


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)


@given(st.sampled_from(task_keys()), values)
def test_any_value_at_any_key_gives_our_errors_only(key: str, value: Any) -> None:
    document: dict[str, Any] = msgspec.toml.decode(MINIMAL)
    block = document
    *parents, last = [part.removesuffix("[]") for part in key.split(".")]
    for parent in parents:
        block = block.setdefault(parent, {})
    block[last] = value
    try:
        content = msgspec.toml.encode(document)
    except (TypeError, ValueError, UnicodeEncodeError):
        return
    try:
        assert isinstance(parse_task(content), Task)
    except ProveoutError as error:
        assert error.fix
