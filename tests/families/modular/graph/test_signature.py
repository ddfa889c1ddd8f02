from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import msgspec
import pytest

from proveout.errors import WorkflowInvalid
from proveout.families.modular.graph._signature import signature_of
from proveout.families.modular.graph._types import NO_FIELD


class Slots(msgspec.Struct):
    city: str
    day: int = 3


class Model:
    def __init__(self, size: int) -> None:
        self.size = size

    def __call__(self, text: str, *, most: int = 3) -> list[str]:
        return text.split()[:most]

    def method(self, text: str) -> str:
        return text


def plain(text: str, other, *rest: int, **more: str) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    ...


def test_a_function() -> None:
    found = signature_of(plain, "s")
    assert (found.takes, found.optional) == ({"text": str, "other": Any}, frozenset())
    assert (found.gives, found.rest) == (type(None), str)


@pytest.mark.parametrize(
    ("run", "takes", "optional", "gives"),
    [
        (Model(3), {"text": str, "most": int}, {"most"}, list[str]),
        (Model(3).method, {"text": str}, set(), str),
        (Model, {"size": int}, set(), Model),
        (Slots, {"city": str, "day": int}, {"day"}, Slots),
        (functools.partial(Model(3), most=2), {"text": str, "most": int}, {"most"}, list[str]),
        (lambda text: text, {"text": Any}, set(), Any),
    ],
)
def test_other_callables(run: Callable[..., Any], takes: dict[str, Any], optional: set[str], gives: Any) -> None:
    found = signature_of(run, "s")
    assert (found.takes, set(found.optional)) == (takes, optional)
    assert (found.gives, found.rest) == (gives, NO_FIELD)


async def later(text: str) -> str:
    return text


def one_by_one(text: str) -> Iterator[str]:
    yield text


async def both(text: str) -> AsyncIterator[str]:
    yield text


class AsyncModel:
    async def __call__(self, text: str) -> str:
        return text


@pytest.mark.parametrize("run", [later, one_by_one, both, AsyncModel(), functools.partial(later)])
def test_what_gives_later_is_no_step(run: Any) -> None:
    with pytest.raises(WorkflowInvalid) as caught:
        signature_of(run, "g: s")
    assert str(caught.value).startswith("g: s: not an ordinary function: ")
    assert "is asynchronous or a generator, and a step gives its output when it returns" in str(caught.value)


def positional(text: str, /) -> str:
    return text


def unresolved(text: Missing) -> str:  # type: ignore[name-defined]  # noqa: F821
    return str(text)


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (positional, "a parameter cannot be named: text of positional is positional only. Next: take the / out"),
        (unresolved, "cannot read unresolved's parameters: name 'Missing' is not defined. Next: annotate with names"),
        (max, "cannot read max's parameters: no signature found"),
    ],
)
def test_what_cannot_be_called_by_name(run: Any, message: str) -> None:
    with pytest.raises(WorkflowInvalid) as caught:
        signature_of(run, "g: s")
    assert message in str(caught.value)
