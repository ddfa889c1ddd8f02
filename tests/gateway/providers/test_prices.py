"""Prices that are looked up beside the requests."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Sequence

import msgspec
import pytest

from proveout.gateway.providers import _prices
from proveout.gateway.providers._prices import PENDING, Priced, PriceList, look_up, look_up_apart
from proveout.task import Prices

ONE = Prices(usd_per_million_in=1.0, usd_per_million_out=2.0, source="a list")
A, B = Priced("https://a.example/v1", "a"), Priced("https://a.example/v1", "b")


class Slow:
    """Looks up when it is told to."""

    def __init__(self) -> None:
        self.asked: list[list[Priced]] = []
        self.runs: list[Callable[[], None]] = []
        self.prices = PriceList(self.find, self.runs.append)

    def find(self, asked: Sequence[Priced]) -> list[Prices]:
        self.asked.append(list(asked))
        return [ONE] * len(asked)


def test_a_price_is_unknown_until_it_was_looked_up_and_nobody_waits() -> None:
    slow = Slow()
    assert slow.prices.of(A) is PENDING
    assert PENDING.unknown
    assert slow.prices.of(A) is PENDING
    assert slow.prices.of(B) is PENDING
    assert len(slow.runs) == 1, "one process at a time"
    slow.runs.pop()()
    assert slow.asked == [[A, B]]
    assert slow.prices.of(A) == slow.prices.of(B) == ONE
    assert slow.prices.of(Priced("https://b.example/v1", "a")) is PENDING
    assert len(slow.runs) == 1


def test_what_comes_while_it_looks_up_is_looked_up_next() -> None:
    more: list[Priced] = [B]
    slow = Slow()

    def find(asked: Sequence[Priced]) -> list[Prices]:
        while more:
            slow.prices.of(more.pop())
        return slow.find(asked)

    slow.prices = PriceList(find, slow.runs.append)
    slow.prices.of(A)
    slow.runs.pop()()
    assert slow.asked == [[A], [B]]
    assert slow.runs == []


def test_stated_prices_are_there_at_once() -> None:
    slow = Slow()
    assert slow.prices.of(Priced("https://a.example/v1", "a", 1.0, 0.0)).usd(1_000_000, 5) == 1.0
    assert slow.runs == []
    slow.prices.of(Priced("https://a.example/v1", "a", 1.0, None))
    assert len(slow.runs) == 1


@pytest.mark.parametrize(
    "error", [OSError("no more processes"), subprocess.TimeoutExpired("python", 30), msgspec.DecodeError("cut")]
)
def test_a_price_that_cannot_be_looked_up_stays_unknown(error: Exception) -> None:
    def find(_asked: Sequence[Priced]) -> list[Prices]:
        raise error

    prices = PriceList(find, lambda run: run())
    assert str(error) in prices.of(A).unknown
    assert prices.of(A) is not PENDING


def test_what_clients_name_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_prices, "MOST_PRICES", 10)
    slow = Slow()
    for number in range(100):
        slow.prices.of(Priced("https://a.example/v1", str(number)))
        slow.runs and slow.runs.pop()()
    assert len(slow.prices._known) <= 10


def test_the_process_says_what_is_found_here() -> None:
    asked = [Priced("https://api.openai.com/v1", "gpt-4o-mini"), Priced("https://nobody.example/v1", "m")]
    assert look_up_apart(asked) == look_up(asked)


def test_by_default_a_thread_looks_up() -> None:
    done = threading.Event()

    def find(asked: Sequence[Priced]) -> list[Prices]:
        done.set()
        return [ONE] * len(asked)

    prices = PriceList(find)
    prices.of(A)
    assert done.wait(5)
