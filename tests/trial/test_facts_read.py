from __future__ import annotations

from typing import Any

import msgspec

from proveout.task import Answer, Evidence, Example, Rules, Step, Task
from proveout.trial._facts_read import facts_read

SCHEMA: dict[str, Any] = {"type": "object", "properties": {"text": {}}}
TASK = Task(name="t", kind="decide", input=SCHEMA, output=SCHEMA, rules=Rules(policy="p.yaml", facts="facts"))


def row(stated: Any) -> Example:
    return Example(id="1", inputs={"text": "x"}, meta={"facts": stated})


def answer(facts: dict[str, Any], *ambiguous: str) -> Answer:
    step = Step(name="facts", output={"facts": facts, "ambiguous": list(ambiguous)})
    return Answer(output={"decision": "ask"}, evidence=Evidence(trace=(step,)))


def test_each_fact_has_one_verdict() -> None:
    found = facts_read(
        TASK,
        [row('{"a": 1, "b": 2, "c": 3}'), row({"a": 1})],
        [answer({"a": 1.0, "b": 5, "d": True}, "e"), answer({"a": 1})],
    )
    assert found is not None
    shares = [found.right, found.wrong, found.missed, found.ambiguous]
    # a, b, c, d and e of the first row; a of the second.
    assert [round(one.value * 6) for one in shares if one] == [2, 2, 1, 1]
    assert found.rows_clear is not None
    assert (found.rows_clear.value, found.rows_clear.n) == (0.5, 2)
    assert found.rows_right is not None
    assert (found.rows_right.value, found.rows_right.n) == (1.0, 1)


def test_a_row_that_states_nothing_can_be_read_right() -> None:
    found = facts_read(TASK, [row("{}")], [answer({})])
    assert found is not None
    assert found.right is None
    assert found.rows_right is not None
    assert found.rows_right.value == 1.0


def test_nothing_is_judged_without_facts() -> None:
    plain = msgspec.structs.replace(TASK, rules=Rules(policy="p.yaml"))
    assert facts_read(plain, [row("{}")], [answer({})]) is None
    assert facts_read(TASK, [row("not json")], [answer({})]) is None
    assert facts_read(TASK, [row("{}")], [Answer(output={"decision": "ask"})]) is None
