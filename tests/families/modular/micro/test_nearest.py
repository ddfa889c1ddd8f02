from __future__ import annotations

from collections.abc import Callable

import pytest

from proveout.errors import TaskInvalid
from proveout.families.modular.micro import BuiltMicro, MicroRow, MicroRows

Build = Callable[..., BuiltMicro]
SAID = {
    "book": "reserve a table in a restaurant",
    "weather": "the weather and rain of a day",
    "cancel": "drop a reservation",
}


def test_the_label_whose_description_is_nearest(make: Build) -> None:
    built = make("nearest", parameters={"descriptions": SAID, "encoder": "tfidf"}, rows=MicroRows())
    assert built.model("is there rain").label == "weather"
    assert built.model("please drop it").label == "cancel"
    assert built.card.chosen["calibrated_on"] == "nothing"


def test_a_batch_is_its_texts_one_by_one_and_rows_make_it_sure(make: Build, rows: MicroRows) -> None:
    held = MicroRows(select=(MicroRow(text="rain of the day", intent="weather"), *rows.select))
    built = make("nearest", parameters={"descriptions": SAID, "encoder": "tfidf"}, rows=held)
    texts = [row.text for row in held.select]
    assert built.model.many(texts) == [built.model(text) for text in texts]  # type: ignore[attr-defined]
    assert built.card.chosen["calibrated_on"] == "select"
    assert make("nearest", parameters={"descriptions": SAID, "encoder": "tfidf"}, rows=held).reused


def test_no_description_is_no_label(make: Build) -> None:
    with pytest.raises(TaskInvalid, match="descriptions is empty"):
        make("nearest", parameters={"descriptions": {}, "encoder": "tfidf"})


def test_one_description_is_the_only_label(make: Build) -> None:
    built = make("nearest", parameters={"descriptions": {"a": "one label"}, "encoder": "tfidf"})
    assert built.model("what ever").label == "a"
