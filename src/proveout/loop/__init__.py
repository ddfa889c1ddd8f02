"""The loop as Python calls: new, snapshot, build, compare, cost, decide, verify; and the knowledge base of a task."""

from proveout.loop._economics import cost, decide, measured_joules, measurements_of, price_list, scenario_of
from proveout.loop._knowledge import Found, ingest, replay, search
from proveout.loop._new import new
from proveout.loop._open import OpenTask, opened, quiet
from proveout.loop._policy import Explanation, PolicyCheck, WhatIf, check_policy, diff_policies, explain_case, what_if
from proveout.loop._stages import BuildResult, Skipped, build, compare, snapshot
from proveout.loop._suspects import SuspectRow, suspects
from proveout.loop._verify import Check, VerifyReport, verify

__all__ = [
    "BuildResult",
    "Check",
    "Explanation",
    "Found",
    "OpenTask",
    "PolicyCheck",
    "Skipped",
    "SuspectRow",
    "VerifyReport",
    "WhatIf",
    "build",
    "check_policy",
    "compare",
    "cost",
    "decide",
    "diff_policies",
    "explain_case",
    "ingest",
    "measured_joules",
    "measurements_of",
    "new",
    "opened",
    "price_list",
    "quiet",
    "replay",
    "scenario_of",
    "search",
    "snapshot",
    "suspects",
    "verify",
    "what_if",
]
