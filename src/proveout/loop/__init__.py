"""The loop as Python calls: new, snapshot, build, compare, certify, cost, decide, verify; search, runs and graphs."""

from proveout.loop._adjudicate import Adjudication, Ask, Asker, adjudicate, label_queue
from proveout.loop._certify import CertifyOptions, CertifyResult, certify
from proveout.loop._diagram import Diagram, diagram
from proveout.loop._economics import (
    certified_in,
    cost,
    decide,
    measured_joules,
    measurements_of,
    price_list,
    scenario_of,
)
from proveout.loop._event_graphs import graph_handler
from proveout.loop._graph_files import LoadedGraph, load_reference
from proveout.loop._knowledge import Found, ingest, replay, search
from proveout.loop._new import new
from proveout.loop._open import OpenTask, opened, quiet
from proveout.loop._policy import Explanation, PolicyCheck, WhatIf, check_policy, diff_policies, explain_case, what_if
from proveout.loop._runs import (
    approve_run,
    cancel_run,
    list_runs,
    queue_run,
    resume_run,
    run_reference,
    show_run,
    work_runs,
)
from proveout.loop._stages import BuildResult, Skipped, build, compare, snapshot
from proveout.loop._suspects import SuspectRow, suspects
from proveout.loop._verify import Check, VerifyReport, verify, verify_certificate

__all__ = [
    "Adjudication",
    "Ask",
    "Asker",
    "BuildResult",
    "CertifyOptions",
    "CertifyResult",
    "Check",
    "Diagram",
    "Explanation",
    "Found",
    "LoadedGraph",
    "OpenTask",
    "PolicyCheck",
    "Skipped",
    "SuspectRow",
    "VerifyReport",
    "WhatIf",
    "adjudicate",
    "approve_run",
    "build",
    "cancel_run",
    "certified_in",
    "certify",
    "check_policy",
    "compare",
    "cost",
    "decide",
    "diagram",
    "diff_policies",
    "explain_case",
    "graph_handler",
    "ingest",
    "label_queue",
    "list_runs",
    "load_reference",
    "measured_joules",
    "measurements_of",
    "new",
    "opened",
    "price_list",
    "queue_run",
    "quiet",
    "replay",
    "resume_run",
    "run_reference",
    "scenario_of",
    "search",
    "show_run",
    "snapshot",
    "suspects",
    "verify",
    "verify_certificate",
    "what_if",
    "work_runs",
]
