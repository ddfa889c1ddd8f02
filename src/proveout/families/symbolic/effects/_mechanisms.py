"""Learners of one variable given its causes, with parameters that are plain numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from proveout.families.symbolic.effects._events import ACTION, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Array = np.ndarray[Any, Any]

__all__ = [
    "Discrete",
    "Encoding",
    "Logistic",
    "Means",
    "Numeric",
    "Ridge",
    "Rows",
    "Table",
    "fit_discrete",
    "fit_numeric",
]

SEPARATOR = "\x1f"
STRENGTHS = (0.5, 2.0, 8.0)
RIDGE = 1.0


class Rows(msgspec.Struct, frozen=True):
    """Events as columns by node: text of shape (n,), or numbers of shape (n,); and the weight of each row.

    ``cells`` remembers the cells of combinations of columns, which are the same for every replica's weights.
    """

    columns: dict[str, Array]
    weights: Array
    cells: dict[tuple[str, ...], tuple[list[str], Array]] = {}

    def some(self, chosen: Array) -> Rows:
        """The rows of a mask or an index."""
        return Rows({name: column[chosen] for name, column in self.columns.items()}, self.weights[chosen])

    def merged(self, names: Sequence[str]) -> Rows:
        """One row for each combination of some columns, with their weight; as they are if one of those is a number."""
        if any(self.columns[name].dtype.kind == "f" for name in names):
            return self
        keys, numbers = _keys(self, names)
        first = np.zeros(len(keys), dtype=int)
        first[numbers[::-1]] = np.arange(len(numbers))[::-1]
        weights = np.bincount(numbers, self.weights, len(keys))
        return Rows({name: self.columns[name][first] for name in names}, weights)

    def weighted(self, weights: Array) -> Rows:
        """The same rows with other weights."""
        return Rows(self.columns, weights, self.cells)


def _key(given: Mapping[str, Value], inputs: Sequence[str]) -> str:
    return SEPARATOR.join(str(given[name]) for name in inputs)


def _keys(rows: Rows, inputs: Sequence[str]) -> tuple[list[str], Array]:
    """Different keys, and the number of each row's."""
    if not inputs:
        return [""], np.zeros(len(rows.weights), dtype=int)
    if tuple(inputs) in rows.cells:
        return rows.cells[tuple(inputs)]
    joined = [SEPARATOR.join(values) for values in zip(*(rows.columns[name].tolist() for name in inputs), strict=True)]
    keys, numbers = np.unique(np.array(joined, dtype=object).astype(str), return_inverse=True)
    rows.cells[tuple(inputs)] = (keys.tolist(), numbers)
    return rows.cells[tuple(inputs)]


def _groups(inputs: Sequence[str]) -> list[str]:
    """The action alone, where it is an input: what a cell without rows falls back on."""
    return [ACTION] if ACTION in inputs else []


class Table(msgspec.Struct, frozen=True, tag=True):
    """Frequencies by cell, drawn towards those of the action: Dirichlet smoothing (MacKay and Peto 1995).

    Attributes:
        inputs: names of the inputs, all discrete.
        counts: weight of each value by cell.
        prior: share of each value by action.
        strength: rows that the prior is worth.
    """

    inputs: tuple[str, ...]
    counts: dict[str, tuple[float, ...]]
    prior: dict[str, tuple[float, ...]]
    strength: float

    def distribution(self, given: Mapping[str, Value]) -> tuple[float, ...]:
        """Probability of each value."""
        prior = _prior(self.prior, given, self.inputs)
        counts = self.counts.get(_key(given, self.inputs), (0.0,) * len(prior))
        total = sum(counts) + self.strength
        return tuple((count + self.strength * share) / total for count, share in zip(counts, prior, strict=True))


class Encoding(msgspec.Struct, frozen=True):
    """Inputs as numbers: an indicator for each value but the first, numbers less their mean by their deviation."""

    levels: dict[str, tuple[str, ...]]
    centre: dict[str, float]
    scale: dict[str, float]

    def row(self, given: Mapping[str, Value]) -> list[float]:
        """The features of one row: a one, then those of each input."""
        found = [1.0]
        for name, levels in self.levels.items():
            found += [float(given[name] == level) for level in levels[1:]]
        return found + [(float(given[name]) - self.centre[name]) / self.scale[name] for name in self.centre]

    def matrix(self, rows: Rows) -> Array:
        """The features of all rows, shape (n, d)."""
        columns = [np.ones(len(rows.weights))]
        for name, levels in self.levels.items():
            columns += [(rows.columns[name] == level).astype(float) for level in levels[1:]]
        columns += [(rows.columns[name] - self.centre[name]) / self.scale[name] for name in self.centre]
        return np.column_stack(columns)


