from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from threading import Event as Signal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proveout.errors import DiskFull, EventInvalid, HandlerStuck
from proveout.events import EventDead, EventHandled, EventsReceived, EventsSkipped, FieldRule, GateSpec, savings
from proveout.task import Answer, Usage

from .conftest import Bench, MakeBench, at, make_event, trigger

GATE = GateSpec(fields=(FieldRule(path="data.t", absolute=1.0),))


def test_what_changed_is_answered_and_the_rest_stands_on_an_answer(make_bench: MakeBench) -> None:
    bench = make_bench(trigger(gate=GATE, inputs={"text": "data.t"}))
    bench.send(*(make_event(n, {"t": t}) for n, t in enumerate([10, 10.5, 10.9, 11.5, 11.6])))
    assert bench.drain() == {"handled": 2, "unchanged": 3}
    assert [(event, inputs) for event, inputs, _ in bench.calls] == [("0", {"text": 10}), ("3", {"text": 11.5})]
    keys = [key for _, _, key in bench.calls]
    (skipped,) = bench.entries(EventsSkipped.kind)
    assert isinstance(skipped, EventsSkipped)
    assert skipped.stands == (keys[0], keys[0], keys[1])
    handled = bench.entries(EventHandled.kind)
    assert [(one.key, one.verdict) for one in handled if isinstance(one, EventHandled)] == [
        (keys[0], "first"),
        (keys[1], "changed data.t"),
    ]
    (received,) = bench.entries(EventsReceived.kind)
    assert isinstance(received, EventsReceived)
    assert (received.first, received.last, received.via) == (1, 5, {"test": 5})
    assert bench.inbox.standing("rain", "hall") == {"answered": "3"}


def test_gates_survive_a_restart(make_bench: MakeBench) -> None:
    bench = make_bench(trigger(gate=GATE))
    bench.send(make_event(1, {"t": 10}))
    bench.drain()
    bench.restart()
    bench.send(make_event(2, {"t": 10.5}), make_event(3, {"t": 12}))
    assert bench.drain() == {"handled": 1, "unchanged": 1}
    assert bench.handled == ["1", "3"]


def test_forgotten_contexts_are_forgotten_on_disk_too(make_bench: MakeBench) -> None:
    bench = make_bench(trigger(gate=GateSpec(fields=GATE.fields, max_keys=2)))
    for key in "abc":
        bench.send(make_event(key, {"t": 1}, subject=key))
        bench.drain()
        bench.clock.advance(seconds=1)
    assert [key for key, _ in bench.inbox.gate("rain", 10)] == ["b", "c"]


def test_a_poisoned_event_ends_among_the_dead_and_blocks_nobody(make_bench: MakeBench) -> None:
    def handler(event: Any, inputs: Any, key: str) -> Any:
        del inputs, key
        if event.id == "poison":
            raise ZeroDivisionError("no")
        return event.id

    bench = make_bench(trigger(attempts=3, backoff_seconds=10), handler=handler)
    bench.send(make_event("poison"), make_event("good"))
    assert dict(bench.worker.drain()) == {"retry": 1, "handled": 1}
    begun = bench.clock.wall()
    assert bench.drain() == {"retry": 1, "dead": 1}
    assert (bench.clock.wall() - begun) / 1e9 == 30
    (dead,) = bench.entries(EventDead.kind)
    assert isinstance(dead, EventDead)
    assert (dead.reason, dead.attempts) == ("ZeroDivisionError: no", 3)


def test_an_event_that_lacks_a_field_is_not_tried_twice(make_bench: MakeBench) -> None:
    def handler(event: Any, inputs: Any, key: str) -> Any:
        del inputs, key
        raise EventInvalid("no", why="never", fix="mend it", about=event.id)

    bench = make_bench(handler=handler)
    bench.send(make_event(1))
    assert bench.drain() == {"dead": 1}


def test_a_result_that_is_no_json_is_a_failure(make_bench: MakeBench) -> None:
    bench = make_bench(trigger(attempts=1), handler=lambda *_: object())
    bench.send(make_event(1))
    assert bench.drain() == {"dead": 1}
    assert "TypeError" in bench.inbox.dead()[0][1]


