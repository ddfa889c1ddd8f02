from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.task import Answer, Evidence, Example, Neighbour, Usage


def test_an_answer_has_an_output_or_a_reason() -> None:
    with pytest.raises(ValueError, match="never both or neither"):
        Answer(guess={"a": 1})
    with pytest.raises(ValueError, match="never both or neither"):
        Answer(output={"a": 1}, abstention="low confidence")
    assert Answer(output={"a": 1}, guess={"a": 1}).abstained is False


@given(
    st.lists(
        st.builds(Usage, tokens_in=st.integers(0, 9), tokens_out=st.integers(0, 9), usd=st.floats(0, 1)), min_size=1
    )
)
def test_usage_adds_up(parts: list[Usage]) -> None:
    whole = sum(parts, Usage())
    assert whole.tokens_in == sum(part.tokens_in for part in parts)
    assert whole.usd == pytest.approx(sum(part.usd for part in parts))


def test_types_survive_json() -> None:
    neighbour = Neighbour(example="7", fingerprint="ab", similarity=0.5, output={"intent": "x"})
    answer = Answer(output={"intent": "é"}, guess={"intent": "é"}, evidence=Evidence(neighbours=(neighbour,)))
    assert msgspec.json.decode(msgspec.json.encode(answer), type=Answer) == answer
    example = Example(id="1", inputs={"text": "\u202e"}, expected={"intent": "x"}, segment="app")
    assert msgspec.json.decode(msgspec.json.encode(example), type=Example) == example
