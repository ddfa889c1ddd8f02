"""The demo as a folder: a task, its documents, its policy and its rows."""

from __future__ import annotations

import csv
import io
import random
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from proveout.demo._contrast import ContrastLine, contrast_lines
from proveout.demo._messages import write_message
from proveout.demo._reference import decide
from proveout.demo._scenarios import TARGETS, draw_facts
from proveout.errors import TaskInvalid
from proveout.store import translated_os_errors, write_atomic
from proveout.task import FILE_NAME

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from importlib.resources.abc import Traversable
    from pathlib import Path

    from proveout.demo._facts import Facts

__all__ = ["Row", "is_demo", "rows", "write_demo"]

EXAMPLES, TEST = 2_400, 600
MARKER = "# proveout demo:"
_COPIED = (FILE_NAME, "scenario.toml", "policy.yaml", "facts.yaml", "replies.toml", "README.md")
_START = datetime(2025, 1, 6, 8, 0, tzinfo=UTC)
_CHANNELS = {"email": 40, "chat": 35, "app": 25}


class Row(NamedTuple):
    """One line of the data files; everything from ``intent`` on is hidden from candidates."""

    id: str
    text: str
    decision: str
    segment: str
    time: str
    intent: str
    rule: str
    facts: str


def write_demo(folder: Path, *, seed: int = 7) -> None:
    """Write a synthetic refund desk: a task, its policy and documents, 3,000 labelled messages, and contrast pairs.

    The same seed gives the same bytes. ``task.toml`` is written last, so that a folder that has one is whole.

    Raises:
        TaskInvalid: the folder is not empty, or is a file.
        NotWritable: no permission.
        DiskFull: no space is left.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_demo(Path(folder) / "desk")
        ...     is_demo(Path(folder) / "desk")
        True
    """
    _check_empty(folder)
    generated = rows(seed)
    split = {name: list(islice(generated, count)) for name, count in _FILES.items()}
    content = {f"data/{name}": _csv(Row._fields, lines) for name, lines in split.items()}
    taken = {_key(row.text) for lines in split.values() for row in lines}
    content["data/contrast.csv"] = _csv(ContrastLine._fields, contrast_lines(seed, _phrases(), taken))
    desk = files("proveout.demo") / "desk"
    content |= {f"documents/{page.name}": page.read_bytes() for page in _pages(desk)}
    content |= {name: (desk / name).read_bytes() for name in reversed(_COPIED)}
    for name, data in content.items():
        write_atomic(folder / name, data)


_FILES = {"examples.csv": EXAMPLES, "test.csv": TEST}


def is_demo(folder: Path) -> bool:
    """Whether the folder's ``task.toml`` is one that `write_demo` wrote.

    Example:
        >>> from pathlib import Path
        >>> is_demo(Path("no-such-folder"))
        False
    """
    try:
        with (folder / FILE_NAME).open(encoding="utf-8", errors="replace") as file:
            return file.readline().startswith(MARKER)
    except (FileNotFoundError, NotADirectoryError):
        return False


def rows(seed: int) -> Iterator[Row]:
    """Labelled messages in the order of their time, without end; no two texts are alike but for case and spaces."""
    rng = random.Random(seed)  # noqa: S311  messages are made up, nothing is kept secret
    phrases = _phrases()
    weights = [weight for weight, _ in TARGETS.values()]
    seen: set[str] = set()
    time = _START
    while True:
        facts = draw_facts(rng.choices(list(TARGETS), weights)[0], rng)
        channel = rng.choices(list(_CHANNELS), list(_CHANNELS.values()))[0]
        text = write_message(facts, today=time.date(), channel=channel, phrases=phrases, rng=rng)
        key = _key(text)
        if key not in seen:
            seen.add(key)
            yield _row(len(seen), text, facts, channel, time)
            time += timedelta(minutes=rng.randint(5, 120))


def _row(number: int, text: str, facts: Facts, channel: str, time: datetime) -> Row:
    decision, rule = decide(facts)
    return Row(
        id=f"m{number:05d}",
        text=text,
        decision=decision,
        segment=channel,
        time=time.isoformat(),
        intent=facts.reason or "unclear",
        rule=rule,
        facts=msgspec.json.encode(facts.stated()).decode(),
    )


def _phrases() -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode((files("proveout.demo") / "desk" / "phrases.json").read_bytes())
    return found


def _key(text: str) -> str:
    return " ".join(text.casefold().split())


def _csv(columns: Iterable[str], lines: Iterable[tuple[str, ...]]) -> bytes:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(lines)
    return buffer.getvalue().encode()


def _pages(desk: Traversable) -> list[Traversable]:
    return sorted((desk / "documents").iterdir(), key=lambda page: page.name)


def _check_empty(folder: Path) -> None:
    with translated_os_errors(folder):
        if not folder.exists():
            return
        held = "a file" if not folder.is_dir() else next((one.name for one in folder.iterdir()), "")
    if held:
        fix = "choose another folder, or use --force"
        why = "it is a file" if not folder.is_dir() else f"it holds {held!r}"
        raise TaskInvalid("cannot write the demo there", why=why, fix=fix, about=str(folder))
