"""How far a run is and what comes next: pure, and the same whether steps happen or are read back from the journal."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import msgspec

from proveout.errors import DeterminismBroken, ProveoutError, StepFailed
from proveout.families.modular.engine._faults import error_of
from proveout.families.modular.graph import Execution

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from proveout.families.modular.engine._model import RunStatus, StepRecord
    from proveout.families.modular.graph import Call, Graph

__all__ = ["Action", "Ask", "Do", "End", "Progress", "Undo", "Wait", "input_hash", "replayed"]

_encode = msgspec.json.Encoder(order="deterministic").encode
Key = tuple[str, int]


class Do(NamedTuple):
    """Call a step."""

    call: Call
    attempt: int


class Undo(NamedTuple):
    """Undo a step whose output is given."""

    call: Call
    output: Any
    attempt: int


class Wait(NamedTuple):
    """Nothing can be done before that time, which is at most so many seconds away."""

    until: float
    longest: float


class Ask(NamedTuple):
    """Nothing can be done before a person answers; these were not asked for yet."""

    calls: tuple[Call, ...]


class End(NamedTuple):
    """The run is over."""

    status: RunStatus
    error: ProveoutError | None


Action = Do | Undo | Wait | Ask | End


class _Failures(NamedTuple):
    """Failed attempts of one call; ``due`` is when it is tried again."""

    failed: int
    due: float


def input_hash(call: Call) -> bytes:
    """BLAKE2b-128 (RFC 7693) of a call's arguments as JSON with sorted keys and sets."""
    return hashlib.blake2b(_encode(call.arguments), digest_size=16).digest()


