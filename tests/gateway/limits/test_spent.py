from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.gateway._entries import RequestServed
from proveout.gateway.limits import Cost, Spent, fold_spent, spent_from_ledger
from proveout.gateway.limits._spent import _add, _spent, _Sums
from proveout.ledger import Entry, EntryBody, Ledger, LedgerReader, entry
from proveout.store import Workspace

MARCH = 1_772_323_200
NOON = MARCH + 9 * 86_400 + 43_200.0


@entry("test.noise", version=1)
class Noise(EntryBody, frozen=True, kw_only=True):
    usd: float = 99.0


def served(at: float, usd: float, *, key: str = "a", task: str = "", microseconds: int = 0) -> RequestServed:
    return RequestServed(
        id="1",
        operation="chat",
        received=int(at * 1e9),
        model="m",
        status=200,
        key=key,
        task=task,
        usd=usd,
        microseconds=microseconds,
        answer="long" * 100,
    )


def test_the_ledger_says_what_was_spent_this_day_and_month(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    assert spent_from_ledger(workspace, NOON) == {}
    entries = [
        served(MARCH - 1, 100.0),
        served(MARCH - 1, 4.0, microseconds=2_000_000),  # it ended in March
        served(MARCH + 5, 2.0, task="t"),
        Noise(),
        served(NOON - 43_201, 0.5),
        served(NOON - 10, 0.25, key="b", task="t"),
        served(NOON - 5, 0.0, key="free"),
        served(NOON + 86_400, 1.0),  # the clock was set back since
    ]
    with Ledger.open(workspace) as ledger:
        ledger.append_many(entries[:4])
        ledger.append_many(entries[4:])
        assert spent_from_ledger(workspace, NOON) == {
            "key:a": Spent(day=1.0, month=7.5),
            "key:b": Spent(day=0.25, month=0.25),
            "task:t": Spent(day=0.25, month=2.25),
        }


def test_requests_about_a_subject_count_until_the_subject_is_erased(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    with Ledger.open(workspace) as ledger:
        ledger.append(served(NOON, 1.0), subject="ada")
        ledger.append(served(NOON, 2.0))
        assert spent_from_ledger(workspace, NOON)["key:a"].day == 3.0
        ledger.erase_subject("ada")
    assert spent_from_ledger(workspace, NOON)["key:a"].day == 2.0


@pytest.mark.parametrize("field", Cost.__struct_fields__)
def test_a_cost_reads_the_record_as_it_is_written(field: str) -> None:
    written = served(NOON, 0.5, task="t", microseconds=7)
    read = msgspec.json.decode(msgspec.json.encode(written), type=Cost)
    assert getattr(read, field) == getattr(written, field)


def test_nothing_is_nothing() -> None:
    assert fold_spent([], NOON) == {}


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace whose sums are kept, however little they are worth."""
    monkeypatch.setattr("proveout.gateway.limits._spent.WORTH_KEEPING", 1)
    return Workspace(tmp_path)


def test_what_was_folded_once_is_not_read_again(kept: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    entries = LedgerReader.entries

    def counted(reader: LedgerReader, kind: str | None = None, start: int = 0) -> Iterator[Entry]:
        for found in entries(reader, kind, start):
            read.append(found.index)
            yield found

    with Ledger.open(kept) as ledger:
        ledger.append_many([served(NOON, 1.0) for _ in range(10)])
        assert spent_from_ledger(kept, NOON)["key:a"] == Spent(day=10.0, month=10.0)
        ledger.append_many([served(NOON + 1, 1.0) for _ in range(3)])
        monkeypatch.setattr(LedgerReader, "entries", counted)
        assert spent_from_ledger(kept, NOON)["key:a"] == Spent(day=13.0, month=13.0)
        assert set(read) == {9, 10, 11, 12}  # the last one is read to know the ledger again
        read.clear()
        assert spent_from_ledger(kept, NOON + 86_400)["key:a"] == Spent(day=0.0, month=13.0)
        assert set(read) == {12}
        assert spent_from_ledger(kept, NOON + 31 * 86_400) == {}


@given(
    st.lists(st.tuples(st.floats(-3, 3), st.sampled_from(["a", "b"]), st.integers(0, 3)), max_size=12),
    st.lists(st.floats(0, 40), min_size=2, max_size=4).map(sorted),
)
def test_sums_that_are_kept_are_those_of_all_entries(
    requests: list[tuple[float, str, int]], looks: list[float]
) -> None:
    bodies = [served(NOON + days * 86_400, float(usd), key=key) for days, key, usd in requests]
    costs = [msgspec.convert(msgspec.structs.asdict(body), Cost, strict=False) for body in bodies]
    sums = _Sums()
    share = -(-len(bodies) // len(looks)) or 1
    for number, days in enumerate(looks):
        now = NOON + days * 86_400
        _add(sums, costs[number * share : (number + 1) * share], now)
        sums = msgspec.json.decode(msgspec.json.encode(sums), type=_Sums)
        assert _spent(sums, now) == fold_spent(costs[: (number + 1) * share], now)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b'{"size": 1, "leaf": "AAAA"}', b'{"size": 99}'])
def test_a_cache_that_is_damaged_or_of_another_ledger_is_not_used(kept: Workspace, content: bytes) -> None:
    kept.ensure()
    kept.cache.mkdir()
    (kept.cache / "spent.json").write_bytes(content)
    with Ledger.open(kept) as ledger:
        ledger.append(served(NOON, 1.0))
        assert spent_from_ledger(kept, NOON)["key:a"].day == 1.0
        assert spent_from_ledger(kept, NOON)["key:a"].day == 1.0
