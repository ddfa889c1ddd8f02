from __future__ import annotations

from proveout import data
from proveout.testing import FakeLedger, make_splits, make_task


def test_rows_are_of_the_task_and_of_no_other_split() -> None:
    task = make_task()
    train, select = make_splits()
    assert {(row.expected or {})["intent"] for row in (*train.examples, *select.examples)} == set(task.labels)
    assert not {row.inputs["text"] for row in train.examples} & {row.inputs["text"] for row in select.examples}
    assert len({row.id for row in (*train.examples, *select.examples)}) == len(train) + len(select)
    assert make_splits() == (train, select)


def test_a_field_of_a_task_can_be_replaced() -> None:
    assert make_task(out_of_scope="", kind="decide").kind == "decide"


def test_a_ledger_keeps_what_was_appended() -> None:
    ledger = FakeLedger()
    bodies = [data.TestOpened(snapshot="s", purpose=purpose, rows=1) for purpose in ("a", "b")]
    assert [ledger.append(body) for body in bodies] == [0, 1]
    assert ledger.bodies == bodies
