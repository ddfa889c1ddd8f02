"""For people who extend Proveout: the conformance suite of families, and fakes."""

from proveout.testing._composed import FakeComposed
from proveout.testing._composed_promises import check_composed
from proveout.testing._conformance import check_family
from proveout.testing._fakes import FakeLedger, make_splits, make_task
from proveout.testing._provider import (
    FakeProvider,
    Reply,
    answering,
    completion,
    dropped,
    half,
    malformed,
    refusal,
    rejecting,
    tool_call,
    trickle,
)
from proveout.testing._upstream import FakeUpstream

__all__ = [
    "FakeComposed",
    "FakeLedger",
    "FakeProvider",
    "FakeUpstream",
    "Reply",
    "answering",
    "check_composed",
    "check_family",
    "completion",
    "dropped",
    "half",
    "make_splits",
    "make_task",
    "malformed",
    "refusal",
    "rejecting",
    "tool_call",
    "trickle",
]
