"""Real processes: start, reload, two workers, drain under load, kills of a worker and of the supervisor."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

Start = Callable[..., Any]


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def until(holds: Callable[[], bool], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def has_keys(server: Any, count: int) -> bool:
    return len(server.post()[1]["keys"]) == count


def figures(server: Any) -> bytes:
    status, found = server.get("/metrics")
    assert status == 200
    return bytes(found)


def test_a_server_answers_records_and_ends_with_0(start: Start) -> None:
    server = start()
    status, said = server.post()
    assert status == 200
    assert server.get("/healthz") == (200, {"status": "ok", "configuration": said["digest"]})
    status, ready = server.get("/readyz")
    assert (status, ready["configuration"], ready["ledger_writable"]) == (200, said["digest"], True)
    assert server.serving["configuration"] == said["digest"]
    until(lambda: b'proveout_requests_total{model="m",route="",status="200",task="",tier=""} 1.0' in figures(server))
    assert b"proveout_workers 1.0" in figures(server)
    assert server.call("POST", "/readyz", None)[0] == 405
    assert server.end() == 0
    assert server.recorded() == [said["id"]]


def test_a_change_of_the_settings_or_keys_is_in_force_in_all_workers_and_drops_nothing(
    start: Start, load: Callable[..., Any]
) -> None:
    server = start(workers=2)
    first = server.serving["configuration"]
    with load(server.port) as under_load:
        for number in range(3):
            server.settings(f"[server]\nidle_seconds = {60 + number}.0\n")
            server.create_key(f"key-{number}")
            until(partial(has_keys, server, number + 1))
            server.signal(signal.SIGHUP)
        until(lambda: len({server.get("/readyz")[1]["configuration"] for _ in range(20)}) == 1)
        last = server.get("/readyz")[1]["configuration"]
        until(lambda: under_load.answers[-1]["digest"] == last)
    assert set(under_load.statuses) == {200}
    assert (under_load.dropped, under_load.refused) == (0, 0)
    assert last != first
    assert server.end() == 0
    assert {answer["id"] for answer in under_load.answers} <= set(server.recorded())
    assert server.entries("key.created") == 3


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[server]\nidle_secnds = 3", "did you mean 'idle_seconds'?"),
        ("[tiers.unusable]", "it is unusable"),
        ("not TOML", "not a TOML file"),
    ],
)
def test_what_is_not_valid_leaves_the_old_in_force_and_is_told(start: Start, text: str, words: str) -> None:
    server = start(workers=2)
    first = server.serving["configuration"]
    server.settings(text)
    server.wait_for(words)
    assert server.said(f"Until then {first} stays in force.")
    assert {server.post()[1]["digest"] for _ in range(20)} == {first}
    server.settings("[server]\nidle_seconds = 61.0\n")
    until(lambda: server.post()[1]["digest"] != first)
    assert server.end() == 0


def test_what_is_not_valid_at_the_start_ends_it(start: Start) -> None:
    server = start(settings="[tiers.unusable]")
    assert server.process.wait(10) == 3
    assert server.said("it is unusable")


def test_draining_finishes_what_is_under_way_and_loses_no_record(start: Start, load: Callable[..., Any]) -> None:
    server = start(workers=2)
    with load(server.port, 16, b'{"seconds": 0.02}') as under_load, load(server.port, 2, b'{"seconds": 0.6}') as slow:
        server.signal(signal.SIGTERM)
        time.sleep(0.1)
        status, ready = server.get("/readyz")
        assert (status, ready["why"]) == (503, ["draining"])
        assert server.post()[0] == 503
        assert server.process.wait(10) == 0
    answers = under_load.answers + slow.answers
    assert set(under_load.statuses) | set(slow.statuses) <= {200, 503}
    assert slow.answers
    assert (under_load.dropped, slow.dropped) == (0, 0)
    assert set(server.recorded()) == {answer["id"] for answer in answers}


def test_what_takes_longer_than_draining_may_is_cancelled(start: Start, load: Callable[..., Any]) -> None:
    server = start(settings="[server]\ndrain_seconds = 0.3\n")
    connection = socket.create_connection(("127.0.0.1", server.port))
    connection.sendall(b'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 15\r\n\r\n{"seconds": 60}')
    time.sleep(0.1)
    begun = time.monotonic()
    assert server.end() == 0
    assert time.monotonic() - begun < 5
    connection.close()


def test_a_second_signal_ends_at_once_and_the_next_start_has_the_records(start: Start) -> None:
    server = start()
    said = [server.post()[1]["id"] for _ in range(5)]
    connection = socket.create_connection(("127.0.0.1", server.port))
    connection.sendall(b'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 15\r\n\r\n{"seconds": 60}')
    time.sleep(0.1)
    server.signal(signal.SIGTERM)
    time.sleep(0.2)
    assert server.process.poll() is None
    server.signal(signal.SIGINT)
    assert server.process.wait(5) == 130
    connection.close()
    until(lambda: not any(map(alive, server.serving["workers"])))
    again = start()
    assert again.end() == 0
    assert again.recorded() == said


def test_a_worker_that_is_killed_is_replaced_and_its_records_are_kept(start: Start, load: Callable[..., Any]) -> None:
    server = start(workers=2)
    with load(server.port) as under_load:
        os.kill(server.serving["workers"][0], signal.SIGKILL)
        server.wait_for("worker 0 ended (SIGKILL); another takes its place.")
        until(lambda: len(server.workers()) == 2)
    assert set(under_load.statuses) == {200}
    assert server.end() == 0
    assert {answer["id"] for answer in under_load.answers} <= set(server.recorded())


def test_the_only_worker_dies_and_connections_wait_for_the_next(start: Start) -> None:
    server = start()
    first = server.post()[1]["worker"]
    os.kill(first, signal.SIGKILL)
    status, said = server.post()
    assert status == 200
    assert said["worker"] != first
    assert server.end() == 0


def test_workers_end_when_their_supervisor_is_killed_and_nothing_answered_is_lost(
    start: Start, load: Callable[..., Any]
) -> None:
    server = start(workers=2)
    with load(server.port) as under_load:
        until(lambda: len(under_load.answers) > 200)
        server.signal(signal.SIGKILL)
        server.process.wait()
        until(lambda: not any(map(alive, server.serving["workers"])), 3.0)
    again = start()
    assert again.end() == 0
    recorded = again.recorded()
    assert {answer["id"] for answer in under_load.answers} <= set(recorded)
    assert len(recorded) == len(set(recorded))


def test_a_second_gateway_with_the_same_home_is_refused(start: Start) -> None:
    start()
    second = start()
    assert second.process.wait(15) == 5


def test_a_worker_that_a_service_manager_signals_goes_on(start: Start) -> None:
    server = start()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        os.kill(server.serving["workers"][0], number)
    assert server.post()[1]["worker"] == server.serving["workers"][0]
    assert server.end() == 0
