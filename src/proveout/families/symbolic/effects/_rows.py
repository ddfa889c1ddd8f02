"""Cases as columns, checked against their declaration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from proveout.errors import DataEmpty, FactInvalid, SplitTooSmall
from proveout.families.symbolic.effects._events import ACTION, Consequences, check_value, next_of
from proveout.families.symbolic.effects._mechanisms import Rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from proveout.families.symbolic.effects._events import Case, Variable

    Array = np.ndarray[Any, Any]

__all__ = ["FEWEST", "rows_of"]

# One case in four is held out to choose the learners; fewer cases than these choose by chance.
FEWEST = 20


def rows_of(spec: Consequences, cases: Sequence[Case]) -> tuple[Rows, Array, Array]:
    """The events as columns by node, the number of each one's case, and whether it is the case's first.

    Raises:
        DataEmpty: there are no events.
        SplitTooSmall: there are fewer than 20 cases.
        FactInvalid: a value is missing or none of the variable's, or an action is unknown.
    """
    events = [(at, first, case, event) for at, case in enumerate(cases) for first, event in enumerate(case.events)]
    if not events:
        raise DataEmpty("there are no events", why="the cases are empty", fix="export them again", about="cases")
    if len(cases) < FEWEST:
        why = f"there are {len(cases)} cases"
        raise SplitTooSmall("there are too few cases", why=why, fix=f"give {FEWEST} or more", about="cases")
    columns: dict[str, list[Any]] = {node: [] for node in [*spec.state, ACTION, *map(next_of, spec.after)]}
    for _, _, case, event in events:
        if event.action not in spec.actions:
            fix = f"use one of {', '.join(spec.actions)}"
            raise FactInvalid("an action is unknown", why=f"it is {event.action!r}", fix=fix, about=case.id)
        columns[ACTION].append(event.action)
        for name, variable in spec.state.items():
            columns[name].append(_value(case.id, name, variable, event.state))
        for name, variable in spec.after.items():
            columns[next_of(name)].append(_value(case.id, name, variable, event.after))
    arrays = {node: _array(values) for node, values in columns.items()}
    numbers = np.array([at for at, _, _, _ in events])
    return Rows(arrays, np.ones(len(events))), numbers, np.array([first == 0 for _, first, _, _ in events])


def _value(case: str, name: str, variable: Variable, given: dict[str, Any]) -> Any:
    if name not in given:
        fix = "record it in every event, or declare it hidden"
        raise FactInvalid("a value is missing", why=f"an event has no {name}", fix=fix, about=case)
    return check_value(name, variable, given[name])


def _array(values: list[Any]) -> Array:
    return np.array(values, dtype=object if isinstance(values[0], str) else float)
