from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.errors import WorkflowInvalid
from proveout.families.modular.graph._input_types import TYPES, parse_type, type_text

texts = st.recursive(
    st.sampled_from(list(TYPES)),
    lambda inner: st.one_of(
        inner.map("list[{}]".format),
        inner.map("dict[str, {}]".format),
        inner.filter(lambda text: text != "any" and not text.endswith("?")).map("{}?".format),
    ),
    max_leaves=4,
)


@given(texts)
def test_a_type_is_written_as_it_was_read(text: str) -> None:
    assert type_text(parse_type(text, "g"), "g") == text.replace("dict[str, any]", "object")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("str", str),
        (" int ? ", int | None),
        ("list[ date ]", list[date]),
        ("dict[str,list[datetime]]", dict[str, list[datetime]]),
        ("object?", dict[str, Any] | None),
        ("any", Any),
    ],
)
def test_types(text: str, expected: Any) -> None:
    assert parse_type(text, "g") == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "strng",
        "list",
        "list[]",
        "list[x]",
        "dict[int, str]",
        "?",
        "one | two",
        "list[" * 20,
        "list[" * 9 + "str" + "]" * 9,
    ],
)
def test_what_is_no_type(text: str) -> None:
    with pytest.raises(WorkflowInvalid) as caught:
        parse_type(text, "desk.toml: takes.x")
    message = str(caught.value)
    assert message.startswith(f"desk.toml: takes.x: no such type: {text!r:.60}. Next: ")
    assert "write one of str, int, float, bool, date, datetime, object, any, list[...] or dict[str, ...]" in message
    assert ("did you mean 'str'?" in message) == (text == "strng")


@given(st.text(alphabet="lisdctr[],? any", max_size=40))
def test_any_text_is_a_type_or_an_error_of_ours(text: str) -> None:
    try:
        parse_type(text, "g")
    except WorkflowInvalid as error:
        assert error.what == "no such type"


@pytest.mark.parametrize("of", [Literal["a"], bytes, int | str, dict[int, str], tuple[int, ...]])
def test_a_type_without_a_name(of: Any) -> None:
    with pytest.raises(WorkflowInvalid, match="g: a type has no name in TOML") as caught:
        type_text(of, "g")
    assert "let a step make more of it" in str(caught.value)
