from __future__ import annotations

from collections.abc import Callable
from typing import Any

from proveout.cli import COMMANDS

Run = Callable[..., Any]


def test_help_lists_every_command(proveout: Run) -> None:
    shown = proveout("--help")
    assert shown.code == 0
    assert all(f"\n  {name} " in shown.out for name in COMMANDS)


def test_an_unknown_command_is_wrong_usage(proveout: Run) -> None:
    assert proveout("compair").code == 2


def test_errors_go_to_standard_error_and_to_json(proveout: Run) -> None:
    plain = proveout("snapshot", "nowhere")
    assert (plain.code, plain.out) == (3, "")
    assert "proveout new nowhere" in plain.err
    as_json = proveout("snapshot", "nowhere", "--json")
    assert as_json.json["error"] == "TaskNotFound"
    assert as_json.json["fix"]
