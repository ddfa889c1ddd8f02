from __future__ import annotations

import os
from pathlib import Path

import pytest

from proveout import loop
from proveout.errors import CandidateNotFound, HandlerUnknown
from proveout.events import Setting, event_handlers
from proveout.events._handlers import make_handlers
from proveout.families import candidate_ids
from proveout.store import Workspace
from proveout.task import load_task

from .conftest import make_event, trigger


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    rows = [f"{text} {n},{label}" for n in range(40) for text, label in (("lost card", "card"), ("my refund", "money"))]
    (tmp_path / "rows.csv").write_text("\n".join(["text,intent", *rows]) + "\n", encoding="utf-8")
    folder = tmp_path / "desk"
    loop.new(folder, kind="classify", examples=[tmp_path / "rows.csv"], test=[], inputs=["text"], outputs=["intent"])
    loop.build(folder, names=["retrieval"], embedder="tfidf")
    return folder


def test_the_latest_candidate_answers(desk: Path) -> None:
    setting = Setting(load_task(desk), Workspace(desk))
    handler = make_handlers((trigger(),), setting)["rain"]
    answer = handler(make_event(1), {"text": "lost card 7"}, "key")
    assert answer.output == {"intent": "card"}
    (first,) = candidate_ids(setting.workspace)
    loop.build(desk, names=["retrieval"], embedder="tfidf", seed=3)
    os.utime(setting.workspace.candidates / first, ns=(1, 1))
    named = make_handlers(
        (trigger(options={"candidate": first}), trigger(name="b", options={"family": "retrieval"})), setting
    )
    assert [one(make_event(1), {"text": "lost card"}, "k").output for one in named.values()] == [{"intent": "card"}] * 2
    with pytest.raises(CandidateNotFound, match="proveout build"):
        make_handlers((trigger(options={"family": "distilled"}),), setting)


def test_handlers_are_given_or_registered(folder: Path) -> None:
    setting = Setting(load_task(folder), Workspace(folder))
    given = {"noted": lambda *_: 1}
    assert make_handlers((trigger(run="noted"),), setting, given)["rain"](make_event(1), {}, "k") == 1
    with pytest.raises(HandlerUnknown, match="candidate"):
        make_handlers((trigger(run="candidates"),), setting)
    assert "candidate" in event_handlers.names()
