from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.errors import PolicyInvalid
from proveout.families.symbolic.policy._read_yaml import MOST_BYTES, Node, read_json_tree, read_yaml


def plain(node: Node) -> Any:
    if isinstance(node.value, dict):
        return {key: plain(value) for key, value in node.value.items()}
    return [plain(item) for item in node.value] if isinstance(node.value, list) else node.value


@pytest.mark.parametrize(
    ("scalar", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("Yes", "Yes"),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("none", "none"),
        ("2026-01-31", "2026-01-31"),
        ("12:30:45", "12:30:45"),
        ("007", 7),
        ("0x1F", "0x1F"),
        ("0o17", "0o17"),
        ("1_000", "1_000"),
        ("-3", -3),
        ("24.50", Fraction(49, 2)),
        ("1e3", 1000),
        (".nan", ".nan"),
        (".inf", ".inf"),
        ("'true'", "true"),
        ('"12"', "12"),
        ("<<", "<<"),
    ],
)
def test_scalars_are_not_guessed(scalar: str, value: object) -> None:
    found = plain(read_yaml(f"key: {scalar}", "here"))["key"]
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "why", "line"),
    [
        ("a: !!python/object/apply:os.system ['true']", "the tag", 1),
        ("a: 1\nb: !mine 2", "the tag", 2),
        ("a: !!str 2", "the tag", 1),
        ("a: &x [1]\nb: *x", "an anchor", 1),
        ("a: 1\n\nb: *x", "alias", 3),
        ("a: 1\na: 2", "twice", 2),
        ("a: {b: 1, b: 2}", "twice", 1),
        ("? [a, b]\n: 1", "a key", 1),
        ("- a\n- b", "not a mapping", 1),
        ("just text", "not a mapping", 1),
        ("", "not a mapping", 0),
        ("a: 1\n---\nb: 2", "a second document", 3),
        ("a: [1", "expected", 1),
        ("a: 'x", "end of stream", 1),
        ("\tb: 1", "token", 1),
        ("a: 1\n\x07", "control characters", 0),
        (f"a: {'[' * 60}{']' * 60}", "nesting", 1),
        (f"a: 1\nb: {'9' * 500}", "a number of 500 digits", 2),
    ],
)
def test_what_is_not_plain_is_refused_with_its_line(text: str, why: str, line: int) -> None:
    with pytest.raises(PolicyInvalid) as caught:
        read_yaml(text, "policy.yaml")
    assert why in str(caught.value)
    assert not line or caught.value.about in {f"policy.yaml:{line}", f"policy.yaml:{line + 1}"}


def test_an_alias_bomb_is_refused_before_it_grows() -> None:
    lines = ["a0: &a0 [x, x]"] + [f"a{at}: &a{at} [{', '.join([f'*a{at - 1}'] * 10)}]" for at in range(1, 12)]
    with pytest.raises(PolicyInvalid, match="anchor"):
        read_yaml("\n".join(lines), "bomb")


def test_deep_nesting_is_refused_without_recursion() -> None:
    with pytest.raises(PolicyInvalid, match="nesting"):
        read_yaml("a: " + "[" * 100_000, "deep")
    with pytest.raises(PolicyInvalid):
        read_yaml("a: " + "{a: " * 100_000, "deep")


def test_too_large_and_not_utf8() -> None:
    with pytest.raises(PolicyInvalid, match="bytes"):
        read_yaml("a: " + "x" * MOST_BYTES, "large")
    with pytest.raises(PolicyInvalid, match="not UTF-8") as caught:
        read_yaml(b"a: 1\nb: \xff", "latin")
    assert caught.value.about == "latin:2"
    with pytest.raises(PolicyInvalid):
        read_yaml("a: '\ud800'", "surrogate")
    with pytest.raises(PolicyInvalid):
        read_yaml(b"\xff\xfea\x00:\x00 \x001\x00", "utf-16")


@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
    | st.text("abc:-[]{},&*!|>'\"%@`#? \n\t01.~", max_size=60)
)
def test_any_text_is_read_or_refused(text: str) -> None:
    for content in (text, f"a: {text}"):
        try:
            assert isinstance(read_yaml(content, "fuzz").value, dict)
        except PolicyInvalid as error:
            assert error.what
            assert error.why
            assert error.fix


@given(st.binary(max_size=40))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    try:
        read_yaml(b"a: " + content, "fuzz")
    except PolicyInvalid as error:
        assert error.about.startswith("fuzz")


def test_json_makes_the_same_tree() -> None:
    value = {"a": [1, "x", True, None], "b": {"c": "24.5"}}
    assert plain(read_json_tree(value)) == plain(read_yaml('{a: [1, x, true, null], b: {c: "24.5"}}', "here")) == value
