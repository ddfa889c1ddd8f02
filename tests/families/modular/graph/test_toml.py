from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from proveout.errors import WorkflowError, WorkflowInvalid
from proveout.families.modular.graph import (
    Graph,
    GraphRun,
    Retry,
    StepSpec,
    graph_from_plain,
    graph_from_toml,
    load_graph,
    run_graph,
)
from proveout.families.modular.graph._toml import GRAPH_KEYS, STEP_KEYS


def shout(text: str, times: int = 1) -> str:
    return text.upper() * times


def silence(output: str, **rest: Any) -> None: ...


def year(day: date) -> int:
    return day.year


STEPS: dict[str, Any] = {"shout": shout, "silence": silence, "year": year}
WHOLE = """
name = "desk"
gives = "loud | late"

[takes]
text = "str"
texts = "list[str]"
day = "date?"

[steps.loud]
run = "shout"
takes = { text = "input.text" }
given = { times = 2 }
when = { "input.text" = ["hi", "ho"] }
retry = { attempts = 3, backoff_seconds = 0.5, factor = 3, most_seconds = 9 }
timeout_seconds = 2
approval = "Sure?"
undo = "silence"
isolated = true
memory_mb = 256
sync = true

[steps.many]
run = "shout"
takes = { text = "input.texts" }
each = "text"

[steps.late]
takes = { text = "input.text" }
[steps.late.graph]
name = "inner"
takes = { text = "str" }
gives = "again"
[steps.late.graph.steps.again]
run = "shout"
takes = { text = "input.text" }

[steps.year]
run = "year"
given = { day = 2026-05-17 }
"""


def message_of(text: str, **rest: Any) -> str:
    with pytest.raises(WorkflowInvalid) as caught:
        graph_from_toml(text, "desk.toml", STEPS, **rest)
    return str(caught.value)


def changed(old: str, new: str) -> str:
    assert old in WHOLE
    return WHOLE.replace(old, new)


def test_every_setting_is_read() -> None:
    graph = graph_from_toml(WHOLE, "desk.toml", STEPS)
    assert list(graph.nodes) == ["loud", "many", "late/again", "year"]
    assert graph.nodes["loud"].spec == StepSpec(
        name="loud",
        run=shout,
        undo=silence,
        takes={"text": "input.text"},
        given={"times": 2},
        when={"input.text": ("hi", "ho")},
        retry=Retry(attempts=3, backoff_seconds=0.5, factor=3, most_seconds=9),
        timeout_seconds=2,
        approval="Sure?",
        isolated=True,
        memory_mb=256,
        sync=True,
    )
    assert graph.takes == {"text": str, "texts": list[str], "day": date | None}


