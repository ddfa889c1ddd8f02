from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.families.llm._cache import AnswerCache, Paid
from proveout.families.llm._completion import Completion

PAID = Paid(Completion("é {}", refused=False, tokens_in=3, tokens_out=4, logprob=-0.25, adapted=("no seed",)), 1.5)
KEY = "ab" * 32


def test_what_was_put_is_got_and_marked(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path)
    assert cache.get(KEY) is None
    cache.put(KEY, PAID)
    found = AnswerCache(tmp_path).get(KEY)
    assert found is not None
    assert (found.completion, found.seconds, found.kept) == (PAID.completion, 1.5, True)


@given(st.data())
def test_a_damaged_file_is_no_answer(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    folder = tmp_path_factory.mktemp("cache")
    cache = AnswerCache(folder)
    cache.put(KEY, PAID)
    path = next(path for path in folder.rglob("*") if path.is_file())
    content = bytearray(path.read_bytes())
    if data.draw(st.booleans()):
        content = content[: data.draw(st.integers(0, len(content) - 1))]
    else:
        content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    assert cache.get(KEY) is None
    cache.put(KEY, PAID)
    assert cache.get(KEY) is not None
