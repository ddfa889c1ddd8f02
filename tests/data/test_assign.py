from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.data._assign import assign, grouped
from proveout.errors import RowInvalid
from proveout.task import DataSpec, Example

SPEC = DataSpec(train=0.6, select=0.1, certify=0.1, test_share=0.2)


def rows(count: int) -> list[Example]:
    return [Example(id=f"r{number}", inputs={"text": str(number)}) for number in range(count)]


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=200), st.integers(0, 5))
def test_every_label_keeps_its_shares_to_within_one_row(labels: list[str], seed: int) -> None:
    chosen = assign(rows(len(labels)), labels, range(len(labels)), msgspec.structs.replace(SPEC, seed=seed))
    for label, total in Counter(labels).items():
        counts = Counter(name for name, own in zip(chosen, labels, strict=True) if own == label)
        for name, share in (("train", 0.6), ("select", 0.1), ("certify", 0.1), ("test", 0.2)):
            assert abs(counts[name] - share * total) <= 1.0 + 1e-9
        assert counts["train"] >= 1


@given(st.lists(st.integers(0, 9), min_size=1, max_size=60))
def test_groups_stay_together(sessions: list[int]) -> None:
    first = {session: sessions.index(session) for session in sessions}
    groups = [first[session] for session in sessions]
    chosen = assign(rows(len(sessions)), ["x"] * len(sessions), groups, SPEC)
    assert all(len({chosen[row] for row in range(len(sessions)) if groups[row] == group}) == 1 for group in set(groups))


def test_a_row_added_moves_few_others() -> None:
    many = rows(1000)
    before = dict(zip([row.id for row in many], assign(many, ["x"] * 1000, range(1000), SPEC), strict=True))
    more = [*many, Example(id="new", inputs={})]
    after = dict(zip([row.id for row in more], assign(more, ["x"] * 1001, range(1001), SPEC), strict=True))
    assert sum(before[name] != after[name] for name in before) <= 4


def test_by_time_the_past_trains_and_the_future_tests() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    timed = [msgspec.structs.replace(row, time=start + timedelta(days=(7 * n) % 50)) for n, row in enumerate(rows(50))]
    spec = msgspec.structs.replace(SPEC, by="time", time="at")
    chosen = assign(timed, ["x"] * 50, range(50), spec)
    latest = {
        name: max(row.time for row, own in zip(timed, chosen, strict=True) if own == name and row.time)
        for name in set(chosen)
    }
    assert latest["train"] < latest["select"] < latest["certify"] < latest["test"]
    with pytest.raises(RowInvalid, match="without a time"):
        assign(rows(3), ["x"] * 3, range(3), spec)


@given(st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)), max_size=40))
def test_grouping_is_reachability(links: list[tuple[int, int]]) -> None:
    groups = grouped(20, links)
    assert all(groups[left] == groups[right] for left, right in links)
    assert all(groups[group] == group and group <= row for row, group in enumerate(groups))