class Logistic(msgspec.Struct, frozen=True, tag=True):
    """A multinomial logistic regression for each action, mixed with the action's shares as of one row.

    Attributes:
        inputs: names of the inputs.
        encoding: of those but the action.
        weights: by action, shape (values, features); a value that never came has none and only its prior share.
        rows: weight of the rows by action.
        prior: share of each value by action.
    """

    inputs: tuple[str, ...]
    encoding: Encoding
    weights: dict[str, tuple[tuple[float, ...] | None, ...]]
    rows: dict[str, float]
    prior: dict[str, tuple[float, ...]]

    def distribution(self, given: Mapping[str, Value]) -> tuple[float, ...]:
        """Probability of each value."""
        prior = _prior(self.prior, given, self.inputs)
        group = _key(given, _groups(self.inputs))
        if group not in self.weights:
            return prior
        features = self.encoding.row(given)
        scores = [
            -np.inf if weight is None else sum(a * b for a, b in zip(weight, features, strict=True))
            for weight in self.weights[group]
        ]
        powers = np.exp(np.array(scores) - max(scores))
        rows = self.rows[group]
        return tuple(
            float((rows * power + share) / (rows + 1))
            for power, share in zip(powers / powers.sum(), prior, strict=True)
        )


Discrete = Table | Logistic


class Means(msgspec.Struct, frozen=True, tag=True):
    """Means by cell, drawn towards the action's as if by ``strength`` rows."""

    inputs: tuple[str, ...]
    sums: dict[str, tuple[float, float]]
    prior: dict[str, float]
    strength: float

    def mean(self, given: Mapping[str, Value]) -> float:
        """The expected value."""
        prior = self.prior.get(_key(given, _groups(self.inputs)), self.prior[""])
        total, rows = self.sums.get(_key(given, self.inputs), (0.0, 0.0))
        return (total + self.strength * prior) / (rows + self.strength)


class Ridge(msgspec.Struct, frozen=True, tag=True):
    """A ridge regression for each action (Hoerl and Kennard 1970); the mean is not shrunk."""

    inputs: tuple[str, ...]
    encoding: Encoding
    weights: dict[str, tuple[float, ...]]

    def mean(self, given: Mapping[str, Value]) -> float:
        """The expected value."""
        weights = self.weights.get(_key(given, _groups(self.inputs)), self.weights[""])
        return sum(a * b for a, b in zip(weights, self.encoding.row(given), strict=True))


Numeric = Means | Ridge


def _prior(
    prior: Mapping[str, tuple[float, ...]], given: Mapping[str, Value], inputs: Sequence[str]
) -> tuple[float, ...]:
    return prior.get(_key(given, _groups(inputs)), prior[""])


def fit_discrete(rows: Rows, node: str, inputs: tuple[str, ...], values: tuple[str, ...], kind: str) -> Discrete:
    """The learner of that kind: ``logistic``, or the strength of a table's prior as text."""
    rows = rows.merged([*inputs, node])
    prior = _shares(rows, node, inputs, values)
    if kind == "logistic":
        return _logistic(rows, node, inputs, values, prior)
    numbers, cells = _keys(rows, inputs)
    codes = _codes(rows.columns[node], values)
    flat = np.bincount(cells * len(values) + codes, rows.weights, len(numbers) * len(values))
    counts = flat.reshape(len(numbers), len(values)).tolist()
    found: dict[str, tuple[float, ...]]
    found = {key: tuple(row) for key, row in zip(numbers, counts, strict=True) if sum(row)}
    return Table(inputs, found, prior, float(kind))


def fit_numeric(rows: Rows, node: str, inputs: tuple[str, ...], kind: str) -> Numeric:
    """The learner of that kind: ``ridge``, or the strength of a mean's prior as text."""
    y = rows.columns[node]
    groups, of = _keys(rows, _groups(inputs))
    if kind == "ridge":
        encoding = _encoding(rows, inputs)
        x = encoding.matrix(rows)
        masks = {"": np.ones(len(y), dtype=bool), **{group: of == at for at, group in enumerate(groups)}}
        weights = {group: _solve(x[mask], y[mask], rows.weights[mask]) for group, mask in masks.items()}
        return Ridge(inputs, encoding, weights)
    keys, cells = _keys(rows, inputs)
    totals, sizes = np.bincount(cells, rows.weights * y), np.bincount(cells, rows.weights)
    sums = {key: (float(totals[at]), float(sizes[at])) for at, key in enumerate(keys)}
    whole = float(np.average(y, weights=rows.weights))
    sizes = np.bincount(of, rows.weights)
    means = np.bincount(of, rows.weights * y) / np.maximum(sizes, 1e-12)
    prior = {"": whole, **{group: float(means[at]) if sizes[at] else whole for at, group in enumerate(groups) if group}}
    return Means(inputs, sums, prior, float(kind))


