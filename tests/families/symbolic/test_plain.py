from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.errors import PolicyInvalid
from proveout.families.symbolic._plain import plain_yaml, table


@pytest.mark.parametrize(
    "content",
    [
        b"a: &x 1\nb: *x",
        b"a: 1\na: 2",
        b"a: {b: 1, b: 2}",
        b"a: !!python/object:os.system 1",
        b"a: [",
        b"\x00",
        b"[" * 5000,
        b"a: " + b"x" * 1_000_001,
    ],
    ids=["alias", "twice", "twice inside", "tag", "open", "control", "deep", "large"],
)
def test_what_is_not_plain_is_refused(content: bytes) -> None:
    with pytest.raises(PolicyInvalid, match=r"x\.yaml"):
        plain_yaml(content, "x.yaml")


@given(st.binary(max_size=60) | st.text("a:[]{}&*!|- \n1", max_size=60).map(str.encode))
def test_any_bytes_are_yaml_or_an_error_of_ours(content: bytes) -> None:
    try:
        plain_yaml(content, "x.yaml")
    except PolicyInvalid as error:
        assert error.why


def test_an_unknown_key_names_the_nearest() -> None:
    with pytest.raises(PolicyInvalid, match="did you mean 'facts'"):
        table({"fact": 1}, ["facts", "version"], "the file", "x.yaml")
    with pytest.raises(PolicyInvalid, match="no mapping"):
        table([1], ["facts"], "the file", "x.yaml")
