from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proveout.errors import DecisionModelInvalid
from proveout.families.symbolic.dmn import load_dmn
from proveout.families.symbolic.dmn._markup import read_markup

SPACE = "https://www.omg.org/spec/DMN/20191111/MODEL/"
LAUGHS = (
    f'<!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><definitions xmlns="{SPACE}" name="&b;"></definitions>'
).encode()
OUTSIDE = b'<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/hostname">]><definitions>&x;</definitions>'
TAGS = ["decision", "inputData", "decisionTable", "input", "output", "rule", "context", "variable", "literalExpression"]
TAGS += ["text", "inputEntry", "outputEntry", "itemDefinition", "for", "list", "invocation", "functionDefinition"]
attributes = st.dictionaries(
    st.sampled_from(["name", "id", "href", "typeRef", "hitPolicy", "kind", "isCollection"]),
    st.sampled_from(["a", "b", "#a", "UNIQUE", "number", "true", "", "Java"]),
    max_size=3,
)


def written(tag: str, given_attributes: dict[str, str], children: list[str]) -> str:
    shown = "".join(f' {name}="{value}"' for name, value in given_attributes.items())
    return f"<{tag}{shown}>{''.join(children)}</{tag}>"


leaves = st.sampled_from(["", "1", "&lt; 5", '"a"', "a +", "x"])
elements = st.recursive(
    leaves,
    lambda inner: st.builds(written, st.sampled_from(TAGS), attributes, st.lists(inner, max_size=4)),
    max_leaves=25,
)


@pytest.mark.parametrize(
    "data",
    [
        LAUGHS,
        OUTSIDE,
        b"<!DOCTYPE definitions><definitions/>",
        b'<!DOCTYPE definitions SYSTEM "http://localhost/x.dtd"><definitions/>',
        b"",
        b"<a>",
        b"<a></b>",
        b"<a>&unknown;</a>",
        b"<a>\xff</a>",
        b'<?xml version="1.0" encoding="no-such"?><a/>',
        b"<a>" * 500,
        b"<a xmlns:x='urn:x'><y:b/></a>",
    ],
)
def test_what_is_hostile_or_broken_is_refused(data: bytes) -> None:
    with pytest.raises(DecisionModelInvalid):
        read_markup(data, "here")


def test_a_text_that_is_too_large_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proveout.families.symbolic.dmn._markup.LARGEST", 10)
    with pytest.raises(DecisionModelInvalid, match="bytes"):
        read_markup(b"<a>12345678</a>", "here")


def test_elements_keep_names_attributes_and_text() -> None:
    root = read_markup(b'<a xmlns="urn:x" xmlns:q="urn:q" k="v" q:other="w"><b> t </b><q:b>no</q:b><c/></a>', "here")
    assert (root.name, root.space, root.attributes) == ("a", "urn:x", {"k": "v"})
    assert [one.text for one in root.all("b")] == ["t"]
    assert root.first("d") is None


@settings(max_examples=300)
@given(st.binary(max_size=200))
def test_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        load_dmn(data)
    except DecisionModelInvalid as refused:
        assert refused.why


@settings(max_examples=300)
@given(st.lists(elements, max_size=5))
def test_elements_in_any_order_are_read_or_refused(parts: list[str]) -> None:
    text = f'<definitions xmlns="{SPACE}" name="m">{"".join(parts)}</definitions>'
    try:
        load_dmn(text.encode())
    except DecisionModelInvalid as refused:
        assert refused.why
