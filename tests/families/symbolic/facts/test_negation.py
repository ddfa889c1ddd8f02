from __future__ import annotations

import pytest

from proveout.families.symbolic.facts._negation import is_negated
from proveout.families.symbolic.facts._words import words_of


@pytest.mark.parametrize(
    ("text", "negated"),
    [
        ("i have not opened it", True),
        ("i never opened it", True),
        ("i haven't really opened it", True),
        ("nobody opened it", True),
        ("i opened it", False),
        ("not mine, i opened it", False),
        ("i don't say i never opened it", False),
        ("i have not seen it but opened it", False),
        ("not one two three four opened it", False),
        ("i nearly opened it", True),
        ("opened it", False),
    ],
)
def test_scope(text: str, negated: bool) -> None:  # noqa: FBT001  a parameter of the test
    words = words_of(text)
    first = next(at for at in reversed(range(len(words))) if words[at].text == "opened")
    assert is_negated(words, first) is negated
