from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from proveout.families.symbolic import _readers
from proveout.families.symbolic._readers import KEPT, taught_readers
from proveout.families.symbolic.facts import PatternReader, fit_reader
from proveout.families.symbolic.policy import policy_from_json

POLICY = {
    "version": 1,
    "name": "bikes",
    "decisions": ["lend", "refuse", "ask"],
    "undetermined": "ask",
    "facts": [{"name": "helmet", "type": "boolean", "world": "open", "mutable": True, "question": "A helmet?"}],
    "rules": [{"id": "bare", "cites": {"document": "r.md", "section": "1"}, "if": "not helmet", "then": "refuse"}],
}
ROWS: list[tuple[str, dict[str, Any]]] = [
    *((f"i wear a helmet {n}", {"helmet": True}) for n in range(20)),
    *((f"my head is bare {n}", {"helmet": False}) for n in range(20)),
]


def test_what_was_learned_is_learned_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    policy = policy_from_json(POLICY)
    first = PatternReader(b"facts: {}\n", policy.facts)
    learned = []
    fit = fit_reader

    def counted(*arguments: Any) -> Any:
        learned.append(arguments)
        return fit(*arguments)

    counted.__module__ = fit.__module__
    monkeypatch.setattr(_readers, "fit_reader", counted)

    def teach(seed: int = 0) -> Any:
        return taught_readers(first, policy, (ROWS, ROWS[::4]), seed, tmp_path, lambda *_: None)

    assert teach()[1] == teach()[1]
    assert len(learned) == 1
    teach(seed=1)
    assert len(learned) == 2
    for path in (tmp_path / KEPT).rglob("*.safetensors"):
        path.write_bytes(b"altered")
    teach()
    assert len(learned) == 3
