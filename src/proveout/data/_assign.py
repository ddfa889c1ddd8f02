"""Which row goes into which split: decided once, from the rows alone."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import numpy as np

from proveout.errors import RowInvalid

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

    from proveout.task import DataSpec, Example

__all__ = ["SPLITS", "assign", "grouped"]

SPLITS = ("train", "select", "certify", "test")


def grouped(count: int, links: Iterable[tuple[int, int]]) -> list[int]:
    """The smallest row each row is linked with, directly or through others.

    Example:
        >>> grouped(5, [(0, 3), (3, 4)])
        [0, 1, 2, 0, 0]
    """
    parent = list(range(count))

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    for left, right in links:
        low, high = sorted((root(left), root(right)))
        parent[high] = low
    return [root(row) for row in range(count)]


def assign(examples: Sequence[Example], labels: Sequence[Hashable], groups: Sequence[int], data: DataSpec) -> list[str]:
    """The name of each row's split; rows of one group share one.

    By hash, groups are stratified by label: within a label they are ordered by a keyed hash of their first row's id
    and cut at the shares, so that each label keeps its shares to within one group, and a row added later moves few
    others. By time, the whole sequence is cut at the shares: earlier rows train, later rows test.

    Raises:
        RowInvalid: ``data.by`` is ``time`` and a row has no time.
    """
    members: dict[int, list[int]] = defaultdict(list)
    for row, group in enumerate(groups):
        members[group].append(row)
    bounds = np.round(np.cumsum([data.train, data.select, data.certify, data.test_share]), 9)
    strata = _by_time(examples, members) if data.by == "time" else _by_label(examples, labels, members, data.seed)
    chosen = [""] * len(examples)
    for offset, stratum in strata:
        sizes = np.array([len(members[group]) for group in stratum])
        middles = (np.cumsum(sizes) - sizes + offset * sizes) / sizes.sum()
        places = np.searchsorted(bounds[:-1], middles, side="right")
        # A label of one row can be learned only from the TrainSplit.
        places[0] = 0 if data.train else places[0]
        for group, place in zip(stratum, places, strict=True):
            for row in members[group]:
                chosen[row] = SPLITS[place]
    return chosen


def _by_label(
    examples: Sequence[Example], labels: Sequence[Hashable], members: dict[int, list[int]], seed: int
) -> list[tuple[float, list[int]]]:
    strata: dict[Hashable, list[int]] = defaultdict(list)
    for group, rows in members.items():
        most = Counter(labels[row] for row in rows).most_common(1)[0][0]
        strata[most].append(group)
    keys = {group: _key(seed, examples[group].id) for group in members}
    ordered = []
    for label in sorted(strata, key=repr):
        stratum = sorted(strata[label], key=lambda group: keys[group])
        # A random offset keeps the shares right on average for labels of a few rows.
        ordered.append((_key(seed, repr(label)) / 2**64, stratum))
    return ordered


def _by_time(examples: Sequence[Example], members: dict[int, list[int]]) -> list[tuple[float, list[int]]]:
    for example in examples:
        if example.time is None:
            why = 'data.by is "time" and this row has none'
            raise RowInvalid(
                "a row without a time", why=why, fix="fill it in, or split by hash", about=example.provenance
            )
    order = sorted(members, key=lambda group: (min(examples[row].time for row in members[group]), examples[group].id))  # type: ignore[type-var]
    return [(0.5, order)]


def _key(seed: int, text: str) -> int:
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8, key=str(seed).encode())
    return int.from_bytes(digest.digest(), "big")
