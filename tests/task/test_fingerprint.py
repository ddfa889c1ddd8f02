from __future__ import annotations

from pathlib import Path

import pytest

from proveout.errors import TaskInvalid
from proveout.task import fingerprint, load_task, parse_task

TASK = """
name = "desk"
kind = "decide"
target = "decision"
[input]
type = "object"
required = ["text", "tier"]
properties.text = { type = "string", description = "what the customer wrote" }
properties.tier = { enum = ["gold", "basic"] }
[output]
type = "object"
properties.decision = { enum = ["approve", "refuse"] }
[certificate]
alpha = 0.02
[[kpis]]
name = "refunds"
[[kpis]]
name = "handling time"
better = "lower"
"""


def of(text: str) -> str:
    return fingerprint(parse_task(text.encode()))


SAME = {
    "a comment": TASK + "# a comment\n",
    "the name": TASK.replace('name = "desk"', 'name = "refunds desk"'),
    "a default spelled out": TASK + "[budgets]\n[incumbent]\nmode = 'none'\n",
    "where the files are": TASK + "[data]\nexamples = ['a.csv']\ntest = ['b.csv']\n",
    "order in a set": TASK.replace('["approve", "refuse"]', '["refuse", "approve"]'),
    "order of required": TASK.replace('["text", "tier"]', '["tier", "text"]'),
    "a title": TASK.replace('{ type = "string",', '{ type = "string", title = "Text",'),
    "integer for float": TASK.replace("alpha = 0.02", "alpha = 0.020"),
    "order of KPIs": TASK.replace('name = "refunds"', 'name = "X"')
    .replace('name = "handling time"\nbetter = "lower"', 'name = "refunds"')
    .replace('name = "X"', 'name = "handling time"\nbetter = "lower"'),
}
OTHER = {
    "the kind": TASK.replace('"decide"', '"classify"'),
    "a label": TASK.replace('"refuse"]', '"reject"]'),
    "an input field": TASK.replace("properties.tier", "properties.level").replace('"text", "tier"', '"text", "level"'),
    "what is required": TASK.replace('["text", "tier"]', '["text"]'),
    "alpha": TASK.replace("0.02", "0.03"),
    "a KPI": TASK.replace('"refunds"', '"returns"'),
    "a prompt-visible description": TASK.replace("what the customer wrote", "the message"),
    "how rows are split": TASK + "[data]\nseed = 1\n",
    "the incumbent": TASK + "[incumbent]\nmode = 'simulated'\n",
}


@pytest.mark.parametrize("change", SAME)
def test_same_meaning_same_fingerprint(change: str) -> None:
    assert of(SAME[change]) == of(TASK)


@pytest.mark.parametrize("change", OTHER)
def test_other_meaning_other_fingerprint(change: str) -> None:
    assert OTHER[change] != TASK
    assert of(OTHER[change]) != of(TASK)


def with_policy(folder: Path, policy: str | bytes) -> str:
    (folder / "task.toml").write_text(TASK + "[rules]\npolicy = 'policy.yaml'\n", encoding="utf-8")
    (folder / "policy.yaml").write_bytes(policy if isinstance(policy, bytes) else policy.encode())
    return fingerprint(load_task(folder))


def test_the_policy_is_part_of_the_meaning_and_its_layout_is_not(tmp_path: Path) -> None:
    plain = with_policy(tmp_path, "rules:\n- id: r1\n  if: days > 30\n  since: 2026-01-01\n")
    assert plain == with_policy(tmp_path, "# comment\nrules: [{since: 2026-01-01, if: days > 30, id: r1}]\n")
    assert plain != with_policy(tmp_path, "rules:\n- id: r1\n  if: days > 31\n  since: 2026-01-01\n")


@pytest.mark.parametrize(
    "hostile",
    [
        "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]",
        "a: !!python/object/apply:os.system [echo]",
        "a: [",
        b"a: \xff\xfe",
        "[" * 3000,
    ],
)
def test_hostile_yaml_is_refused(tmp_path: Path, hostile: str | bytes) -> None:
    with pytest.raises(TaskInvalid, match=r"policy\.yaml"):
        with_policy(tmp_path, hostile)


def test_a_missing_policy_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "task.toml").write_text(TASK + "[rules]\npolicy = 'gone.yaml'\n", encoding="utf-8")
    with pytest.raises(TaskInvalid, match=r"gone\.yaml"):
        fingerprint(load_task(tmp_path))
