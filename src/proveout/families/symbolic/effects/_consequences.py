"""The consequence model: what follows from an action in a case, learned from logged events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from proveout.errors import ArtifactCorrupt, FactInvalid
from proveout.families.symbolic.effects._events import (
    ACTION,
    Consequences,
    Value,
    check_value,
    next_of,
)
from proveout.families.symbolic.effects._mechanisms import (
    STRENGTHS,
    Discrete,
    Numeric,
    Rows,
    choose,
    fit_discrete,
    fit_numeric,
)
from proveout.families.symbolic.effects._rows import rows_of
from proveout.task import canonical_json, content_hash

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from proveout.families.symbolic.effects._events import Case

    Array = np.ndarray[Any, Any]

__all__ = ["ConsequenceModel", "Mechanisms", "Spread", "fit_consequences", "load_consequences"]

FILE = "consequences.json"
HELD, ATOMS, TINY = 0.25, 5, 1e-12
SEPARATOR = "\x1f"


class Mechanisms(msgspec.Struct, frozen=True):
    """A fitted learner for each variable that comes after an action."""

    discrete: dict[str, Discrete]
    numeric: dict[str, Numeric]


class Spread(msgspec.Struct, frozen=True):
    """How a number varies about its expectation: residuals on held-out rows.

    Attributes:
        low: the residual below which 2.5 % are.
        high: the one above which 2.5 % are.
        atoms: means of equal parts of the residuals, in order: the number's noise, as few values as a plan can follow.
    """

    low: float
    high: float
    atoms: tuple[float, ...]


class ConsequenceModel(msgspec.Struct, frozen=True, kw_only=True):
    """A structural causal model over case events with fitted mechanisms.

    Attributes:
        spec: the declaration.
        mechanisms: the learners, fitted to all cases.
        replicas: the same, fitted to resampled cases; their spread makes the intervals.
        spreads: of the numbers.
        first: at how many first events each combination of the discrete state was seen.
        support: at how many events each combination of the discrete state and action was seen.
        chosen: by variable, the learner chosen on held-out cases and its loss there.
        cases: how many it was fitted to.
    """

    spec: Consequences
    mechanisms: Mechanisms
    replicas: tuple[Mechanisms, ...]
    spreads: dict[str, Spread]
    first: dict[str, float]
    support: dict[str, float]
    chosen: dict[str, tuple[str, float]]
    cases: int

    @property
    def discrete(self) -> list[str]:
        """The discrete variables of the state, sorted."""
        return sorted(name for name, one in self.spec.state.items() if one.values)

    def known(self, state: Mapping[str, Value]) -> dict[str, Value]:
        """The state, checked.

        Raises:
            FactInvalid: a name or value is not the declaration's, or a number is missing.
        """
        strangers = sorted(set(state) - set(self.spec.state))
        if strangers:
            fix = f"use {', '.join(sorted(self.spec.state))}"
            raise FactInvalid("a fact is unknown", why="it is not declared in state", fix=fix, about=strangers[0])
        missing = [name for name, one in self.spec.state.items() if not one.values and name not in state]
        if missing:
            why = "an unknown number has no finite set of values"
            raise FactInvalid("a number is missing", why=why, fix="give it", about=missing[0])
        return {name: check_value(name, self.spec.state[name], state[name]) for name in sorted(state)}

    def belief(self, state: Mapping[str, Value]) -> list[tuple[dict[str, Value], float]]:
        """What the state leaves open, as assignments and their probabilities, most likely first.

        From the first events of cases that agree with it: the action is not among what is conditioned on, because
        whoever acted in the log may have looked at just what is unknown here.
        """
        hidden = [name for name in self.discrete if name not in state]
        if not hidden:
            return [({}, 1.0)]
        found: dict[tuple[str, ...], float] = {}
        for matching in (True, False):
            for key, count in self.first.items():
                values = dict(zip(self.discrete, key.split(SEPARATOR), strict=True))
                if not matching or all(values[name] == state[name] for name in self.discrete if name in state):
                    chosen = tuple(values[name] for name in hidden)
                    found[chosen] = found.get(chosen, 0.0) + count
            if found:
                break
        total = sum(found.values())
        ranked = sorted(found.items(), key=lambda item: (-item[1], item[0]))
        return [(dict(zip(hidden, values, strict=True)), count / total) for values, count in ranked]

    def supported(self, state: Mapping[str, Value], action: str) -> int:
        """At how many logged events the action was taken in that discrete state; what is unknown counts as any."""
        total = 0.0
        for key, count in self.support.items():
            *values, taken = key.split(SEPARATOR)
            if taken == action and all(
                value == state.get(name, value) for name, value in zip(self.discrete, values, strict=True)
            ):
                total += count
        return int(total)

    def save(self, folder: Path) -> None:
        """Write the model to a folder; equal models give equal bytes."""
        folder.mkdir(parents=True, exist_ok=True)
        body = msgspec.to_builtins(self)
        (folder / FILE).write_bytes(canonical_json({"hash": content_hash(body), "model": body}))


def load_consequences(folder: Path) -> ConsequenceModel:
    """The model that `ConsequenceModel.save` wrote.

    Raises:
        ArtifactCorrupt: it is missing, or a byte of it was changed.
    """
    about, fix = str(folder / FILE), "fit the model again"
    try:
        body = msgspec.json.decode((folder / FILE).read_bytes())
        model = msgspec.convert(body["model"], ConsequenceModel)
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ArtifactCorrupt("not a consequence model", why=str(error), fix=fix, about=about) from error
    if content_hash(msgspec.to_builtins(model)) != body.get("hash"):
        raise ArtifactCorrupt("the model was altered", why="its hash does not match", fix=fix, about=about)
    return model


def fit_consequences(
    spec: Consequences, cases: Sequence[Case], *, seed: int = 0, replicas: int = 40
) -> ConsequenceModel:
    """Learn each mechanism of a declaration from logged cases.

    A learner is chosen for each variable on a quarter of the cases, then fitted to all; replicas are fitted to
    cases drawn with replacement, because the events of one case depend on each other.

    Raises:
        DataError: there are too few cases.
        FactInvalid: an event does not fit the declaration.

    Example:
        >>> from proveout.families.symbolic.effects import Case, Event, fit_consequences, read_consequences
        >>> spec = read_consequences(
        ...     {
        ...         "actions": ["approve", "refuse"],
        ...         "safe": "refuse",
        ...         "seen": ["amount"],
        ...         "state": {"amount": {"values": ["small", "large"]}},
        ...         "after": {"result": {"values": ["lost", "kept"], "parents": ["amount", "action"]}},
        ...         "reward": {"result": {"kept": 1}},
        ...     }
        ... )
        >>> events = [
        ...     Event({"amount": "small"}, act, {"result": end})
        ...     for act, end in [("approve", "kept"), ("refuse", "lost")]
        ... ]
        >>> model = fit_consequences(spec, [Case(str(at), (events[at % 2],)) for at in range(40)])
        >>> from proveout.families.symbolic.effects import predict
        >>> [
        ...     (one.after["result"], round(one.probability, 2))
        ...     for one in predict(model, {"amount": "small"}, "approve").outcomes
        ... ]
        [('kept', 1.0), ('lost', 0.0)]
    """
    rows, numbers, first = rows_of(spec, cases)
    rng = np.random.default_rng(seed)
    held = rng.permutation(len(cases)) < HELD * len(cases)
    train, test = rows.some(~held[numbers]), rows.some(held[numbers])
    kinds = {name: _choose(spec, name, train, test) for name in spec.order()}
    spreads = {
        name: _spread(_numeric(spec, name, train, kinds[name][0]), test, name)
        for name in spec.order()
        if not spec.after[name].values
    }
    drawn = [
        np.bincount(rng.integers(0, len(cases), len(cases)), minlength=len(cases))[numbers] for _ in range(replicas)
    ]
    discrete = sorted(name for name, one in spec.state.items() if one.values)
    return ConsequenceModel(
        spec=spec,
        mechanisms=_fit(spec, rows, kinds),
        replicas=tuple(_fit(spec, rows.weighted(weights.astype(float)), kinds) for weights in drawn),
        spreads=spreads,
        first=_counted(rows.some(first), discrete),
        support=_counted(rows, [*discrete, ACTION]),
        chosen=kinds,
        cases=len(cases),
    )


def _fit(spec: Consequences, rows: Rows, kinds: Mapping[str, tuple[str, float]]) -> Mechanisms:
    names = spec.order()
    return Mechanisms(
        {name: _discrete(spec, name, rows, kinds[name][0]) for name in names if spec.after[name].values},
        {name: _numeric(spec, name, rows, kinds[name][0]) for name in names if not spec.after[name].values},
    )


def _discrete(spec: Consequences, name: str, rows: Rows, kind: str) -> Discrete:
    return fit_discrete(rows, next_of(name), spec.inputs(name), spec.after[name].values, kind)


def _numeric(spec: Consequences, name: str, rows: Rows, kind: str) -> Numeric:
    return fit_numeric(rows, next_of(name), spec.inputs(name), kind)


def _choose(spec: Consequences, name: str, train: Rows, test: Rows) -> tuple[str, float]:
    """A table or a regression, whichever predicts the held-out cases better; with a number as input a regression."""
    values, node = spec.after[name].values, next_of(name)
    numbers = any(one in spec.state and not spec.state[one].values for one in spec.inputs(name))
    kinds = ["logistic" if values else "ridge"]
    if not numbers:
        kinds = [*map(str, STRENGTHS), *kinds]
    if values:
        return choose(kinds, train, test, lambda rows, kind: _discrete(spec, name, rows, kind), _log_loss(node, values))
    return choose(kinds, train, test, lambda rows, kind: _numeric(spec, name, rows, kind), _square(node))


def _log_loss(node: str, values: Sequence[str]) -> Any:
    def loss(mechanism: Any, rows: Rows) -> float:
        merged = rows.merged([*mechanism.inputs, node])
        logs = [np.log(max(mechanism.distribution(one)[values.index(one[node])], TINY)) for one in _dicts(merged)]
        return -float(np.average(logs, weights=merged.weights))

    return loss


def _square(node: str) -> Any:
    def loss(mechanism: Any, rows: Rows) -> float:
        return float(np.mean((rows.columns[node] - _means(mechanism, rows)) ** 2))

    return loss


def _means(mechanism: Any, rows: Rows) -> Array:
    """What a mechanism expects of each row, shape (n,)."""
    names = mechanism.inputs
    known: dict[tuple[Any, ...], float] = {}
    found = []
    for values in zip(*(rows.columns[name].tolist() for name in names), strict=True):
        if values not in known:
            known[values] = mechanism.mean(dict(zip(names, values, strict=True)))
        found.append(known[values])
    return np.array(found or [mechanism.mean({})] * len(rows.weights))


def _dicts(rows: Rows) -> list[dict[str, Any]]:
    names = list(rows.columns)
    return [
        dict(zip(names, values, strict=True))
        for values in zip(*(of.tolist() for of in rows.columns.values()), strict=True)
    ]


def _spread(mechanism: Numeric, rows: Rows, name: str) -> Spread:
    residuals = np.sort(rows.columns[next_of(name)] - _means(mechanism, rows))
    low, high = np.quantile(residuals, [0.025, 0.975])
    parts = np.array_split(residuals, min(ATOMS, len(residuals)))
    return Spread(float(low), float(high), tuple(float(part.mean()) for part in parts))


def _counted(rows: Rows, names: Sequence[str]) -> dict[str, float]:
    found: dict[str, float] = {}
    columns = [rows.columns[name].tolist() for name in names]
    for at, weight in enumerate(rows.weights.tolist()):
        key = SEPARATOR.join(column[at] for column in columns)
        found[key] = found.get(key, 0.0) + weight
    return dict(sorted(found.items()))
