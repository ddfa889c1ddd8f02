"""Prices of models, looked up where no request waits for it, and where the memory that it takes is given back."""

from __future__ import annotations

import subprocess
import sys
from threading import Lock, Thread
from typing import TYPE_CHECKING

import msgspec

from proveout.task import Incumbent, Prices, prices_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["PENDING", "PriceList", "Priced", "look_up", "look_up_apart"]

MODULE = "proveout.gateway.providers._price_process"
# Names come from clients, so that what is remembered of them has a bound.
MOST_PRICES = 4096
LOOK_UP_SECONDS = 30.0
PENDING = Prices(unknown="it is being looked up")
_decode = msgspec.json.Decoder(list[Prices]).decode


class Priced(msgspec.Struct, frozen=True):
    """What has a price.

    Attributes:
        base_url: of the provider.
        model: of it.
        usd_per_million_in: as stated; None where it is looked up.
        usd_per_million_out: likewise.
    """

    base_url: str
    model: str
    usd_per_million_in: float | None = None
    usd_per_million_out: float | None = None

    @property
    def stated(self) -> bool:
        """Whether nothing has to be looked up."""
        return self.usd_per_million_in is not None and self.usd_per_million_out is not None


def look_up(asked: Sequence[Priced]) -> list[Prices]:
    """The price of each, here and now; the list that it reads takes 10 MB for as long as the process lives.

    Example:
        >>> look_up([Priced("https://example.com/v1", "m", 1.0, 2.0)])[0].usd(1_000_000, 0)
        1.0
    """
    return [prices_of(Incumbent(**msgspec.structs.asdict(one))) for one in asked]


def look_up_apart(asked: Sequence[Priced]) -> list[Prices]:
    """As `look_up`, in a process that ends with it.

    Raises:
        OSError: no process can be started.
        subprocess.SubprocessError: it failed, or took too long.
        msgspec.DecodeError: it said something else.
    """
    done = subprocess.run(  # noqa: S603  this interpreter, and nothing that anybody else wrote
        [sys.executable, "-P", "-m", MODULE],
        input=msgspec.json.encode(asked),
        stdout=subprocess.PIPE,
        check=True,
        timeout=LOOK_UP_SECONDS,
    )
    return _decode(done.stdout)


def _in_a_thread(run: Callable[[], None]) -> None:
    Thread(target=run, name="prices", daemon=True).start()


class PriceList:
    """Prices as far as they are known; asking for another one has it looked up, together with all that wait then.

    Args:
        find: looks prices up; see `look_up_apart` for what it may raise.
        begin: runs it beside what goes on.

    Example:
        >>> prices = PriceList(look_up, begin=lambda run: run())
        >>> prices.of(Priced("https://example.com/v1", "m", 1.0, 2.0)).usd(1_000_000, 0)
        1.0
    """

    def __init__(
        self,
        find: Callable[[Sequence[Priced]], list[Prices]] = look_up_apart,
        begin: Callable[[Callable[[], None]], None] = _in_a_thread,
    ) -> None:
        self._find = find
        self._begin = begin
        self._lock = Lock()
        self._known: dict[Priced, Prices] = {}
        self._waiting: list[Priced] = []
        self._runs = False

    def of(self, asked: Priced) -> Prices:
        """The price; `PENDING` until it is known."""
        if asked.stated:
            return look_up([asked])[0]
        found = self._known.get(asked)
        if found is None:
            self._ask(asked)
            found = self._known.get(asked, PENDING)
        return found

    def _ask(self, asked: Priced) -> None:
        with self._lock:
            if len(self._known) >= MOST_PRICES:
                self._known.clear()
            self._known[asked] = PENDING
            self._waiting.append(asked)
            begins, self._runs = not self._runs, True
        # One process at a time: nobody can have many started by naming many models.
        if begins:
            self._begin(self._run)

    def _run(self) -> None:
        while True:
            with self._lock:
                asked, self._waiting = self._waiting, []
                if not asked:
                    self._runs = False
                    return
            found = self._found(asked)
            with self._lock:
                self._known.update(zip(asked, found, strict=True))

    def _found(self, asked: Sequence[Priced]) -> list[Prices]:
        try:
            return self._find(asked)
        except (OSError, subprocess.SubprocessError, msgspec.DecodeError) as error:
            return [Prices(unknown=f"it could not be looked up: {error}")] * len(asked)
