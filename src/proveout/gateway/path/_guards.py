"""Guards on the path: each looks at a text, and what it says is in the record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proveout.errors import GuardRefused
from proveout.guard import guards

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from proveout.gateway._exchange import Exchange
    from proveout.guard import Guard

__all__ = ["guard_text", "text_guards"]


def text_guards(names: Iterable[str]) -> tuple[Guard, ...]:
    """The guards of these names.

    Raises:
        GuardUnknown: none is registered under a name.
    """
    return tuple(guards.create(name) for name in names)


def guard_text(exchange: Exchange, used: Sequence[Guard], text: bytes, where: str) -> None:
    """Have the guards look at an input or an answer.

    Args:
        exchange: whose outcome takes the verdicts.
        used: guards, in order.
        text: JSON or events, as it is sent.
        where: ``input`` or ``output``.

    Raises:
        GuardRefused: one of them does not let it pass.
    """
    # JSON writes a line break as \n, which no pattern of a guard expects.
    shown = text.decode("utf-8", "replace").replace("\\n", "\n") if used else ""
    for one in used:
        verdict = one.check(shown)
        exchange.outcome.verdicts += ((one.name, "passed" if verdict.allowed else verdict.reason),)
        if not verdict.allowed:
            fix = "leave that out" if where == "input" else "ask for something else"
            raise GuardRefused(
                f"the {where} is refused by a guard", why=f"it {verdict.reason}", fix=fix, about=f"guard {one.name}"
            )