def _codes(column: Array, values: Sequence[str]) -> Array:
    place = {value: at for at, value in enumerate(values)}
    return np.array([place[value] for value in column.tolist()], dtype=int)


def _shares(rows: Rows, node: str, inputs: Sequence[str], values: Sequence[str]) -> dict[str, tuple[float, ...]]:
    """Share of each value by action and overall, with one row spread over all values."""
    groups, of = _keys(rows, _groups(inputs))
    codes = _codes(rows.columns[node], values)
    found = {}
    for group, mask in [("", np.ones(len(of), dtype=bool)), *((group, of == at) for at, group in enumerate(groups))]:
        counts = np.bincount(codes[mask], rows.weights[mask], len(values)) + 1 / len(values)
        found[group] = tuple((counts / counts.sum()).tolist())
    return found


def _encoding(rows: Rows, inputs: Sequence[str]) -> Encoding:
    levels: dict[str, tuple[str, ...]] = {}
    centre: dict[str, float] = {}
    scale: dict[str, float] = {}
    # In order of their names, as canonical JSON keeps them.
    for name in sorted(inputs):
        column = rows.columns[name]
        if name == ACTION:
            continue
        if column.dtype.kind in "OU":
            levels[name] = tuple(sorted(set(column.tolist())))
        else:
            centre[name], scale[name] = float(column.mean()), float(column.std()) or 1.0
    return Encoding(levels, centre, scale)


def _solve(x: Array, y: Array, weights: Array) -> tuple[float, ...]:
    penalty = np.full(x.shape[1], RIDGE)
    penalty[0] = 1e-6
    weighted = x * weights[:, None]
    return tuple(np.linalg.solve(weighted.T @ x + np.diag(penalty), weighted.T @ y).tolist())


def _logistic(
    rows: Rows, node: str, inputs: tuple[str, ...], values: tuple[str, ...], prior: dict[str, tuple[float, ...]]
) -> Logistic:
    encoding = _encoding(rows, inputs)
    x, codes = encoding.matrix(rows), _codes(rows.columns[node], values)
    groups, of = _keys(rows, _groups(inputs))
    weights: dict[str, tuple[tuple[float, ...] | None, ...]] = {}
    sizes = {}
    for at, group in enumerate(groups):
        mask = (of == at) & (rows.weights > 0)
        if mask.any():
            weights[group] = _classes(x[mask], codes[mask], rows.weights[mask], len(values))
            sizes[group] = float(rows.weights[mask].sum())
    return Logistic(inputs, encoding, weights, sizes, prior)


def _classes(x: Array, codes: Array, weights: Array, width: int) -> tuple[tuple[float, ...] | None, ...]:
    """Weights by class, none for a class that does not occur."""
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415  a second, and few commands need it

    found: list[tuple[float, ...] | None] = [None] * width
    present = sorted(set(codes.tolist()))
    if len(present) == 1:
        found[present[0]] = (0.0,) * x.shape[1]
        return tuple(found)
    model = LogisticRegression(C=1.0, max_iter=1000).fit(x[:, 1:], codes, sample_weight=weights)
    table = np.column_stack([model.intercept_, model.coef_])
    # With two classes scikit-learn keeps the weights of the second only.
    table = np.vstack([np.zeros(table.shape[1]), table[0]]) if len(table) == 1 else table
    for code, row in zip(present, table.tolist(), strict=True):
        found[code] = tuple(row)
    return tuple(found)


def choose(
    kinds: Sequence[str],
    train: Rows,
    held: Rows,
    fit: Callable[[Rows, str], Discrete | Numeric],
    loss: Callable[[Discrete | Numeric, Rows], float],
) -> tuple[str, float]:
    """The kind with the least loss on held-out rows, and that loss; the first where they tie."""
    losses = {kind: loss(fit(train, kind), held) for kind in kinds}
    best = min(losses, key=lambda kind: (losses[kind], kinds.index(kind)))
    return best, losses[best]
