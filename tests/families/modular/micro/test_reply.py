from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.errors import TaskInvalid
from proveout.families.modular.micro import BuiltMicro, Known
from proveout.families.modular.micro._reply import parse_templates

Build = Callable[..., BuiltMicro]
VALUES = {"price": Known(type="money", optional=True), "name": Known(), "day": Known(type="date")}
TEXT = """
[replies.approve]
text = "Dear {name}, we refund {price} on {day:long}. {{thanks}}"
missing = { price = "the price" }
[replies."*"]
text = "Please wait, {name}."
"""


def reply(make: Build, text: str = TEXT, **parameters: Any) -> BuiltMicro:
    known = {name: {"type": one.type, "optional": one.optional} for name, one in VALUES.items()}
    return make("reply", parameters={"templates": text, "labels": ["approve"], "values": known, **parameters})


def test_placeholders_are_filled(make: Build) -> None:
    model = reply(make).model
    given = {"name": "Ann", "price": 24.5, "day": "2026-01-31", "other": [1]}
    found = model("approve", given)
    assert found.text == "Dear Ann, we refund 24.50 on 31 January 2026. {thanks}"
    assert (found.template, found.missing) == ("approve", ())
    assert model("nonsense", {"name": "Ann"}).template == "*"


def test_a_fallback_stands_for_a_value_that_is_missing_or_of_another_type(make: Build) -> None:
    model = reply(make).model
    for wrong in ({}, {"price": None}, {"price": "a lot"}, {"price": True}, {"price": [1]}):
        found = model("approve", {"name": "Ann", "day": "2026-01-31", **wrong})
        assert "we refund the price on" in found.text
        assert found.missing == ("price",)


def test_a_value_that_must_be_there_is_asked_for(make: Build) -> None:
    with pytest.raises(TaskInvalid, match="name is None"):
        reply(make).model("approve", {"day": "2026-01-31"})
    with pytest.raises(TaskInvalid, match="day is 'soon'"):
        reply(make).model("approve", {"name": "Ann", "day": "soon"})


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ('replies.a.text = "{nobody}"', "no value is called 'nobody'"),
        ('replies.a.text = "{name.__class__}"', "no plain name"),
        ('replies.a.text = "{name[0]}"', "no plain name"),
        ('replies.a.text = "{0}"', "no plain name"),
        ('replies.a.text = "{}"', "no plain name"),
        ('replies.a.text = "{name!r}"', "no plain name"),
        ('replies.a.text = "{name + name}"', "no plain name"),
        ('replies.a.text = "{name:>1000000}"', "cannot be written as '>1000000'"),
        ('replies.a.text = "{name:{name}}"', "cannot be written as"),
        ('replies.a.text = "{day:money}"', "of type date, which cannot be written as 'money'"),
        ('replies.a.text = "{price}"', "price may be missing"),
        ('replies.a = {text = "{name}", missing = {day = "x"}}', "day is not in the text"),
        ('replies.a.text = "{name"', "brace"),
        ('replies.a.text = "name}"', "brace"),
        ("replies.a.text = 3", "Expected `str`"),
        ("replies.a.txt = 'x'", "unknown field"),
        ("replies = [", "cannot be read"),
        ("", "missing required field `replies`"),
    ],
)
def test_wrong_templates_are_refused(text: str, match: str) -> None:
    with pytest.raises(TaskInvalid, match=match):
        parse_templates(text, VALUES)


def test_every_label_has_a_reply_and_every_reply_a_label(make: Build) -> None:
    only = 'replies.approve.text = "Yes, {name}."'
    with pytest.raises(TaskInvalid, match="no template is for 'refuse'"):
        reply(make, only, labels=["approve", "refuse"])
    with pytest.raises(TaskInvalid, match="no label is 'approve'"):
        reply(make, only + '\nreplies."*".text = "No."', labels=["refuse"])
    with pytest.raises(TaskInvalid, match="no template is for 'refuse'"):
        reply(make, only).model("refuse", {})


@given(st.text(max_size=40))
def test_what_a_value_holds_is_text_and_never_a_template(make_reply: Any, value: str) -> None:
    found = make_reply("x", {"name": value})
    assert found.text == (f"<{value}>" if value.strip() else "<nobody>")


@pytest.fixture(scope="module")
def make_reply() -> Any:
    from proveout.families.modular.micro._reply import ReplyModel, _State  # noqa: PLC0415  private to this test

    values = {"name": Known(optional=True)}
    text = 'replies.x = {text = "<{name}>", missing = {name = "nobody"}}'
    return ReplyModel(_State(templates=parse_templates(text, values), values=values))


@given(st.text(alphabet="{}a.[]!:0 _$", max_size=12))
def test_no_template_does_more_than_show_a_known_value(text: str) -> None:
    quoted = "replies.x.text = '''" + text + "'''"
    try:
        found = parse_templates(quoted, {"a": Known()})["x"]
    except TaskInvalid:
        return
    assert all(piece.kind == "literal" or piece.text == "a" for piece in found.pieces)
