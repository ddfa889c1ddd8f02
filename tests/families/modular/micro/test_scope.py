from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from proveout.errors import BuildFailed
from proveout.families.modular.micro import BuiltMicro, MicroRow, MicroRows

Build = Callable[..., BuiltMicro]


def test_texts_unlike_all_intents_are_outside(make: Build, rows: MicroRows) -> None:
    model = make("scope").model
    assert all(model(row.text).inside == row.inside for row in rows.select)
    assert model("will it rain in Lima today").inside
    assert not model("please sing a song for grandmother").inside


def test_a_batch_is_its_texts_one_by_one(make: Build, rows: MicroRows) -> None:
    model = make("scope").model
    texts = [row.text for row in rows.select]
    assert model.many(texts) == [model(text) for text in texts]  # type: ignore[attr-defined]
    assert all(one.inside == (one.score >= 0) for one in model.many(texts))  # type: ignore[attr-defined]


def test_without_a_row_outside_few_rows_inside_are_rejected(make: Build, rows: MicroRows) -> None:
    inner = MicroRows(
        train=tuple(row for row in rows.train if row.inside), select=tuple(row for row in rows.select if row.inside)
    )
    built = make("scope", rows=inner)
    assert built.card.chosen["chosen_on"] == "select, whose rows are all in scope"
    assert all(built.model(row.text).inside for row in inner.select)
    assert not built.model("who won the election").inside


def test_with_no_row_to_choose_on_nothing_is_rejected(make: Build, rows: MicroRows) -> None:
    inner = tuple(row for row in rows.train if row.inside)
    assert make("scope", rows=MicroRows(train=inner)).model("who won the election").inside


def test_it_needs_intents_to_tell_apart(make: Build, rows: MicroRows) -> None:
    same = tuple(msgspec.structs.replace(row, intent="one") for row in rows.train)
    with pytest.raises(BuildFailed, match="fewer than two intents"):
        make("scope", rows=MicroRows(train=(*same, MicroRow(text="x", inside=False))))
