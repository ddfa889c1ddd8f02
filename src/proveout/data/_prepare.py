"""From a task's files to rows with a split each: read, check, deduplicate, assign."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from proveout.data._assign import SPLITS, assign, grouped
from proveout.data._duplicates import near_duplicates, normalised
from proveout.data._examples import read_examples
from proveout.data._report import NearPair, SnapshotReport
from proveout.errors import DataEmpty, DuplicateIds, LabelOnlyInTest, OneClass, SplitTooSmall
from proveout.task import Example, Task, canonical_json

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Progress = Callable[[str, int, int], None]

__all__ = ["Prepared", "prepare"]

SAMPLES = 20
SMALLEST = 4


class Prepared(msgspec.Struct, frozen=True):
    """Rows of each split, and what was found on the way."""

    splits: dict[str, list[Example]]
    report: SnapshotReport


def prepare(task: Task, progress: Progress) -> Prepared:
    """Read the task's files and decide each row's split.

    Raises:
        DataError: the files cannot be used as they are.
    """
    if not task.data.examples and not task.data.test:
        fix = "set data.examples in task.toml"
        raise DataEmpty("no data", why="the task names no files", fix=fix, about=str(task.root))
    progress("reading rows", 0, 2)
    rows = read_examples(task, task.data.examples)
    progress("reading rows", 1, 2)
    test = read_examples(task, task.data.test, any_label=bool(rows))
    progress("reading rows", 2, 2)
    _check_ids(task, rows, test)
    _check_labels(task, rows, test)
    return _split(task, rows, test, progress)


def _split(task: Task, rows: list[Example], test: list[Example], progress: Progress) -> Prepared:
    test_keys = {_key(task, example) for example in test}
    kept = [example for example in rows if _key(task, example) not in test_keys]
    dropped = tuple(example.id for example in rows if _key(task, example) in test_keys)
    progress("finding duplicates", 0, 1)
    keys = [_key(task, example) for example in [*kept, *test]]
    pairs = [pair for pair in near_duplicates(keys) if keys[pair[0]] != keys[pair[1]]]
    progress("finding duplicates", 1, 1)
    names = _assigned(task, kept, keys[: len(kept)]) + ["test"] * len(test)
    splits: dict[str, list[Example]] = {name: [] for name in SPLITS}
    everything = [*kept, *test]
    for example, name in zip(everything, names, strict=True):
        splits[name].append(example)
    _check_sizes(task, splits)
    across = [(left, right, score) for left, right, score in pairs if names[left] != names[right]]
    samples = tuple(
        NearPair(everything[left].id, everything[right].id, score) for left, right, score in across[:SAMPLES]
    )
    report = SnapshotReport(
        rows={name: len(members) for name, members in splits.items()},
        labels=_counts(task, rows),
        segments=dict(sorted(Counter(row.segment for row in everything if row.segment is not None).items())),
        unlabelled=sum(example.expected is None for example in everything),
        exact_duplicates=len(kept) - len(set(keys[: len(kept)])),
        dropped=dropped,
        near_duplicates=len(across),
        near_samples=samples,
        conflicts=_conflicts(task, [*rows, *test]),
    )
    return Prepared(splits, report)


def _assigned(task: Task, rows: list[Example], keys: list[str]) -> list[str]:
    first: dict[str, int] = {}
    links = [(first.setdefault(key, row), row) for row, key in enumerate(keys)]
    sessions: dict[str, int] = {}
    links += [(sessions.setdefault(one.session, row), row) for row, one in enumerate(rows) if one.session is not None]
    groups = grouped(len(rows), links)
    return assign(rows, [_label(task, example) for example in rows], groups, task.data)


def _key(task: Task, example: Example) -> str:
    return normalised(task.text(example.inputs))


def _label(task: Task, example: Example) -> str | None:
    if example.expected is None:
        return None
    if task.target:
        return str(example.expected.get(task.target))
    return ""


def _counts(task: Task, rows: Sequence[Example]) -> dict[str, int]:
    if not task.target:
        return {}
    return dict(sorted(Counter(label for label in (_label(task, row) for row in rows) if label is not None).items()))


def _conflicts(task: Task, rows: Sequence[Example]) -> tuple[tuple[str, str], ...]:
    first: dict[str, Example] = {}
    found = []
    for example in rows:
        if example.expected is None:
            continue
        other = first.setdefault(_key(task, example), example)
        if other is not example and canonical_json(other.expected) != canonical_json(example.expected):
            found.append((other.id, example.id))
    return tuple(found)


def _check_ids(task: Task, rows: Sequence[Example], test: Sequence[Example]) -> None:
    if not task.data.id:
        return
    known = {example.id: example.provenance for example in rows}
    for example in test:
        if example.id in known:
            why = f"{example.id!r} is the id of {known[example.id]} and of {example.provenance}"
            raise DuplicateIds(
                "two rows with one id", why=why, fix="give each row its own id", about=example.provenance
            )


def _check_labels(task: Task, rows: Sequence[Example], test: Sequence[Example]) -> None:
    if not task.target or not rows:
        return
    counts = _counts(task, rows)
    if len(counts) == 1 and set(counts) != {task.out_of_scope}:
        why = f"all {sum(counts.values()):,} rows have {task.target} = {next(iter(counts))!r}"
        fix = "add rows of other labels; with one label there is nothing to compare"
        raise OneClass("one class only", why=why, fix=fix, about=", ".join(task.data.examples))
    unseen = set(_counts(task, test)) - set(counts) - {task.out_of_scope}
    if unseen and counts:
        shown = ", ".join(repr(label) for label in sorted(unseen)[:5])
        why = f"{shown} occurs in {', '.join(task.data.test)} and in no other file"
        fix = "add examples of it, or name it as out_of_scope"
        raise LabelOnlyInTest("a label only in test", why=why, fix=fix, about=", ".join(task.data.test))


def _check_sizes(task: Task, splits: dict[str, list[Example]]) -> None:
    if not task.data.examples:
        return
    shares = {name: getattr(task.data, "test_share" if name == "test" else name) for name in SPLITS}
    total = sum(len(rows) for rows in splits.values())
    short = [name for name, share in shares.items() if share and not splits[name]]
    if short or total < SMALLEST:
        why = f"{total} rows leave {' and '.join(short) or 'a split'} empty"
        fix = "add rows; a comparison means little below a few hundred"
        raise SplitTooSmall("too few rows", why=why, fix=fix, about=", ".join(task.data.examples))
