"""For people who extend Proveout: the conformance suite of families, and fakes."""

from proveout.testing._conformance import check_family
from proveout.testing._fakes import FakeLedger, make_splits, make_task
from proveout.testing._provider import FakeProvider, Reply, completion

__all__ = ["FakeLedger", "FakeProvider", "Reply", "check_family", "completion", "make_splits", "make_task"]
