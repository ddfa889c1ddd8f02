from __future__ import annotations

from itertools import chain, combinations
from math import factorial

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from proveout.trial._credit import Team, credit, orders

NAMES = "abcdef"


def every_team(names: str) -> list[Team]:
    return [Team(team) for team in chain.from_iterable(combinations(names, size) for size in range(len(names) + 1))]


@st.composite
def games(draw: st.DrawFn, least: int = 1) -> tuple[str, dict[Team, np.ndarray]]:
    names = NAMES[: draw(st.integers(least, 5))]
    values = {
        team: np.array([draw(st.integers(0, 1)), draw(st.floats(-2, 2))], dtype=float) for team in every_team(names)
    }
    return names, values


@st.composite
def graphs(draw: st.DrawFn, names: str) -> dict[str, list[str]]:
    """What each player needs, directly or not, of those before it."""
    needs: dict[str, set[str]] = {}
    for number, name in enumerate(names):
        direct = {other for other in names[:number] if draw(st.booleans())}
        needs[name] = direct.union(*(needs[other] for other in direct))
    return {name: sorted(found) for name, found in needs.items()}


def shapley(names: str, values: dict[Team, np.ndarray], player: str) -> np.ndarray:
    """By the formula of 1953: over all teams without the player."""
    n = len(names)
    total = np.zeros(2)
    for team in every_team(names.replace(player, "")):
        weight = factorial(len(team)) * factorial(n - len(team) - 1) / factorial(n)
        total += weight * (values[team | {player}] - values[team])
    return total


@given(games())
def test_free_orders_give_the_shapley_value(game: tuple[str, dict[Team, np.ndarray]]) -> None:
    names, values = game
    found = orders(names, {})
    assert found.exact
    given_ = credit(found, values)
    for name in names:
        assert np.allclose(given_[name], shapley(names, values, name))


@given(st.data())
def test_credits_add_up_to_what_all_gain(data: st.DataObject) -> None:
    names, values = data.draw(games())
    found = orders(names, data.draw(graphs(names)))
    total = sum(credit(found, values).values())
    assert np.allclose(total, values[Team(names)] - values[Team()])


@given(st.data())
def test_a_dummy_gets_nothing(data: st.DataObject) -> None:
    names, values = data.draw(games(least=2))
    dummy = data.draw(st.sampled_from(names))
    flat = {team: values[team - {dummy}] for team in values}
    for needs in ({}, data.draw(graphs(names))):
        assert np.allclose(credit(orders(names, needs), flat)[dummy], 0)


@given(games(least=2))
def test_players_that_do_the_same_get_the_same(game: tuple[str, dict[Team, np.ndarray]]) -> None:
    names, values = game
    swap = str.maketrans("ab", "ba")
    alike = {team: (values[team] + values[Team(name.translate(swap) for name in team)]) / 2 for team in values}
    found = credit(orders(names, {}), alike)
    assert np.allclose(found["a"], found["b"])


def test_along_a_chain_a_fault_is_credited_to_where_it_begins() -> None:
    """Any right output from the faulty step on hides its fault: free orders share the blame with those behind it."""
    values = {team: np.array([float("b" in team or "c" in team)]) for team in every_team("abc")}
    along = credit(orders("abc", {"b": ["a"], "c": ["a", "b"]}), values)
    assert {name: part[0] for name, part in along.items()} == {"a": 0.0, "b": 1.0, "c": 0.0}
    free = credit(orders("abc", {}), values)
    assert {name: round(float(part[0]), 9) for name, part in free.items()} == {"a": 0.0, "b": 0.5, "c": 0.5}


def test_two_faults_side_by_side_share_the_blame() -> None:
    values = {team: np.array([float(Team("ab") <= team)]) for team in every_team("abc")}
    found = credit(orders("abc", {"c": ["a", "b"]}), values)
    assert {name: part[0] for name, part in found.items()} == {"a": 0.5, "b": 0.5, "c": 0.0}


@settings(max_examples=20)
@given(st.integers(0, 1000))
def test_many_players_are_sampled_and_still_add_up(seed: int) -> None:
    names = "abcdefgh"
    found = orders(names, {}, seed=seed)
    assert not found.exact
    assert found == orders(names, {}, seed=seed)
    worth = {name: number + 1.0 for number, name in enumerate(names)}
    values = {team: np.array([sum(worth[name] for name in team)]) for team in found.teams}
    assert {name: round(float(part[0]), 9) for name, part in credit(found, values).items()} == worth


def test_a_long_chain_is_exact() -> None:
    names = "abcdefghij"
    found = orders(names, {name: names[:number] for number, name in enumerate(names)})
    assert found.exact
    assert len(found.teams) == 11


def test_six_free_players_are_exact_and_seven_are_not() -> None:
    assert orders("abcdef", {}).exact
    assert not orders("abcdefg", {}).exact
    assert orders("", {}).teams == [Team()]