def test_it_runs() -> None:
    found = run_graph(graph_from_toml(WHOLE.encode(), "g", STEPS), {"text": "no", "texts": ["a", "b"]})
    assert found.outputs == {"many": ["A", "B"], "late/again": "NO", "year": 2026}
    assert found.output == "NO"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            'gives = "loud | late"',
            'givs = "loud"',
            "desk.toml: unknown key 'givs': it is set to 'loud' and means nothing here.",
        ),
        (
            'gives = "loud | late"',
            'givs = "loud"',
            "Next: did you mean 'gives'? valid keys here are name, takes, gives, steps.",
        ),
        ('name = "desk"', "", "desk.toml: wrong keys: object missing required field `name`"),
        ('name = "desk"', "name = 3", "wrong value for 'name': expected `str`, got `int`, and it is 3"),
        ('text = "str"\ntexts', 'text = "strng"\ntexts', "desk.toml: takes.text: no such type: 'strng'"),
        ("timeout_seconds = 2", "timeout = 2", "desk.toml: steps.loud: unknown key 'timeout'"),
        ("timeout_seconds = 2", "timeout = 2", "did you mean 'timeout_seconds'?"),
        (
            "timeout_seconds = 2",
            "timeout_seconds = -2",
            "steps.loud: wrong value for 'timeout_seconds': expected `float` > 0.0",
        ),
        ("attempts = 3", "attempt = 3", "desk.toml: steps.loud.retry: unknown key 'attempt'"),
        (
            "attempts = 3",
            "attempts = 0",
            "steps.loud: wrong value for 'retry.attempts': expected `int` >= 1, and it is 0",
        ),
        ("isolated = true", "", "desk.toml: desk: loud: memory_mb has no effect"),
        (
            'run = "year"',
            'run = "yaer"',
            "desk.toml: steps.year.run: no such step to run: 'yaer', and the names given are",
        ),
        ('run = "year"', 'run = "yaer"', "did you mean 'year'? use a name that is given, or module:function"),
        (
            'run = "year"',
            "",
            "desk.toml: steps.year: what runs is not clear: neither run nor graph is set. Next: set one",
        ),
        ('run = "year"', 'run = "year"\ngraph = "x.toml"', "both run and graph are set"),
        (
            'run = "year"',
            'graph = "x.toml"',
            "desk.toml: steps.year.graph: no folder to look in: it names 'x.toml'. Next: read",
        ),
        ('run = "year"', "run = 3", "steps.year: wrong value for 'run': expected `str`, got `int`"),
        ('run = "year"', 'run = "no_such_module:f"', "desk.toml: steps.year.run: a step cannot be imported"),
        ('undo = "silence"', 'undo = "inner"', "steps.loud: nothing to call: undo is a graph"),
        ('name = "inner"', 'nam = "inner"', "desk.toml: steps.late.graph: unknown key 'nam'"),
        (
            'gives = "again"',
            'gives = "agian"',
            "desk.toml: steps.late.graph: inner: no such step: what the graph gives",
        ),
        ("[steps.year]\n", '[steps."a b"]\n', "desk.toml: desk: a name cannot be used: a step is called 'a b'"),
        ("2026-05-17", '"soon"', "desk.toml: desk: year: day cannot be 'soon'"),
        ('name = "desk"', "name = ", "desk.toml: not a TOML file: Invalid value (at line 2, column 8)"),
    ],
)
def test_what_is_wrong_is_said(old: str, new: str, message: str) -> None:
    inner = Graph("i", takes={}, steps=[StepSpec(name="a", run=shout, given={"text": "x"})], gives="a")
    with pytest.raises(WorkflowInvalid) as caught:
        graph_from_toml(changed(old, new), "desk.toml", STEPS | {"inner": inner})
    assert message in str(caught.value)


@pytest.mark.parametrize("value", ['"x"', "3", "[]"])
def test_a_step_is_a_table(value: str) -> None:
    found = message_of(f'name = "g"\ngives = "a"\nsteps.a = {value}\n')
    assert found.startswith(
        f"desk.toml: steps.a: not a table: it is {value.replace(chr(34), chr(39))}. Next: write a table"
    )


def test_what_is_not_text_is_no_toml() -> None:
    with pytest.raises(WorkflowInvalid, match="g: not a TOML file"):
        graph_from_toml(b"\xff", "g", {})
    with pytest.raises(WorkflowInvalid, match="g: not a TOML file"):
        graph_from_toml("a = " + "[" * 100_000, "g", {})


def test_graphs_too_deep() -> None:
    plain: dict[str, Any] = {"name": "g", "gives": "a", "steps": {"a": {"run": "shout", "given": {"text": "x"}}}}
    for _ in range(30):
        plain = {"name": "g", "gives": "a", "steps": {"a": {"graph": plain}}}
    with pytest.raises(WorkflowInvalid, match="graphs too deep: there are more than 16 levels"):
        graph_from_plain(plain, "g", STEPS)


HEAD = 'takes = { text = "str" }\ngives = "a"\n[steps.a]\ntakes = { text = "input.text" }\n'
INNER = f'name = "inner"\n{HEAD}run = "steps:shout"\n'
OUTER = f'name = "outer"\n{HEAD}graph = "FILE"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "desk").mkdir()
    (tmp_path / "desk" / "steps.py").write_text(
        "def shout(text: str) -> str:\n    return text.upper()\n", encoding="utf-8"
    )
    (tmp_path / "desk" / "inner.toml").write_text(INNER, encoding="utf-8")
    (tmp_path / "outside.toml").write_text(INNER, encoding="utf-8")
    return tmp_path / "desk"


