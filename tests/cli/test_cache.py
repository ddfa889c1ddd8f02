from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from proveout.gateway.cache import Lookup, LookupLog

Run = Callable[..., Any]


def write(home: Path, count: int, *, agree: bool = True) -> None:
    log = LookupLog(home, task="desk", generation="g", embedder="e")
    for at in range(count):
        log.append(Lookup(time=at, input=str(at), score=0.9, agree=agree))
    log.close()


def test_lookups_become_a_decision_that_can_be_shown(desk: Path, proveout: Run) -> None:
    write(desk, 2000)
    found = proveout("cache", "certify", "desk", "desk", "--json")
    assert found.code == 0, found.err
    assert (found.json["threshold"], found.json["alpha"], found.json["delta"]) == (0.9, 0.01, 0.05)
    shown = proveout("cache", "show", "desk", "desk")
    assert "desk: serves from a similarity of 0.9000: on 1000 lookups" in shown.out
    assert proveout("cache", "show", "desk", "desk", "--json").json == [found.json]


def test_staying_off_is_a_normal_result(desk: Path, proveout: Run) -> None:
    write(desk, 2000, agree=False)
    found = proveout("cache", "certify", "desk", "desk", "--alpha", 0.05, "--delta", 0.1)
    assert found.code == 0, found.err
    assert "stays off" in found.out


def test_without_lookups_it_says_what_to_do(desk: Path, proveout: Run) -> None:
    found = proveout("cache", "certify", "desk", "desk")
    assert found.code == 3
    assert "gateway.toml" in found.err
    assert "the semantic cache is off" in proveout("cache", "show", "desk", "desk").out