def test_a_handler_that_hangs_is_left_behind(make_bench: MakeBench) -> None:
    release = Signal()

    def handler(event: Any, inputs: Any, key: str) -> Any:
        del inputs, key
        return release.wait(10) if event.id == "hang" else event.id

    bench = make_bench(trigger(attempts=1, timeout_seconds=0.02), handler=handler)
    bench.send(make_event("hang"), make_event("good"))
    assert bench.drain() == {"dead": 1, "handled": 1}
    assert "HandlerTimedOut" in bench.inbox.dead()[0][1]
    bench.send(*(make_event(n, type="weather.x") for n in range(3)))
    release.set()
    assert bench.drain() == {"handled": 3}


def test_too_many_hanging_calls_end_the_work(make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proveout.events._calls.MOST_ABANDONED", 2)
    release = Signal()
    bench = make_bench(trigger(attempts=1, timeout_seconds=0.01), handler=lambda *_: release.wait(10))
    bench.send(*(make_event(n) for n in range(3)))
    with pytest.raises(HandlerStuck):
        bench.drain()
    release.set()


def test_late_events_are_handled_by_themselves_or_put_aside(make_bench: MakeBench) -> None:
    for late, outcome in (("handle", "handled"), ("dead-letter", "dead")):
        bench = make_bench(trigger(order="time", late=late, gate=GATE))
        bench.send(make_event("new", {"t": 10}, time=at(5)))
        bench.drain()
        bench.send(make_event("old", {"t": 50}, time=at(1)))
        assert bench.drain() == {outcome: 1}
        bench.send(make_event("next", {"t": 10.2}, time=at(6)))
        assert bench.drain() == {"unchanged": 1}, "a late answer is not what later events are compared with"
    assert bench.inbox.dead()[0][1] == "a later event of its key was handled before it came"
    bench.inbox.requeue("dead")
    assert bench.drain() == {"handled": 1}


def test_only_the_last_of_those_that_wait_together_is_handled(make_bench: MakeBench) -> None:
    bench = make_bench(trigger(coalesce=True, debounce_seconds=5))
    for number in range(4):
        bench.send(make_event(number, subject="a"), make_event(f"b{number}", subject="b"))
        bench.clock.advance(seconds=1)
    assert bench.drain() == {"coalesced": 6, "handled": 2}
    assert bench.handled == ["3", "b3"]


def test_a_trigger_that_is_gone_leaves_dead_letters(make_bench: MakeBench) -> None:
    bench = make_bench()
    bench.send(make_event(1))
    bench.triggers = [trigger(name="other", types=("x",))]
    bench.restart()
    assert bench.drain() == {"dead": 1}


def test_a_full_disk_under_the_inbox_loses_nothing_and_repeats_no_effect(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make_bench(trigger(gate=GATE))
    bench.send(make_event(1, {"t": 10}))
    with monkeypatch.context() as patched:
        patched.setattr(bench.inbox, "finish", _full)
        with pytest.raises(DiskFull):
            bench.worker.step()
    bench.send(make_event(2, {"t": 10.5}))
    assert bench.drain() == {"unchanged": 1}
    assert bench.handled == ["1"]
    assert len(bench.entries(EventHandled.kind)) == 1


def test_a_full_disk_under_the_ledger_means_another_try_with_the_same_key(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make_bench(trigger(gate=GATE))
    bench.send(make_event(0, {"t": 50}))
    bench.drain()
    bench.send(make_event(1, {"t": 10}))
    with monkeypatch.context() as patched:
        patched.setattr(bench.ledger, "append_many", _full)
        with pytest.raises(DiskFull):
            bench.worker.step()
    assert bench.drain() == {"handled": 1}
    assert bench.handled == ["0", "1", "1"]
    assert len({key for _, _, key in bench.calls}) == 2
    _, entry = bench.entries(EventHandled.kind)
    assert isinstance(entry, EventHandled)
    assert entry.attempts == 2


def _full(*_arguments: Any, **_named: Any) -> Any:
    raise DiskFull("cannot write", why="no space is left", fix="free some", about="disk")


def test_a_clock_that_jumps_neither_hurries_nor_stalls(make_bench: MakeBench) -> None:
    for seconds in (-(10**6), 10**6):
        bench = make_bench(trigger(debounce_seconds=30))
        bench.worker.step()
        bench.send(make_event(1))
        bench.clock.jump(seconds=seconds)
        assert not bench.worker.step()
        bench.clock.advance(seconds=29)
        assert not bench.worker.step()
        bench.clock.advance(seconds=1)
        assert bench.worker.step() == {"handled": 1}


STEPS = st.lists(
    st.tuples(
        st.lists(st.integers(0, 12), max_size=5),
        st.sampled_from(["", "ledger", "inbox", "handler"]),
        st.booleans(),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_whatever_is_cut_short_every_event_has_one_effect(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[list[int], str, bool]]
) -> None:
    effects: dict[str, set[str]] = {}
    broken = [""]

    def handler(event: Any, inputs: Any, key: str) -> Any:
        del inputs
        if broken[0] == "handler" and len(effects) % 3 == 1:
            broken[0] = ""
            raise KeyboardInterrupt
        effects.setdefault(event.id, set()).add(key)
        return event.id

    bench = Bench(tmp_path_factory.mktemp("steps"), [trigger(attempts=100, backoff_seconds=0)], handler)
    for numbers, broken[0], restarted in steps:
        bench.send(*(make_event(number) for number in numbers))
        with pytest.MonkeyPatch.context() as patched:
            if broken[0] == "ledger":
                patched.setattr(bench.ledger, "append_many", _full)
            if broken[0] == "inbox":
                patched.setattr(bench.inbox, "finish", _full)
            with suppress(DiskFull, KeyboardInterrupt):
                bench.worker.step(limit=3)
        if restarted:
            bench.worker.close()
            bench.restart()
    broken[0] = ""
    bench.drain()
    sent = {str(number) for numbers, _, _ in steps for number in numbers}
    handled = [one.id for one in bench.entries(EventHandled.kind) if isinstance(one, EventHandled)]
    bench.close()
    assert sorted(handled) == sorted(sent)
    assert {event: len(keys) for event, keys in effects.items()} == dict.fromkeys(sent, 1)


def test_what_calls_cost_prices_what_was_avoided(make_bench: MakeBench) -> None:
    answer = Answer(output={"rain": "yes"}, usage=Usage(usd=0.5, cpu_seconds=36.0))
    bench = make_bench(trigger(gate=GATE), handler=lambda *_: answer)
    bench.send(*(make_event(n, {"t": 1}) for n in range(4)))
    bench.drain()
    (found,) = savings(bench.workspace)
    assert (found.calls, found.unchanged, found.avoided_share) == (1, 3, 0.75)
    assert (found.usd_saved, found.cpu_hours_saved) == (1.5, 0.03)
    assert bench.inbox.standing("rain", "hall")["output"] == {"rain": "yes"}


KILLED = """
import os, signal, sys
from contextlib import suppress
from pathlib import Path
sys.path.insert(0, sys.argv[2])
import conftest
root, when = Path(sys.argv[1]), sys.argv[3]

def handler(event, inputs, key):
    with (root / "effects").open("a") as effects:
        effects.write(f"{event.id} {key}\\n")
    if when == "handler" and event.id == "bad":
        os.kill(os.getpid(), signal.SIGKILL)
    return event.id

bench = conftest.Bench(root, [conftest.trigger(attempts=2)], handler)
if when == "ledger":
    bench.inbox.finish = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
print(dict(bench.worker.drain()))
bench.close()
"""


def run_killed(root: Path, when: str) -> int:
    command = [sys.executable, "-c", KILLED, str(root), str(Path(__file__).parent), when]
    return subprocess.run(command, check=False, env=os.environ, capture_output=True).returncode


def test_a_kill_between_handling_and_ticking_off_has_no_second_effect(make_bench: MakeBench) -> None:
    bench = make_bench()
    bench.send(make_event(1), make_event(2))
    bench.close()
    assert run_killed(bench.root, "ledger") == -signal.SIGKILL
    assert run_killed(bench.root, "never") == 0
    effects = (bench.root / "effects").read_text(encoding="utf-8").split()
    assert len(effects) == 4, "the ledger held both, so neither was handled again"
    assert len(bench.entries(EventHandled.kind)) == 2


def test_a_kill_in_the_handler_repeats_the_key_and_spares_the_others(make_bench: MakeBench) -> None:
    bench = make_bench()
    bench.send(make_event(1), make_event("bad"), make_event(3))
    bench.close()
    codes = [run_killed(bench.root, "handler") for _ in range(3)]
    assert codes == [-signal.SIGKILL, -signal.SIGKILL, 0]
    lines = (bench.root / "effects").read_text(encoding="utf-8").splitlines()
    assert [line.split()[0] for line in lines] == ["1", "bad", "1", "bad", "3"]
    assert len(set(lines)) == 3, "every try of an event has the same key"
    handled = bench.entries(EventHandled.kind)
    assert sorted(one.id for one in handled if isinstance(one, EventHandled)) == ["1", "3"]
    (dead,) = bench.entries(EventDead.kind)
    assert isinstance(dead, EventDead)
    assert "the process ended while handling it, 2 times" in dead.reason