def opened(folder: Path, file: str) -> GraphRun:
    (folder / "outer.toml").write_text(OUTER.replace("FILE", file), encoding="utf-8")
    return run_graph(load_graph(folder / "outer.toml"), {"text": "hi"})


def test_files_and_modules_beside_the_graph(folder: Path) -> None:
    assert opened(folder, "inner.toml").output == "HI"


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("../outside.toml", "a file outside: '../outside.toml' leads out of the folder"),
        ("/etc/hostname", "a file outside: '/etc/hostname' leads out of the folder"),
        ("outer.toml", "a graph holds itself: 'outer.toml' is being read"),
        ("absent.toml", "cannot read the graph: No such file or directory"),
        ("steps.py", "not a TOML file"),
        ("a\\u0000b", "no such file"),
    ],
)
def test_a_file_that_cannot_be_read(folder: Path, file: str, message: str) -> None:
    with pytest.raises(WorkflowInvalid) as caught:
        opened(folder, file)
    assert message in str(caught.value)


def test_a_link_that_leads_outside(folder: Path) -> None:
    (folder / "link.toml").symlink_to(folder.parent / "outside.toml")
    with pytest.raises(WorkflowInvalid, match="leads out of the folder"):
        opened(folder, "link.toml")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(WorkflowInvalid, match=r"no\.toml: cannot read the graph: No such file"):
        load_graph(tmp_path / "no.toml")
    with pytest.raises(WorkflowInvalid, match="cannot read the graph"):
        load_graph(tmp_path)


leaves = st.one_of(
    st.sampled_from(
        ["shout", "input.text", "str", "list[str]", "a", "b", "a | b", "a.b", "", "textwrap:dedent", "x.toml"]
    ),
    st.integers(-2, 2**70),
    st.floats(),
    st.booleans(),
    st.dates(),
)
keys = st.sampled_from(
    [*STEP_KEYS, *GRAPH_KEYS, "attempts", "text", "a", "b", "input.text", ""],
)
tables = st.recursive(
    leaves,
    lambda inner: st.one_of(st.dictionaries(keys, inner, max_size=4), st.lists(inner, max_size=3)),
    max_leaves=12,
)
near_right = st.fixed_dictionaries(
    {"name": st.just("g"), "gives": st.sampled_from(["a", "b", "a | b", "input.text"])},
    optional={
        "takes": st.dictionaries(st.sampled_from(["text", "a"]), st.sampled_from(["str", "list[str]", "int?", "any"])),
        "steps": st.dictionaries(
            st.sampled_from(["a", "b"]),
            st.fixed_dictionaries({"run": st.just("shout")}, optional={"takes": st.just({"text": "input.text"})})
            | st.dictionaries(keys, tables, max_size=5),
            min_size=1,
        ),
        "when": tables,
    },
)


@settings(max_examples=100)
@given(near_right | st.dictionaries(keys, tables, max_size=6))
def test_any_tables_are_a_graph_or_an_error_of_ours(plain: dict[str, Any]) -> None:
    try:
        graph = graph_from_toml(tomli_w.dumps(plain), "fuzz", STEPS)
    except WorkflowError as error:
        assert all((error.what, error.why, error.fix, error.about.startswith("fuzz")))
    else:
        assert graph.nodes


@settings(max_examples=100)
@given(st.text(alphabet='=[]{}".#\n\\ \tuax1-', max_size=60) | st.text(max_size=40) | st.binary(max_size=40))
def test_any_text_is_a_graph_or_an_error_of_ours(text: str | bytes) -> None:
    with pytest.raises(WorkflowInvalid):
        graph_from_toml(text, "fuzz", STEPS)
