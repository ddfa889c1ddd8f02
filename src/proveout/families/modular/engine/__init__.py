"""Durable runs of graphs: an SQLite journal, from which a run goes on after its process was killed."""

from proveout.families.modular.engine._engine import SqliteEngine
from proveout.families.modular.engine._entries import RunEnded, RunStarted, StepTrace
from proveout.families.modular.engine._model import (
    Durability,
    EngineOptions,
    RunDetail,
    RunInfo,
    RunResult,
    RunStatus,
    ScheduleInfo,
    StepOutcome,
    StepShown,
)
from proveout.families.modular.engine._protocol import Engine
from proveout.families.modular.engine._schedule import Timing
from proveout.families.modular.engine._versions import Graphs

__all__ = [
    "Durability",
    "Engine",
    "EngineOptions",
    "Graphs",
    "RunDetail",
    "RunEnded",
    "RunInfo",
    "RunResult",
    "RunStarted",
    "RunStatus",
    "ScheduleInfo",
    "SqliteEngine",
    "StepOutcome",
    "StepShown",
    "StepTrace",
    "Timing",
]