class Progress:
    """One run: an `Execution` with attempts, answers of people, cancellation and what is undone.

    `decide` says what to do; whoever does it writes a record and gives it to `apply`. A run read back from its journal
    is the same records applied again.

    Args:
        graph: that is run.
        inputs: of the run.
        about: id of the run.

    Example:
        >>> from proveout.families.modular.graph import Graph, StepSpec
        >>> def shout(text: str) -> str:
        ...     return text.upper()
        >>> step = StepSpec(name="shout", run=shout, takes={"text": "input.text"})
        >>> progress = Progress(Graph("g", takes={"text": str}, steps=[step], gives="shout"), {"text": "hi"}, "r")
        >>> action = progress.decide(0.0)
        >>> action.call.name, action.attempt
        ('shout', 1)
    """

    def __init__(self, graph: Graph, inputs: Mapping[str, Any], about: str) -> None:
        self.execution = Execution(graph, inputs)
        self.about = about
        self._open: dict[Key, Call] = {}
        self._failures: dict[Key, _Failures] = {}
        self._asked: set[str] = set()
        self._approved: set[str] = set()
        self._undone: set[Key] = set()
        self._not_undone: list[str] = []
        self._cancelled = False
        self._undoes = True
        self._take_ready()

    def apply(self, record: StepRecord, output: Any = None) -> None:
        """What a record says has happened; ``output`` is a done step's, decoded.

        Raises:
            DeterminismBroken: the step it names is not one that could have come next.
        """
        self._APPLY[record.outcome](self, record, output)

    def stop(self, *, undo: bool) -> None:
        """Cancel: no further step is called, and those with an ``undo`` are undone where that is wanted."""
        self._cancelled, self._undoes = True, undo
        self._fail(StepFailed("cancelled", why="somebody cancelled it", fix="start another run", about=self.about))

    def decide(self, now: float) -> Action:
        """What to do at that time."""
        if self.execution.outcome != "running":
            return self._finish(now)
        soonest: _Failures | None = None
        for key, call in self._open.items():
            if call.node.spec.approval and key[0] not in self._approved:
                continue
            failures = self._failures.get(key)
            if failures is None:
                return Do(call, 1)
            if failures.due <= now:
                return Do(call, failures.failed + 1)
            if soonest is None or failures.due < soonest.due:
                soonest = failures
        if soonest is not None:
            return Wait(soonest.due, max(self._longest_wait(), 0.0))
        unasked = {call.node.name: call for call in self._open.values() if call.node.name not in self._asked}
        return Ask(tuple(unasked.values()))

    def open_call(self, record: StepRecord) -> Call:
        """The call a record is about.

        Raises:
            DeterminismBroken: the run does not ask for it, or with other arguments.
        """
        call = self._open.get((record.step, record.item))
        if call is None:
            why = f"the journal holds {record.name}, and the run asks for {self._shown_open()}"
            raise self._broken("a journalled step is not asked for", why, record)
        if record.hash and input_hash(call) != record.hash:
            why = f"{record.name} was called with other arguments when it ran"
            raise self._broken("a step is asked for with other arguments", why, record)
        return call

    def output_of(self, call: Call, record: StepRecord) -> Any:
        """The output that a record holds.

        Raises:
            DeterminismBroken: it is not of the type that the step gives.
        """
        try:
            return call.node.decoder.decode(record.content)
        except msgspec.DecodeError as error:
            raise self._broken("a journalled output is of another type", str(error), record) from error

    def _broken(self, what: str, why: str, record: StepRecord) -> DeterminismBroken:
        fix = "run it with the code it began on; what steps give may depend on nothing but their arguments"
        return DeterminismBroken(what, why=why, fix=fix, about=f"{self.about}: {record.name}")

    def _shown_open(self) -> str:
        return ", ".join(call.name for call in self._open.values()) or "none"

    def _take_ready(self) -> None:
        ready = self.execution.ready
        while ready:
            call = ready.popleft()
            self._open[call.node.name, call.item] = call

    def _done(self, record: StepRecord, output: Any) -> None:
        key = (record.step, record.item)
        call = self._open.pop(key)
        if self._failures:
            self._failures.pop(key, None)
        self.execution.finished(call, output)
        self._take_ready()

    def _failed(self, record: StepRecord, _output: Any) -> None:
        if record.due is None:
            self._fail(error_of(record.content))
        else:
            self._failures[record.step, record.item] = _Failures(record.attempt, record.due)

    def _fail(self, error: ProveoutError) -> None:
        self.execution.failed(error)
        self._open.clear()
        self._failures.clear()

    def _ask(self, record: StepRecord, _output: Any) -> None:
        self._asked.add(record.step)

    def _approve(self, record: StepRecord, _output: Any) -> None:
        self._approved.add(record.step)

    def _refuse(self, record: StepRecord, _output: Any) -> None:
        calls = [call for key, call in self._open.items() if key[0] == record.step]
        if not calls:
            raise self._broken("a journalled step is not asked for", f"the run never asks for {record.step}", record)
        self._open = {key: call for key, call in self._open.items() if key[0] != record.step}
        self.execution.skip(calls[0])
        self._take_ready()

    def _undo(self, record: StepRecord, _output: Any) -> None:
        self._undone.add((record.step, record.item))

    def _undo_failed(self, record: StepRecord, _output: Any) -> None:
        key = (record.step, record.item)
        if record.due is not None:
            self._failures[key] = _Failures(record.attempt, record.due)
            return
        self._undone.add(key)
        self._not_undone.append(f"{record.name} could not be undone: {error_of(record.content).why}")

    def _finish(self, now: float) -> Action:
        if self.execution.outcome == "done":
            return End("done", None)
        for call, output in self.execution.undone() if self._undoes else ():
            key = (call.node.name, call.item)
            if key in self._undone:
                continue
            failures = self._failures.get(key, _Failures(0, now))
            if failures.due > now:
                return Wait(failures.due, call.node.spec.retry.wait(failures.failed))
            return Undo(call, output, failures.failed + 1)
        return End("cancelled" if self._cancelled else "failed", self._error())

    def _error(self) -> ProveoutError | None:
        error = self.execution.error
        if not isinstance(error, ProveoutError) or (self._cancelled and not self._not_undone):
            return None
        why = "; ".join([error.why, *self._not_undone])
        return type(error)(error.what, why=why, fix=error.fix, about=error.about)

    def _longest_wait(self) -> float:
        return min(self._open[key].node.spec.retry.wait(one.failed) for key, one in self._failures.items())

    _APPLY: ClassVar[dict[str, Callable[[Progress, StepRecord, Any], None]]] = {
        "done": _done,
        "failed": _failed,
        "asked": _ask,
        "approved": _approve,
        "refused": _refuse,
        "undone": _undo,
        "undo_failed": _undo_failed,
    }


def replayed(graph: Graph, inputs: Mapping[str, Any], records: Iterable[StepRecord], about: str) -> Progress:
    """The run as its journal leaves it.

    Args:
        graph: the version it began on.
        inputs: of the run.
        records: in the order they were written.
        about: id of the run.

    Raises:
        DeterminismBroken: a step is asked for with other arguments, or one in the journal is not asked for.
    """
    progress = Progress(graph, inputs, about)
    for record in records:
        output = None
        if record.outcome in {"done", "failed"}:
            call = progress.open_call(record)
            output = progress.output_of(call, record) if record.outcome == "done" else None
        progress.apply(record, output)
    return progress
