from __future__ import annotations

from pathlib import Path

from proveout.gateway import RequestServed
from proveout.gateway.traffic import traffic_rows
from proveout.ledger import Ledger
from proveout.store import Workspace


def test_an_answer_that_is_no_text_is_no_row(tmp_path: Path) -> None:
    asked = {"messages": [{"role": "user", "content": "call it"}]}
    answer = '{"choices":[{"message":{"content":null,"tool_calls":[{"id":"1"}]}}]}'
    body = RequestServed(id="1", operation="chat", received=0, model="m", status=200, input=asked, answer=answer)
    with Ledger.open(Workspace(tmp_path)) as ledger:
        ledger.append(body)
    assert list(traffic_rows(Workspace(tmp_path))) == []
