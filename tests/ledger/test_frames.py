from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from proveout.ledger._frames import HEAD, RECORD, commits, frame, frames_of_heads, parse_frame


@given(st.binary(max_size=200), st.integers(0, 220))
def test_any_bytes_parse_or_do_not(data: bytes, offset: int) -> None:
    found = parse_frame(data, offset)
    assert found is None or found.end <= len(data)
    assert all(commit.end <= len(data) for commit in commits(data, offset))
    assert list(frames_of_heads(data, offset)) == []


@given(st.lists(st.lists(st.binary(max_size=30), max_size=4), max_size=4), st.binary(max_size=20))
def test_commits_come_back_and_a_tail_is_left(batches: list[list[bytes]], tail: bytes) -> None:
    head = bytes(120)
    data = b"".join(b"".join(frame(RECORD, body) for body in batch) + frame(HEAD, head) for batch in batches)
    found = list(commits(data + tail, 0))
    assert [commit.bodies for commit in found] == batches
    assert (found[-1].end if found else 0) == len(data)
    assert list(frames_of_heads(data + tail, 0)) == [head] * len(batches)


@given(st.binary(max_size=40), st.data())
def test_any_changed_byte_is_noticed(body: bytes, data: st.DataObject) -> None:
    whole = bytearray(frame(RECORD, body))
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    assert parse_frame(bytes(whole), 0) is None


def test_a_commit_without_its_head_is_none() -> None:
    data = frame(RECORD, b"a") + frame(RECORD, b"b")
    assert list(commits(data, 0)) == []
    assert list(commits(data + frame(0x58, b"unknown type") + frame(HEAD, bytes(120)), 0)) == []
