from __future__ import annotations

import random
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from proveout.data import near_duplicates, normalised


def jaccard(left: str, right: str) -> float:
    sets = [{text.ljust(4)[at : at + 4] for at in range(max(len(text), 4) - 3)} for text in (left, right)]
    return len(sets[0] & sets[1]) / len(sets[0] | sets[1])


@settings(max_examples=60)
@given(st.lists(st.text(min_size=0, max_size=30), max_size=12))
def test_no_reported_pair_is_false(texts: list[str]) -> None:
    for left, right, score in near_duplicates(texts):
        assert left < right
        assert abs(jaccard(texts[left], texts[right]) - score) < 1e-4
        assert score >= 0.85


def test_nearly_every_true_pair_is_found() -> None:
    rng = random.Random(3)
    words = ["refund", "order", "please", "card", "lost", "when", "hours", "where", "stolen", "money", "back", "open"]
    texts = [" ".join(rng.choices(words, k=12)) for _ in range(300)]
    texts += [text[:-1] + rng.choice("xyz") for text in texts]
    true = {(a, b) for a, b in combinations(range(len(texts)), 2) if jaccard(texts[a], texts[b]) >= 0.85}
    found = {(left, right) for left, right, _ in near_duplicates(texts)}
    assert len(true) > 250
    assert found <= true
    assert len(found) >= 0.97 * len(true)


def test_normalising_joins_space_case_and_width() -> None:
    assert normalised(" \uff28i\t THERE\n") == "hi there"
