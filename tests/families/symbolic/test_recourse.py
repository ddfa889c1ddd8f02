from __future__ import annotations

import pytest

from proveout.families.symbolic import _recourse
from proveout.families.symbolic._recourse import Recourse
from proveout.families.symbolic.policy import TooComplex, load_policy
from proveout.task import Task


def test_a_change_is_found_once_and_kept(text_task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    recourse = Recourse(load_policy(text_task.root / "policy.yaml"))
    first = recourse.change({"damaged": True, "price": 80}, "approve")
    assert first.text == "Smallest change to approve: photo from False to True."
    monkeypatch.setattr(_recourse, "smallest_change", lambda *_: TooComplex("spent"))
    assert recourse.change({"damaged": True, "price": 80}, "approve") is first
    other = recourse.change({"damaged": True, "price": 90}, "approve")
    assert (other.proof, other.text) == (None, "Whether a change leads to approve is too complex to prove.")


def test_what_must_turn_out_is_said(text_task: Task) -> None:
    recourse = Recourse(load_policy(text_task.root / "policy.yaml"))
    assert "if" in recourse.change({"since": 3}, "approve").text
    assert recourse.change({"since": 45}, "approve").text == "No permitted change leads to approve."


def test_the_oldest_is_forgotten(text_task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_recourse, "MOST_KEPT", 1)
    recourse = Recourse(load_policy(text_task.root / "policy.yaml"))
    first = recourse.change({"since": 45}, "approve")
    recourse.change({"since": 46}, "approve")
    again = recourse.change({"since": 45}, "approve")
    assert again == first
    assert again is not first
