from __future__ import annotations

from proveout.families.modular.graph._words import known, near


def test_the_closest_word_is_asked_for() -> None:
    assert near("timeout", ["timeout_seconds", "retry"]) == "did you mean 'timeout_seconds'? "
    assert near("qqq", ["timeout_seconds"]) == ""
    assert near("a", []) == ""


def test_many_words_are_cut() -> None:
    assert known(map(str, range(14))).endswith("11 and 2 more")
    assert known(iter(())) == "none"
