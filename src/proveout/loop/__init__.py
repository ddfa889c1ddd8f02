"""The loop as Python calls: new, snapshot, build, compare, certify, verify; and the knowledge base of a task."""

from proveout.loop._adjudicate import Adjudication, Ask, Asker, adjudicate, label_queue
from proveout.loop._certify import CertifyOptions, CertifyResult, certify
from proveout.loop._knowledge import Found, ingest, replay, search
from proveout.loop._new import new
from proveout.loop._open import OpenTask, opened, quiet
from proveout.loop._policy import Explanation, PolicyCheck, WhatIf, check_policy, diff_policies, explain_case, what_if
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
    "Explanation",
    "Found",
    "OpenTask",
    "PolicyCheck",
    "Skipped",
    "SuspectRow",
    "VerifyReport",
    "WhatIf",
    "adjudicate",
    "build",
    "certify",
    "check_policy",
    "compare",
    "diff_policies",
    "explain_case",
    "ingest",
    "label_queue",
    "new",
    "opened",
    "quiet",
    "replay",
    "search",
    "snapshot",
    "suspects",
    "verify",
    "verify_certificate",
    "what_if",
]
