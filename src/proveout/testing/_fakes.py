"""Small stand-ins for tests: a task, its rows, a ledger that remembers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proveout.data import SelectSplit, TrainSplit
from proveout.task import Example, Task

if TYPE_CHECKING:
    from proveout.ledger import EntryBody

__all__ = ["FakeLedger", "make_splits", "make_task"]

SNAPSHOT = "0" * 64
TEXTS = {
    "card": ("my card {} is lost", "i cannot find card number {}", "card {} was stolen from me"),
    "refund": ("please refund order {}", "i want my money back for order {}", "order {} should be refunded"),
    "hours": ("are you open on day {}", "what are your hours on the {}th", "when do you close on day {}"),
    "oos": ("how tall is mountain {}", "sing song number {}", "who won match {}"),
}


class FakeLedger:
    """A ledger in memory: remembers what was appended.

    Example:
        >>> from proveout.data import TestOpened
        >>> ledger = FakeLedger()
        >>> ledger.append(TestOpened(snapshot="s", purpose="p", rows=1))
        0
    """

    def __init__(self) -> None:
        self.bodies: list[EntryBody] = []

    def append(self, body: EntryBody, subject: str | None = None) -> int:
        """Remember one body and give its index."""
        del subject
        self.bodies.append(body)
        return len(self.bodies) - 1


def make_task(**fields: Any) -> Task:
    """A classify task over three intents and one out-of-scope label.

    Example:
        >>> make_task().labels
        ['card', 'hours', 'oos', 'refund']
    """
    given: dict[str, Any] = {
        "name": "desk",
        "kind": "classify",
        "target": "intent",
        "out_of_scope": "oos",
        "input": {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}},
        "output": {"type": "object", "properties": {"intent": {"type": "string", "enum": sorted(TEXTS)}}},
    }
    return Task(**(given | fields))


def make_splits(count: int = 20) -> tuple[TrainSplit, SelectSplit]:
    """Rows for `make_task`: ``count`` per wording to learn from, and a quarter as many to choose on.

    Example:
        >>> [len(split) for split in make_splits(20)]
        [240, 60]
    """
    rows = [_rows(0, count), _rows(count, count + count // 4)]
    return TrainSplit(snapshot=SNAPSHOT, examples=rows[0]), SelectSplit(snapshot=SNAPSHOT, examples=rows[1])


def _rows(start: int, stop: int) -> tuple[Example, ...]:
    return tuple(
        Example(id=f"{label}-{number}-{which}", inputs={"text": text.format(number)}, expected={"intent": label})
        for number in range(start, stop)
        for label, texts in TEXTS.items()
        for which, text in enumerate(texts)
    )
