"""Answers written down as they are given, so that a trial that was killed goes on at the first missing chunk."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from proveout.errors import ArtifactCorrupt, CandidateInvalid
from proveout.ledger import Ledger, LedgerReader
from proveout.store import Workspace, write_atomic
from proveout.task import Answer, Example
from proveout.trial._entries import AnswersRecorded, LatencyRecorded, ProbesMade

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from proveout.families import Candidate

__all__ = [
    "Clock",
    "LatencyPlan",
    "Recorder",
    "Recording",
    "answers_path",
    "digest",
    "probes_path",
    "probing",
]

Progress = Callable[[str, int, int], None]


class Clock(msgspec.Struct, frozen=True):
    """Elapsed seconds and processor seconds of this process; a test passes its own."""

    wall: Callable[[], float] = time.perf_counter
    cpu: Callable[[], float] = time.process_time


class LatencyPlan(msgspec.Struct, frozen=True):
    """How latency at batch 1 is measured.

    Attributes:
        warm_up: requests made first and not counted.
        requests: at most this many are counted, spread evenly over the rows.
        budget_seconds: it stops early after this time, though not before ``least`` requests.
        least: requests made even when they are slow.
    """

    warm_up: int = 10
    requests: int = 300
    budget_seconds: float = 60.0
    least: int = 20


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """All answers of one candidate, what they took, and the entries that say so."""

    answers: tuple[Answer, ...]
    wall_seconds: float
    cpu_seconds: float
    entries: tuple[int, ...]


class Recorder(msgspec.Struct, frozen=True, kw_only=True):
    """Runs candidates on rows and writes down what they answer.

    Attributes:
        workspace: where answers are written.
        ledger: that says so.
        snapshot: id.
        examples: rows of the opened TestSplit, or probes.
        chunk: rows per batch, and per ledger entry.
        clock: of elapsed and processor time.
        latency: how latency is measured.
        probes: hash of the probes; "" for rows of the TestSplit.
    """

    workspace: Workspace
    ledger: Ledger
    snapshot: str
    examples: tuple[Example, ...]
    chunk: int
    clock: Clock
    latency: LatencyPlan
    probes: str = ""

    def record(self, candidate_id: str, candidate: Candidate, progress: Callable[[int, int], None]) -> Recording:
        """Answer all rows in chunks; chunks recorded before are read back instead.

        Raises:
            ArtifactCorrupt: a recorded chunk is not what the ledger says it is.
            CandidateInvalid: it does not give one answer per input, or a confidence is outside 0 to 1.
        """
        known = self._recorded(candidate_id)
        answers: list[Answer] = []
        indexes: list[int] = []
        parts: list[AnswersRecorded] = []
        for start in range(0, len(self.examples), self.chunk):
            rows = self.examples[start : start + self.chunk]
            found = self._read(known.get((start, len(rows))))
            index, body, given = found or self._answer(candidate_id, candidate, start, rows)
            answers.extend(given)
            indexes.append(index)
            parts.append(body)
            progress(len(answers), len(self.examples))
        return Recording(
            answers=tuple(answers),
            wall_seconds=sum(part.wall_seconds for part in parts),
            cpu_seconds=sum(part.cpu_seconds for part in parts),
            entries=tuple(indexes),
        )

    def record_latency(self, candidate_id: str, candidate: Candidate) -> tuple[int, LatencyRecorded]:
        """Time single requests, after a warm-up; a measurement made before is read back instead."""
        with LedgerReader.open(self.workspace) as reader:
            for entry in reader.entries(kind=LatencyRecorded.kind):
                body = entry.body()
                if isinstance(body, LatencyRecorded) and self._is_of(body, candidate_id):
                    return entry.index, body
        body = LatencyRecorded(
            candidate=candidate_id,
            snapshot=self.snapshot,
            seconds=self._single_requests(candidate),
            warm_up=self.latency.warm_up,
        )
        return self.ledger.append(body).index, body

    def _single_requests(self, candidate: Candidate) -> tuple[float, ...]:
        plan, wall = self.latency, self.clock.wall
        inputs = [example.inputs for example in self.examples]
        if not inputs:
            return ()
        for number in range(plan.warm_up):
            candidate.answer([inputs[number % len(inputs)]])
        count = min(plan.requests, len(inputs))
        deadline = wall() + plan.budget_seconds
        seconds: list[float] = []
        for number in range(count):
            begun = wall()
            candidate.answer([inputs[number * len(inputs) // count]])
            ended = wall()
            seconds.append(ended - begun)
            if ended > deadline and len(seconds) >= plan.least:
                break
        return tuple(seconds)

    def _is_of(self, body: AnswersRecorded | LatencyRecorded, candidate_id: str) -> bool:
        return (body.candidate, body.snapshot) == (candidate_id, self.snapshot)

    def _recorded(self, candidate_id: str) -> dict[tuple[int, int], tuple[int, AnswersRecorded]]:
        found = {}
        with LedgerReader.open(self.workspace) as reader:
            for entry in reader.entries(kind=AnswersRecorded.kind):
                body = entry.body()
                if isinstance(body, AnswersRecorded) and body.probes == self.probes and self._is_of(body, candidate_id):
                    found[body.start, body.rows] = (entry.index, body)
        return found

    def _read(self, known: tuple[int, AnswersRecorded] | None) -> tuple[int, AnswersRecorded, Sequence[Answer]] | None:
        if known is None:
            return None
        index, body = known
        path = self._path(body.hash)
        if not path.exists():
            return None
        content = path.read_bytes()
        if digest(content) != body.hash:
            why = f"the ledger's entry {index} names another content"
            fix = "delete the file and compare again: its rows are then answered anew"
            raise ArtifactCorrupt("recorded answers were changed", why=why, fix=fix, about=str(path))
        return index, body, msgspec.json.decode(content, type=list[Answer])

    def _answer(
        self, candidate_id: str, candidate: Candidate, start: int, rows: Sequence[Example]
    ) -> tuple[int, AnswersRecorded, Sequence[Answer]]:
        wall, cpu = self.clock.wall(), self.clock.cpu()
        answers = candidate.answer([example.inputs for example in rows])
        wall, cpu = self.clock.wall() - wall, self.clock.cpu() - cpu
        _check(candidate_id, answers, len(rows))
        content = msgspec.json.encode(answers)
        body = AnswersRecorded(
            candidate=candidate_id,
            snapshot=self.snapshot,
            start=start,
            rows=len(rows),
            hash=digest(content),
            wall_seconds=wall,
            cpu_seconds=cpu,
            probes=self.probes,
        )
        # The file first: an entry must never name answers that are not there.
        write_atomic(self._path(body.hash), content)
        return self.ledger.append(body).index, body, answers

    def _path(self, name: str) -> Path:
        return answers_path(self.workspace, name)


def _check(candidate_id: str, answers: Sequence[Answer], rows: int) -> None:
    fix = "run testing.check_family on the family that built it"
    if len(answers) != rows:
        why = f"it gave {len(answers)} answers to {rows} inputs"
        raise CandidateInvalid("the candidate breaks the protocol", why=why, fix=fix, about=candidate_id)
    odd = next((answer.confidence for answer in answers if not 0.0 <= answer.confidence <= 1.0), None)
    if odd is not None:
        why = f"a confidence is {odd}, outside 0 to 1"
        raise CandidateInvalid("the candidate breaks the protocol", why=why, fix=fix, about=candidate_id)


def answers_path(workspace: Workspace, name: str) -> Path:
    """Where the recorded answers of one hash are."""
    return workspace.trials / "answers" / name[:2] / f"{name}.json"


def probes_path(workspace: Workspace, name: str) -> Path:
    """Where the inputs of one hash are that candidates were asked besides the test rows."""
    return workspace.trials / "probes" / name[:2] / f"{name}.json"


def probing(recorder: Recorder, purpose: str, examples: Sequence[Example]) -> Recorder:
    """A recorder of other inputs than the test rows: they are written down first, and the ledger names their hash."""
    content = msgspec.json.encode([example.inputs for example in examples], order="deterministic")
    name = digest(content)
    path = probes_path(recorder.workspace, name)
    if not path.exists():
        write_atomic(path, content)
        body = ProbesMade(snapshot=recorder.snapshot, purpose=purpose, hash=name, rows=len(examples))
        recorder.ledger.append(body)
    return msgspec.structs.replace(recorder, examples=tuple(examples), probes=name)


def digest(content: bytes) -> str:
    """BLAKE2b-256 (RFC 7693), as 64 hex digits."""
    return hashlib.blake2b(content, digest_size=32).hexdigest()
