from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proveout.errors import (
    ColumnMissing,
    DataEmpty,
    FactInvalid,
    GraphInvalid,
    OneClass,
    ProveoutError,
    RowInvalid,
    SplitTooSmall,
)
from proveout.families.symbolic.effects._design import Question, columns_of, design_of

TABLE: dict[str, list[Any]] = {
    "t": [0, 1, 0, 1, 0, 1, 0, 1],
    "y": [1.0, 2.0, 1.5, 3.0, 1.0, 2.5, 0.5, 4.0],
    "x": [1, 2, 3, 4, 5, 6, 7, 9],
    "c": ["a", "b", "a", "b", "b", "a", "b", "a"],
}
ASKED = Question(treatment="t", outcome="y", causes=("x", "c"))


def test_files_tables_and_columns_give_the_same_design(tmp_path: Path) -> None:
    arrow = pa.table(TABLE)
    pq.write_table(arrow, tmp_path / "rows.parquet")
    lines = [",".join(TABLE), *(",".join(map(str, row)) for row in zip(*TABLE.values(), strict=True))]
    (tmp_path / "rows.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    wanted = design_of(TABLE, ASKED)
    for given_ in (arrow, tmp_path / "rows.csv", str(tmp_path / "rows.parquet")):
        found = design_of(given_, ASKED)
        assert np.array_equal(found.causes, wanted.causes)
        assert np.array_equal(found.outcome, wanted.outcome)
        assert found.names == wanted.names == ("x", "c=b")


def test_causes_are_scaled_and_text_becomes_indicators() -> None:
    design = design_of(TABLE, ASKED)
    assert np.allclose(design.causes.mean(axis=0), 0)
    assert np.allclose(design.causes.std(axis=0), 1)
    numbers = design_of(
        {**TABLE, "c": [0, 1, 2, 0, 1, 2, 0, 1]}, Question(treatment="t", outcome="y", categories=("c",), causes=("c",))
    )
    assert numbers.names == ("c=1", "c=2")
    assert design_of({**TABLE, "x": [3] * 8}, ASKED).names == ("c=b",)


@pytest.mark.parametrize(
    ("changed", "question", "error", "about"),
    [
        ({}, Question(treatment="t", outcome="z"), ColumnMissing, "z"),
        ({}, Question(treatment="t", outcome="y", causes=("w",)), ColumnMissing, "w"),
        ({}, Question(treatment="t", outcome="y", causes=("y",)), FactInvalid, "y"),
        ({"t": [0, 1, 2, 1, 0, 1, 0, 1]}, ASKED, RowInvalid, "t"),
        ({"t": [1] * 8}, ASKED, OneClass, "t"),
        ({"y": [1.0] * 8}, ASKED, OneClass, "y"),
        ({"y": ["1", "2", "", "3", "4", "5", "6", "7"]}, ASKED, RowInvalid, "y"),
        ({"x": [float("nan"), *range(7)]}, ASKED, RowInvalid, "x"),
        ({"y": ["1", "2", "three", "3", "4", "5", "6", "7"]}, ASKED, RowInvalid, "y"),
        ({"t": [0, 0, 0, 0, 0, 1, 1, 1]}, ASKED, SplitTooSmall, "t"),
        ({"y": [1.0]}, ASKED, RowInvalid, "table"),
        ({name: [] for name in TABLE}, ASKED, DataEmpty, "table"),
    ],
)
def test_what_cannot_be_used_is_named(
    changed: dict[str, list[Any]], question: Question, error: type[ProveoutError], about: str
) -> None:
    with pytest.raises(error) as raised:
        design_of({**TABLE, **changed}, question)
    assert raised.value.about == about
    assert raised.value.why
    assert raised.value.fix


def test_no_table_is_refused() -> None:
    with pytest.raises(RowInvalid, match="not a table"):
        columns_of(3)


def test_the_graph_chooses_what_to_adjust_for() -> None:
    edges = (("x", "t"), ("x", "y"), ("t", "m"), ("m", "y"), ("t", "y"))
    table = {**TABLE, "m": [0, 1, 0, 1, 1, 1, 0, 1]}
    assert design_of(table, Question(treatment="t", outcome="y", edges=edges)).names == ("x",)
    hidden = (("u", "t"), ("u", "y"), ("t", "y"))
    with pytest.raises(GraphInvalid, match="does not identify"):
        design_of(TABLE, Question(treatment="t", outcome="y", edges=hidden))
    with pytest.raises(GraphInvalid, match="not in it"):
        design_of(TABLE, Question(treatment="t", outcome="q", edges=hidden))


def test_an_instrument_must_be_one() -> None:
    edges = (("x", "t"), ("u", "t"), ("u", "y"), ("t", "y"))
    ok = Question(treatment="t", outcome="y", edges=edges, instruments=("x",))
    assert design_of(TABLE, ok).instruments.shape == (8, 1)
    for wrong in ((*edges, ("x", "y")), edges[1:]):
        with pytest.raises(GraphInvalid):
            design_of(TABLE, Question(treatment="t", outcome="y", edges=wrong, instruments=("x",)))


values = st.one_of(st.none(), st.integers(-3, 3), st.floats(), st.text(max_size=3), st.booleans())


@settings(max_examples=60)
@given(st.dictionaries(st.sampled_from("tyxc"), st.lists(values, max_size=12), max_size=4))
def test_any_table_gives_a_design_or_an_error_of_ours(table: dict[str, list[Any]]) -> None:
    try:
        design = design_of(table, ASKED)
    except ProveoutError as error:
        assert error.why
        assert error.fix
    else:
        assert np.isfinite(design.causes).all()
        assert np.isfinite(design.outcome).all()
