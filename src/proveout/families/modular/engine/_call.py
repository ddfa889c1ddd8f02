"""One attempt of a step: in this thread, in another with a time limit, or in a process of its own."""

from __future__ import annotations

from threading import Thread
from typing import TYPE_CHECKING, Any

import msgspec

from proveout.errors import StepFailed, StepTimedOut
from proveout.families.modular.engine._faults import as_error
from proveout.families.modular.graph import invoke, kept

if TYPE_CHECKING:
    from collections.abc import Callable

    from proveout.families.modular.engine._isolated import Isolated
    from proveout.families.modular.graph import Call

__all__ = ["attempt", "attempt_undo"]


def attempt(call: Call, key: str, isolated: Isolated, cancelled: Callable[[], bool]) -> tuple[Any, bytes]:
    """The output of a step as it is read back, and its JSON.

    Args:
        call: to make.
        key: the same for each attempt; given to a step that is ``keyed``.
        isolated: processes for steps that want one.
        cancelled: whether the run is cancelled; asked while an isolated step is at work.

    Raises:
        StepFailed: the step raised, took too long, gave another type, or its process was lost.
        CallStopped: the run was cancelled.
    """
    spec = call.node.spec
    if spec.isolated:
        arguments = {**call.arguments, "key": key} if spec.keyed else call.arguments
        return kept(call.node, msgspec.Raw(isolated.call(call, arguments, cancelled)))
    if spec.timeout_seconds is not None:
        return kept(call.node, _within(lambda: invoke(call, key), spec.timeout_seconds, call.name))
    return kept(call.node, invoke(call, key))


def attempt_undo(call: Call, output: Any) -> None:
    """Undo a step, within its time limit where it has one.

    Raises:
        StepFailed: what undoes it raised, or took too long.
    """
    spec = call.node.spec
    undo = spec.undo
    if undo is None:
        return
    about = f"{call.name} (undo)"
    if spec.timeout_seconds is not None:
        _within(lambda: undo(**call.arguments, output=output), spec.timeout_seconds, about)
        return
    try:
        undo(**call.arguments, output=output)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise as_error(error, about) from error


def _within(run: Callable[[], Any], seconds: float, about: str) -> Any:
    """A thread cannot be stopped from outside, so one that takes too long is left to itself."""
    found: list[Any] = []
    raised: list[BaseException] = []

    def work() -> None:
        try:
            found.append(run())
        except BaseException as error:  # noqa: BLE001  raised again in the thread that waits
            raised.append(error)

    thread = Thread(target=work, name=about, daemon=True)
    thread.start()
    thread.join(seconds)
    if raised:
        raise as_error(raised[0], about) from raised[0]
    if found:
        return found[0]
    if thread.is_alive():
        why = f"it was not done in {seconds} s; its thread cannot be stopped and may still be at work"
        fix = "give it more time, or set isolated: a process can be killed"
        raise StepTimedOut("a step took too long", why=why, fix=fix, about=about)
    raise StepFailed("a step ended without an output", why="its thread ended", fix="look at its code", about=about)
