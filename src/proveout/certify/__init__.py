"""Certificates: how much traffic the cheap path may serve at how little loss; signed, and kept true for life."""

from proveout.certify._adjudicate import (
    VERDICTS,
    Question,
    aim_reached,
    questions_csv,
    questions_of,
    read_questions_csv,
    settled,
    verdicts_of,
)
from proveout.certify._bounds import (
    betting_p,
    binomial_p,
    binomial_upper,
    coverage_margin,
    fewest_rows,
    kelly_bet,
    most_losses,
)
from proveout.certify._budget import Spending, check_repeat, open_look
from proveout.certify._cache import CacheLookup, certify_cache
from proveout.certify._certificate import (
    Certificate,
    EvidenceFile,
    certificate_bytes,
    certificate_ids,
    certificate_schema,
    issue,
    load_certificate,
    store_certificate,
)
from proveout.certify._decide import Part, Step, decide
from proveout.certify._entries import (
    CertificateAlarmed,
    CertificateIssued,
    CertifyOpened,
    RowAdjudicated,
    TrafficAudited,
)
from proveout.certify._export import ml_bom, model_card
from proveout.certify._lifelong import LifelongState, LifelongTerms, alarms, audits_to_catch, lifelong_terms
from proveout.certify._page import render_certificate
from proveout.certify._plan import Claim, Expected, Grid, Incumbency, Plan, check_candidate, choose_grid, expect
from proveout.certify._power import Needed, Traffic, enough_traffic, needed
from proveout.certify._rows import Repeats, Row, Verdict, check_rows, evidence_bytes, rows_of, units_of
from proveout.certify._sequence import reject_in_sequence
from proveout.certify._verifier import verify_certificate
from proveout.certify._watch import alarm_of, lifelong_state
from proveout.certify._words import promise, share

__all__ = [
    "VERDICTS",
    "CacheLookup",
    "Certificate",
    "CertificateAlarmed",
    "CertificateIssued",
    "CertifyOpened",
    "Claim",
    "EvidenceFile",
    "Expected",
    "Grid",
    "Incumbency",
    "LifelongState",
    "LifelongTerms",
    "Needed",
    "Part",
    "Plan",
    "Question",
    "Repeats",
    "Row",
    "RowAdjudicated",
    "Spending",
    "Step",
    "Traffic",
    "TrafficAudited",
    "Verdict",
    "aim_reached",
    "alarm_of",
    "alarms",
    "audits_to_catch",
    "betting_p",
    "binomial_p",
    "binomial_upper",
    "certificate_bytes",
    "certificate_ids",
    "certificate_schema",
    "certify_cache",
    "check_candidate",
    "check_repeat",
    "check_rows",
    "choose_grid",
    "coverage_margin",
    "decide",
    "enough_traffic",
    "evidence_bytes",
    "expect",
    "fewest_rows",
    "issue",
    "kelly_bet",
    "lifelong_state",
    "lifelong_terms",
    "load_certificate",
    "ml_bom",
    "model_card",
    "most_losses",
    "needed",
    "open_look",
    "promise",
    "questions_csv",
    "questions_of",
    "read_questions_csv",
    "reject_in_sequence",
    "render_certificate",
    "rows_of",
    "settled",
    "share",
    "store_certificate",
    "units_of",
    "verdicts_of",
    "verify_certificate",
]
