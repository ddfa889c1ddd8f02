from __future__ import annotations

from pathlib import Path

import pytest

from proveout.errors import EventInvalid, TriggerInvalid
from proveout.events import load_triggers
from proveout.events._trigger import input_reader
from proveout.task import load_task

from .conftest import make_event, trigger, write_triggers


def test_a_file_is_read_whole(folder: Path) -> None:
    write_triggers(
        folder,
        """
order = "time"
lateness_seconds = 30
gate.ttl_seconds = 3600
gate.fields = [{path = "data.t", absolute = 0.5}, {path = "data.text", distance = 0.1}]
options = {family = "distilled"}
""",
    )
    (found,) = load_triggers(folder, load_task(folder))
    assert found.gate is not None
    assert [rule.path for rule in found.gate.fields] == ["data.t", "data.text"]
    assert (found.order, found.lateness_seconds, found.options) == ("time", 30.0, {"family": "distilled"})


@pytest.mark.parametrize(
    ("extra", "why"),
    [
        ("colour = 1", "unknown key 'triggers.0.colour'"),
        ("debounce_second = 1", "did you mean 'debounce_seconds'?"),
        ("late = 'never'", "invalid enum value 'never'"),
        ("attempts = 0", "`int` >= 1"),
        ("key = 'body.x'", "'body.x' of trigger 'rain' is no path"),
        ("gate.fields = [{path = 'data..x'}]", "no path"),
        ("gate.fields = [{path = 'data.x', distance = 0.1, absolute = 1}]", "a distance and a tolerance"),
        ("debounce_seconds = -1", ">= 0"),
        ("[[triggers]]\nname = 'rain'\ntypes = ['x']\ninputs = {text = 'data'}", "two triggers are named 'rain'"),
        ("[[triggers]]\nname = 'b'\ntypes = ['x']", "does not map the required input 'text'"),
        ("[[triggers]]\nname = 'b'\ntypes = ['x']\ninputs = {text = 'data', y = 'data'}", "'y', which is no input"),
        ("x = [", "not a TOML file"),
    ],
)
def test_what_is_wrong_is_named(folder: Path, extra: str, why: str) -> None:
    write_triggers(folder, extra)
    with pytest.raises(TriggerInvalid) as raised:
        load_triggers(folder, load_task(folder))
    assert why in str(raised.value)
    assert "events.toml" in raised.value.about


def test_no_file_is_told_apart(folder: Path) -> None:
    (folder / "events.toml").unlink()
    with pytest.raises(TriggerInvalid, match=r"there is no events.toml"):
        load_triggers(folder, load_task(folder))


def test_types_and_sources_are_patterns() -> None:
    made = trigger(types=("order.*", "refund"), sources=("/shop/?",))
    assert made.matches(make_event(1, type="order.placed", source="/shop/1"))
    assert not made.matches(make_event(1, type="order.placed", source="/shop/12"))
    assert not made.matches(make_event(1, type="refunds", source="/shop/1"))


def test_a_required_input_must_be_there_and_others_may_be_left_out() -> None:
    read = input_reader(trigger(inputs={"text": "data.text", "zone": "data.zone"}), ("text",))
    assert read(make_event(1, {"text": "hi"})) == {"text": "hi"}
    with pytest.raises(EventInvalid, match=r"nothing at 'data.text'"):
        read(make_event(1, {"zone": "x"}))
