"""Trials: candidates measured on the same untouched rows, shown as a table, JSON and an offline report."""

from proveout.trial._compare import TrialOptions, compare
from proveout.trial._comparison import (
    BuildCost,
    CandidateResult,
    Comparison,
    Cost,
    Curve,
    CurvePoint,
    Latency,
    LatencyInterval,
    Ledgered,
    Machine,
    Quality,
    Ranking,
    Rows,
    Segment,
    Skipped,
    TaskReference,
    VsIncumbent,
    WrongAnswer,
)
from proveout.trial._curve import CurveOptions, Learner, learning_curve, nested_subset
from proveout.trial._efficiency import Multiplier, Reach, SampleEfficiency, examples_to, sample_efficiency
from proveout.trial._estimates import Estimate
from proveout.trial._facts_read import FactsRead
from proveout.trial._faults import Fault, fault, faults, faulty
from proveout.trial._fields import FieldErrors, FieldQuality, ScoredFields
from proveout.trial._intervals import macro_f1_interval, paired_test, quantile_interval, wilson
from proveout.trial._json import compare_schema, comparison_to_json
from proveout.trial._kinds import Measure, measure_of, points_of
from proveout.trial._latest import latest_trial, mean_usage
from proveout.trial._metrics import Metric, metric, metrics
from proveout.trial._modularity import FaultTrial, ModularityAxis, StepModularity, Swap
from proveout.trial._modularity_run import ModularityPlan
from proveout.trial._modularity_swap import Rebuild
from proveout.trial._recording import Clock, LatencyPlan
from proveout.trial._report import render_report
from proveout.trial._result import is_replayed
from proveout.trial._scored import Scored, score
from proveout.trial._table import render_table
from proveout.trial._texts import ScoredTexts
from proveout.trial._verdict import verdict
from proveout.trial._verify import trial_ids, verify_trial

__all__ = [
    "BuildCost",
    "CandidateResult",
    "Clock",
    "Comparison",
    "Cost",
    "Curve",
    "CurveOptions",
    "CurvePoint",
    "Estimate",
    "FactsRead",
    "Fault",
    "FaultTrial",
    "FieldErrors",
    "FieldQuality",
    "Latency",
    "LatencyInterval",
    "LatencyPlan",
    "Learner",
    "Ledgered",
    "Machine",
    "Measure",
    "Metric",
    "ModularityAxis",
    "ModularityPlan",
    "Multiplier",
    "Quality",
    "Ranking",
    "Reach",
    "Rebuild",
    "Rows",
    "SampleEfficiency",
    "Scored",
    "ScoredFields",
    "ScoredTexts",
    "Segment",
    "Skipped",
    "StepModularity",
    "Swap",
    "TaskReference",
    "TrialOptions",
    "VsIncumbent",
    "WrongAnswer",
    "compare",
    "compare_schema",
    "comparison_to_json",
    "examples_to",
    "fault",
    "faults",
    "faulty",
    "is_replayed",
    "latest_trial",
    "learning_curve",
    "macro_f1_interval",
    "mean_usage",
    "measure_of",
    "metric",
    "metrics",
    "nested_subset",
    "paired_test",
    "points_of",
    "quantile_interval",
    "render_report",
    "render_table",
    "sample_efficiency",
    "score",
    "trial_ids",
    "verdict",
    "verify_trial",
    "wilson",
]
