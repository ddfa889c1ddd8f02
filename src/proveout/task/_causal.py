"""What ``[causal]`` must satisfy beyond the types of its keys, its regular expressions above all."""

from __future__ import annotations

import re
import warnings
from functools import lru_cache
from importlib import import_module
from math import prod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from proveout.task._task import CausalFactor, Task

__all__ = ["causal_field", "causal_problem", "pattern_of"]

Problem = tuple[str, str, str]

LONGEST_PATTERN = 1000
# Ways a pattern may try to match at one place, where a repeat without an end counts as UNENDING.
WAYS, UNENDING = 100_000, 1000
# A match that depends on what stands around it, or on what another group found, is no regular one.
IRREGULAR = {"ASSERT", "ASSERT_NOT", "GROUPREF", "GROUPREF_EXISTS"}
BOTH = 2
REPEATS = {"MAX_REPEAT", "MIN_REPEAT"}


def causal_field(task: Task, factor: CausalFactor) -> str:
    """The input field that a factor stands in.

    Example:
        >>> from proveout.task import CausalFactor, Task
        >>> task = Task(name="t", kind="classify", input={"properties": {"text": {}}}, output={})
        >>> causal_field(task, CausalFactor(name="greeting", role="non-causal", insert=("Hi.",)))
        'text'
    """
    return factor.field or task.input_fields[0]


@lru_cache(maxsize=256)
def pattern_of(find: str) -> re.Pattern[str]:
    """A regular expression, compiled, with upper and lower case alike.

    Raises:
        ValueError: it is none, holds more than one group, or could take exponential or cubic time.

    Example:
        >>> pattern_of("([0-9]{1,3}) days").search("30 Days").group(1)
        '30'
        >>> pattern_of("(a+)+b")
        Traceback (most recent call last):
        ValueError: a repeat stands within a repeat
    """
    if len(find) > LONGEST_PATTERN:
        raise ValueError(f"it is longer than {LONGEST_PATTERN:,} characters")
    try:
        with warnings.catch_warnings():
            # A pattern that another Python may read another way is none to rely on.
            warnings.simplefilter("error")
            compiled = re.compile(find, re.IGNORECASE)
            # The tree is what re itself compiles; reading the pattern a second time could read it another way.
            tree = import_module("re._parser").parse(find, re.IGNORECASE)
    except (re.error, RecursionError, OverflowError, FutureWarning, DeprecationWarning) as error:
        raise ValueError(f"it is no regular expression: {error}") from error
    if compiled.groups > 1:
        raise ValueError(f"it has {compiled.groups} groups, and one is replaced; write (?:...) for the others")
    ways = prod(_choices(tree, repeated=False))
    if ways > WAYS:
        raise ValueError("it can match in too many ways: bound its repeats, as in [0-9]{1,3}")
    return compiled


def _choices(tree: Any, *, repeated: bool) -> Iterator[int]:
    """In how many ways each repeat and each alternative can match."""
    for operator, value in tree:
        name = str(operator)
        if name in IRREGULAR:
            raise ValueError("it looks around or back, which not every engine does in linear time")
        if name in REPEATS:
            low, high, inner = value
            if repeated and low != high:
                raise ValueError("a repeat stands within a repeat")
            yield min(int(high) - int(low), UNENDING) + 1
            yield from _choices(inner, repeated=repeated or int(high) > 1)
        elif name == "BRANCH":
            if repeated:
                raise ValueError("alternatives stand within a repeat")
            yield len(value[1])
            for branch in value[1]:
                yield from _choices(branch, repeated=repeated)
        else:
            yield from _choices(_inner(name, value), repeated=repeated)


def _inner(name: str, value: Any) -> Any:
    """The part of the tree within a group; nothing for a character."""
    return {"SUBPATTERN": lambda: value[-1], "ATOMIC_GROUP": lambda: value, "POSSESSIVE_REPEAT": lambda: value[2]}.get(
        name, tuple
    )()


