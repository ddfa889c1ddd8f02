from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.families.symbolic._sureness import DEFINITE, WEAK, Sureness, sureness

JUDGED = st.lists(st.tuples(st.booleans(), st.booleans()), max_size=40)


def test_without_rows_it_is_what_was_set_by_hand() -> None:
    found = sureness([])
    assert (found.definite, found.weak, found.rows) == (DEFINITE, WEAK, 0)
    assert found.parameters() == {"confidence": {"value": DEFINITE}, "confidence_weak": {"value": WEAK}}


def test_either_kind_has_its_probability() -> None:
    found = Sureness(0.9, 0.4, 5)
    assert found.of(weak=False) == 0.9
    assert found.of(weak=True) == 0.4


def test_rows_are_counted_and_said() -> None:
    found = sureness([(False, True), (False, False), (True, True)])
    assert found.rows == 3
    assert found.parameters()["confidence"] == {"value": found.definite, "chosen_on": "select"}


def test_one_kind_says_nothing_of_the_other() -> None:
    assert sureness([(True, False)] * 50).definite == DEFINITE
    assert sureness([(False, False)] * 50).weak == WEAK


@pytest.mark.parametrize("weak", [True, False])
def test_many_rows_outweigh_what_was_set(weak: bool) -> None:  # noqa: FBT001  a parameter of the test
    assert sureness([(weak, True)] * 1000).of(weak=weak) > 0.99
    assert sureness([(weak, False)] * 1000).of(weak=weak) < 0.01
    assert sureness([(weak, True), (weak, False)] * 500).of(weak=weak) == pytest.approx(0.5, abs=0.01)


@given(JUDGED)
def test_it_is_a_probability_in_any_order(judged: list[tuple[bool, bool]]) -> None:
    found = sureness(judged)
    assert 0 < found.weak < 1
    assert 0 < found.definite <= 1
    assert found == sureness(reversed(judged))
    assert found.rows == len(judged)


@given(JUDGED, st.booleans())
def test_another_right_answer_never_lowers_it(judged: list[tuple[bool, bool]], weak: bool) -> None:  # noqa: FBT001  drawn
    before = sureness(judged).of(weak=weak)
    assert sureness([*judged, (weak, True)]).of(weak=weak) >= before >= sureness([*judged, (weak, False)]).of(weak=weak)
