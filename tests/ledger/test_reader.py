from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proveout.errors import EntryNotFound, LedgerCorrupt
from proveout.ledger import Ledger, LedgerReader
from proveout.ledger._segments import load_tail, parse_header, segments
from proveout.store import Workspace

Fill = Callable[..., None]


def test_entries_from_anywhere(workspace: Workspace, fill: Fill) -> None:
    fill(30, batch=4, seal=700)
    reader = LedgerReader.open(workspace)
    for start in range(31):
        assert [entry.index for entry in reader.entries(start=start)] == list(range(start, 30))
    assert reader.entry(17).body().number == 17  # type: ignore[attr-defined]
    assert list(reader.entries(kind="test.other")) == []
    assert repr(reader.entry(0)) == "Entry(index=0, kind='test.noted', version=1)"


@pytest.mark.parametrize("index", [-1, 3])
def test_what_is_not_there(workspace: Workspace, fill: Fill, index: int) -> None:
    fill(3)
    reader = LedgerReader.open(workspace)
    for ask in (reader.entry, reader.prove):
        with pytest.raises(EntryNotFound, match="3 entries"):
            ask(index)
    with pytest.raises(EntryNotFound):
        reader.prove_consistency(4)


def test_every_proof_verifies(workspace: Workspace, fill: Fill) -> None:
    fill(23, batch=4, seal=900)
    reader = LedgerReader.open(workspace)
    for entry in reader.entries():
        proof = reader.prove(entry.index)
        assert proof.root == reader.head.root
        assert proof.check(entry.leaf)
    assert all(reader.prove_consistency(size).check() for size in range(24))


def test_a_reader_shows_the_moment_it_was_opened(workspace: Workspace, fill: Fill) -> None:
    fill(3)
    reader = LedgerReader.open(workspace)
    fill(3)
    assert len(list(reader.entries())) == len(reader) == 3
    assert reader.prove(2).check(reader.entry(2).leaf)
    assert len(LedgerReader.open(workspace)) == 6


def test_time_is_aware(workspace: Workspace, note: type) -> None:
    with Ledger.open(workspace, clock=lambda: 1_700_000_000_123_456_789) as ledger:
        ledger.append(note(number=1))
    expected = datetime(2023, 11, 14, 22, 13, 20, 123456, tzinfo=UTC)
    assert LedgerReader.open(workspace).entry(0).time == expected


def test_damage_met_on_the_way_is_named(workspace: Workspace, fill: Fill) -> None:
    fill(9, seal=600)
    path = segments(workspace)[0]
    content = bytearray(path.read_bytes())
    content[40] ^= 1
    path.write_bytes(content)
    reader = LedgerReader.open(workspace)
    with pytest.raises(LedgerCorrupt, match=path.name):
        list(reader.entries())
    with pytest.raises(LedgerCorrupt):
        reader.prove(8)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(content=st.binary(max_size=300), keep=st.integers(0, 300))
def test_any_bytes_in_a_segment_are_read_or_refused(
    workspace: Workspace, fill: Fill, content: bytes, keep: int
) -> None:
    if not segments(workspace):
        fill(2)
    path = segments(workspace)[0]
    whole = path.read_bytes()
    parse_header(content)
    path.write_bytes(whole[:keep] + content)
    try:
        LedgerReader.open(workspace)
    except LedgerCorrupt as error:
        assert error.about
    finally:
        path.write_bytes(whole)


def test_an_empty_log_has_an_empty_tail(workspace: Workspace) -> None:
    with Ledger.open(workspace) as ledger:
        assert len(ledger) == 0
        assert load_tail([], ledger._log.key.public_key()).frontier.size == 0
    assert len(LedgerReader.open(workspace)) == 0
