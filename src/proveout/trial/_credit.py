"""Who is to be credited with a value that several bring about together: Shapley values, and values along a graph."""

from __future__ import annotations

import random
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from proveout.trial._scored import Floats

__all__ = ["Move", "Orders", "Team", "credit", "orders"]

Team = frozenset[str]
EXACT_TEAMS = 64
SAMPLED = 64


class Move(NamedTuple):
    """A player joins a team, with the probability that a random order has it join just there."""

    before: Team
    player: str
    chance: float


class Orders(NamedTuple):
    """All moves of a random order of the players, and whether they are all there are or a sample."""

    players: tuple[str, ...]
    moves: tuple[Move, ...]
    exact: bool

    @property
    def teams(self) -> list[Team]:
        """The teams whose value is needed, smallest first."""
        found = {team for move in self.moves for team in (move.before, move.before | {move.player})} | {Team()}
        return sorted(found, key=lambda team: (len(team), sorted(team)))


def orders(players: Iterable[str], behind: Mapping[str, Iterable[str]], *, seed: int = 0) -> Orders:
    """Random orders of players in which each comes after those it stands behind.

    At each point any player whose turn may come is as likely as any other. With nobody behind anybody all orders are
    equally likely, and the credit is the Shapley value (Shapley, in Contributions to the Theory of Games II, 1953,
    307-317). With the order of a graph it is a value of a game under precedence constraints (Faigle and Kern, Int. J.
    Game Theory 21 (1992) 249-266), as asymmetric Shapley values are (Frye, Rowat and Feige, NeurIPS 2020).

    All moves are enumerated up to 64 teams, that is up to six players free of order; beyond that they are those of 64
    orders drawn with ``seed`` (Castro, Gomez and Tejada, Comput. Oper. Res. 36 (2009) 1726-1730).

    Args:
        players: their names.
        behind: for each player, those that must come before it; names of others are ignored.
        seed: of the orders drawn.

    Example:
        >>> free, chain = orders("ab", {}), orders("ab", {"b": ["a"]})
        >>> len(free.teams), len(chain.teams)
        (4, 3)
    """
    names = tuple(sorted(set(players)))
    first = {name: Team(behind.get(name, ())) & Team(names) for name in names}
    moves = _every_move(names, first)
    if moves is not None:
        return Orders(names, moves, exact=True)
    return Orders(names, _drawn_moves(names, first, random.Random(seed)), exact=False)  # noqa: S311  no secret


def _ready(names: Sequence[str], first: Mapping[str, Team], team: Team) -> list[str]:
    return [name for name in names if name not in team and first[name] <= team]


def _every_move(names: Sequence[str], first: Mapping[str, Team]) -> tuple[Move, ...] | None:
    """Team by team, each with the probability that an order passes through it; None where there are too many."""
    level: dict[Team, float] = {Team(): 1.0}
    found: list[Move] = []
    teams = 1
    while level:
        following: dict[Team, float] = defaultdict(float)
        for team, chance in level.items():
            ready = _ready(names, first, team)
            for name in ready:
                found.append(Move(team, name, chance / len(ready)))
                following[team | {name}] += chance / len(ready)
        teams += len(following)
        if teams > EXACT_TEAMS:
            return None
        level = dict(following)
    return tuple(found)


def _drawn_moves(names: Sequence[str], first: Mapping[str, Team], rng: random.Random) -> tuple[Move, ...]:
    chances: dict[tuple[Team, str], float] = defaultdict(float)
    for _ in range(SAMPLED):
        team = Team()
        while ready := _ready(names, first, team):
            name = rng.choice(ready)
            chances[team, name] += 1 / SAMPLED
            team |= {name}
    return tuple(Move(team, name, chance) for (team, name), chance in chances.items())


def credit(found: Orders, values: Mapping[Team, Floats]) -> dict[str, Floats]:
    """Each player's mean gain over random orders; together they are the value of all less that of none.

    Args:
        found: the orders.
        values: of each of ``found.teams``, arrays of one shape: a game for each element.

    Example:
        >>> import numpy as np
        >>> both = {Team(team): np.array([float(len(team) == 2)]) for team in ("", "a", "b", "ab")}
        >>> credit(orders("ab", {}), both)
        {'a': array([0.5]), 'b': array([0.5])}
    """
    shape = np.zeros_like(values[Team()], dtype=np.float64)
    sums = {name: shape.copy() for name in found.players}
    for before, player, chance in found.moves:
        sums[player] += chance * (values[before | {player}] - values[before])
    return sums
