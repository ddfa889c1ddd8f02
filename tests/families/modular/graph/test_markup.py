from __future__ import annotations

from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from proveout.families.modular.graph._markup import cut, tag, wide


@given(st.text(), st.text())
def test_any_text_is_escaped_and_well_formed(content: str, attribute: str) -> None:
    read = ET.fromstring(str(tag("text", content, data_x=attribute)))  # noqa: S314  our own output
    assert len(read) == 0
    if content.isprintable() and content.isascii():
        assert (read.text or "") == content


def test_markup_is_not_escaped_again() -> None:
    assert str(tag("g", tag("text", "<&"), id="a")) == '<g id="a"><text>&lt;&amp;</text></g>'


def test_what_xml_cannot_hold_is_replaced() -> None:
    assert "\ufffd\ufffd" in str(tag("text", "\x00\ud800"))


@given(st.text(), st.integers(1, 30))
def test_a_cut_text_is_one_line_and_no_longer(text: str, most: int) -> None:
    found = cut(text, most)
    assert len(found) <= most
    assert "\n" not in found


def test_letters_of_cjk_are_wider() -> None:
    assert wide("日本", 10) > 1.5 * wide("ab", 10)
