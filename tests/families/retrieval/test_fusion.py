from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from proveout.families.retrieval._fusion import reciprocal_ranks

LIST = st.lists(st.integers(0, 30), unique=True, max_size=20)


@given(LIST, LIST, st.floats(0.1, 3))
def test_the_score_is_the_sum_of_reciprocal_ranks(first: list[int], second: list[int], weight: float) -> None:
    fused = reciprocal_ranks({"a": first, "b": second}, {"a": 1.0, "b": weight})
    assert {position for position, _, _ in fused} == set(first) | set(second)
    for position, score, ranks in fused:
        parts = [(one, name, by) for one, name, by in ((first, "a", 1.0), (second, "b", weight)) if position in one]
        expected = 0.0
        for one, name, by in parts:
            assert ranks[name] == one.index(position) + 1
            expected += by / (60 + ranks[name])
        assert score == expected
    assert [(-score, position) for position, score, _ in fused] == sorted(
        (-score, position) for position, score, _ in fused
    )
