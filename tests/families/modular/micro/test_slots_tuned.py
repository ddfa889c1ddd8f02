from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from proveout.errors import BuildFailed, WeightsMissing
from proveout.families._spans import Span
from proveout.families.distilled import _token_tune, _tune
from proveout.families.modular.micro import BuiltMicro, MicroRow, MicroRows, MicroRun, load_micro

Build = Callable[..., BuiltMicro]


def refunds(numbers: range) -> tuple[MicroRow, ...]:
    rows = []
    for number in numbers:
        text = f"please refund order {number}"
        rows.append(MicroRow(text=text, spans=(Span(20, len(text), "order"),)))
        rows.append(MicroRow(text=f"the shop opens on day {number}", spans=()))
    return tuple(rows)


ROWS = MicroRows(train=refunds(range(10, 34)), select=refunds(range(40, 44)))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_tune, "ROWS_SEEN", 0)
    pace = _tune.Pace(encoder=3e-3, head=2e-2, batch=8)
    monkeypatch.setattr(_token_tune, "Pace", lambda: pace)


def test_values_of_texts_never_seen_and_the_same_bytes_again(
    make: Build, run: MicroRun, encoder_folder: Path, tmp_path: Path
) -> None:
    given = {"encoder": str(encoder_folder)}
    built = make("slots-tuned", rows=ROWS, parameters=given)
    for text in ("please refund order 87", "please refund order 55"):
        assert [(one.name, one.text) for one in built.model(text, "any").slots] == [("order", text[-2:])]
    assert built.model("the shop opens on day 87").slots == ()
    assert built.model("").slots == ()
    chosen = built.card.chosen
    assert chosen["precision"] in {"int8", "float32"}
    assert chosen["tried"]["of"] == len(ROWS.select)
    other = make("slots-tuned", rows=ROWS, parameters=given, run=msgspec.structs.replace(run, cache=tmp_path / "two"))
    assert (other.id, other.reused) == (built.id, False)
    built.save(tmp_path / "copy")
    _, model = load_micro(tmp_path / "copy", tmp_path)
    texts = [row.text for row in ROWS.select] + ["", "word " * 300]
    assert model.many(texts) == [built.model(text) for text in texts]  # type: ignore[attr-defined]


def test_it_asks_for_what_it_needs(make: Build, encoder_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    with pytest.raises(BuildFailed, match="no row has a value"):
        make("slots-tuned", rows=MicroRows(), parameters={"encoder": str(encoder_folder)})
    with pytest.raises(WeightsMissing):
        make("slots-tuned", rows=ROWS, parameters={"encoder": str(tmp_path / "none")})
