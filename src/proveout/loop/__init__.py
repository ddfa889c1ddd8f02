"""The loop as Python calls: new, snapshot, build, compare, verify."""

from proveout.loop._new import new
from proveout.loop._open import OpenTask, opened, quiet
from proveout.loop._stages import BuildResult, Skipped, build, compare, snapshot
from proveout.loop._verify import Check, VerifyReport, verify

__all__ = [
    "BuildResult",
    "Check",
    "OpenTask",
    "Skipped",
    "VerifyReport",
    "build",
    "compare",
    "new",
    "opened",
    "quiet",
    "snapshot",
    "verify",
]