def causal_problem(task: Task) -> Problem | None:
    """What is wrong with ``[causal]``, why, and what to do; None when nothing is."""
    causal = task.causal
    names = [factor.name for factor in causal.factors]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        return ("two causal factors of one name", f"both are {twice!r}", "give each factor its own name")
    strange = [label for label in causal.order if task.labels and label not in task.labels]
    if strange:
        return ("causal.order holds no label", f"{strange[0]!r} is no label", f"use {', '.join(map(str, task.labels))}")
    if len(set(causal.order)) != len(causal.order):
        return ("causal.order repeats itself", "a label stands in it twice", "name each label once")
    return next((found for factor in causal.factors if (found := _factor_problem(task, factor))), None)


def _factor_problem(task: Task, factor: CausalFactor) -> Problem | None:
    wrong = _field_problem(task, factor) or _edit_problem(task, factor) or _role_problem(task, factor)
    return wrong and (f"causal factor {factor.name!r}: {wrong[0]}", wrong[1], wrong[2])


def _field_problem(task: Task, factor: CausalFactor) -> Problem | None:
    known = ", ".join(task.input_fields)
    if not factor.field and len(task.input_fields) != 1:
        return ("no field", f"the input has the fields {known}", "set field to one of them")
    field = causal_field(task, factor)
    if field not in task.input_fields:
        return ("unknown field", f"the input has no {field!r}", f"use one of {known}")
    stated = task.input["properties"][field].get("type", "string")
    if (factor.find or factor.insert) and "string" not in ([stated] if isinstance(stated, str) else stated):
        return ("no text to edit", f"{field!r} is of type {stated}", "set values or range instead of find or insert")
    return None


def _edit_problem(task: Task, factor: CausalFactor) -> Problem | None:
    if factor.find:
        try:
            pattern_of(factor.find)
        except ValueError as error:
            return ("find cannot be used", str(error), "write a plain regular expression with one group")
    ends = list(factor.range)
    edited = factor.insert or factor.values or factor.range or factor.groups
    checks: list[tuple[bool, Problem]] = [
        (
            bool(ends) and not (len(ends) == BOTH and ends[0] < ends[1]),
            ("range is none", f"it is {ends}", "set it to the lowest and the highest number"),
        ),
        (
            factor.template.count("{}") != 1,
            ("template has no place", f"it is {factor.template!r}", "write {} where the value goes"),
        ),
        (
            bool(factor.insert and (factor.find or factor.values or factor.range)),
            ("two ways to edit", "it inserts and replaces", "keep insert, or find, values and range"),
        ),
        (
            bool(factor.find and not (factor.values or factor.range or factor.groups)),
            ("nothing to put there", "find has neither values nor range", "set one of them"),
        ),
        (
            not (edited or task.causal.contrast),
            ("no way to edit it", "it has no insert, values or range", "set one, or name contrast rows"),
        ),
    ]
    return _first(checks)


def _role_problem(task: Task, factor: CausalFactor) -> Problem | None:
    role, groups = f"its role is {factor.role}", factor.groups
    checks: list[tuple[bool, Problem]] = [
        (
            bool(factor.direction) and not (factor.role == "causal" and factor.range),
            ("a direction without numbers", "only a causal factor with a range has one", "set range, or drop it"),
        ),
        (
            bool(factor.direction and task.labels and not task.causal.order),
            ("a direction without an order", "causal.order is empty", "order the labels from lowest to highest"),
        ),
        (
            bool(factor.threshold) and factor.role != "causal",
            ("a threshold that must not matter", role, "make it causal, or drop threshold"),
        ),
        (
            bool(groups) and factor.role != "protected",
            ("groups of a factor that is not protected", role, "set values instead"),
        ),
        (
            bool(groups) and (len(groups) < BOTH or not all(groups.values())),
            ("groups that cannot be compared", "there are not two with values", "name two groups with values each"),
        ),
        (
            bool(factor.insert and groups) and not all(text.count("{}") == 1 for text in factor.insert),
            ("no place for the group's value", f"insert is {list(factor.insert)}", "write {} once in each"),
        ),
    ]
    return _first(checks)


def _first(checks: list[tuple[bool, Problem]]) -> Problem | None:
    return next((problem for holds, problem in checks if holds), None)
