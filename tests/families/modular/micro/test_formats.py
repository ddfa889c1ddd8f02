from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.families.modular.micro._formats import FORMATS, ValueType, written


@pytest.mark.parametrize(
    ("kind", "form", "value", "text"),
    [
        ("text", "words", "changed_mind", "changed mind"),
        ("text", "upper", "abc", "ABC"),
        ("number", "", 3.0, "3"),
        ("number", "", "49/2", "24.5"),
        ("number", "0", 1234.5, "1,234"),
        ("number", "percent", 0.25, "25 %"),
        ("money", "", "24.99", "24.99"),
        ("money", "0", 1299, "1,299"),
        ("date", "", date(2026, 1, 31), "2026-01-31"),
        ("boolean", "", False, "no"),
        ("boolean", "", 0, None),
        ("number", "", True, None),
        ("date", "", "31.1.2026", None),
        ("text", "", "  ", None),
        ("text", "", 3, None),
    ],
)
def test_values_as_text(kind: ValueType, form: str, value: Any, text: str | None) -> None:
    assert written(kind, form, value) == text


JSON = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.lists(st.integers(), max_size=2)
)


@given(JSON, st.sampled_from(sorted(FORMATS)))
def test_no_value_breaks_a_format(value: Any, kind: ValueType) -> None:
    for form in FORMATS[kind]:
        assert isinstance(written(kind, form, value), str | None)
