"""Economics: what each architecture costs, when a move pays back, and when it does not pay at all."""

from proveout.economics._breakeven import BreakEven, break_even
from proveout.economics._choice import Choice, Ranked, Weighed, choose, weigh
from proveout.economics._criteria import Score, evidence_named
from proveout.economics._decide import CostReport, Decision, Option, cost, decide
from proveout.economics._distributions import Distribution, Lognormal, Normal, Quantity, Triangular, Uniform
from proveout.economics._drivers import Driver, FlipPoint, drivers, flip_points
from proveout.economics._energy import Energy, EnergyMeter, calibrated, local_energy, remote_energy
from proveout.economics._entries import Decided
from proveout.economics._flow import Flow, break_even_day, net_after, present_value, simulate, volume_until
from proveout.economics._focus import FOCUS_COLUMNS, focus_csv
from proveout.economics._gates import Gate
from proveout.economics._inputs import Architecture, Inputs, ListedPrice, Parameter, PriceList, draw, resolve, typical
from proveout.economics._json import cost_to_json, decision_to_json
from proveout.economics._measured import Certified, Difference, Measured, Measurements
from proveout.economics._offpolicy import OffPolicy, doubly_robust, inverse_propensity
from proveout.economics._product import ProductChange
from proveout.economics._read import (
    SCENARIO_FILE,
    check_scenario,
    load_scenario,
    parse_scenario,
    scenario_keys,
    with_volume,
)
from proveout.economics._reasons import Outcome
from proveout.economics._report import render_costs, render_decision
from proveout.economics._runrate import RunRate, TierRate
from proveout.economics._scenario import (
    ArchitectureTerms,
    Criterion,
    CriterionScore,
    DecisionTerms,
    GateTerms,
    ModelPrice,
    MonteCarlo,
    PriceTerms,
    ProductFigure,
    Scenario,
    Tier,
    Traffic,
)
from proveout.economics._spread import Spread
from proveout.economics._table import print_costs, print_decision, print_verdict
from proveout.economics._uplift import Counts, Uplift, cpu_hours_saved, escalations_avoided, uplift

__all__ = [
    "FOCUS_COLUMNS",
    "SCENARIO_FILE",
    "Architecture",
    "ArchitectureTerms",
    "BreakEven",
    "Certified",
    "Choice",
    "CostReport",
    "Counts",
    "Criterion",
    "CriterionScore",
    "Decided",
    "Decision",
    "DecisionTerms",
    "Difference",
    "Distribution",
    "Driver",
    "Energy",
    "EnergyMeter",
    "FlipPoint",
    "Flow",
    "Gate",
    "GateTerms",
    "Inputs",
    "ListedPrice",
    "Lognormal",
    "Measured",
    "Measurements",
    "ModelPrice",
    "MonteCarlo",
    "Normal",
    "OffPolicy",
    "Option",
    "Outcome",
    "Parameter",
    "PriceList",
    "PriceTerms",
    "ProductChange",
    "ProductFigure",
    "Quantity",
    "Ranked",
    "RunRate",
    "Scenario",
    "Score",
    "Spread",
    "Tier",
    "TierRate",
    "Traffic",
    "Triangular",
    "Uniform",
    "Uplift",
    "Weighed",
    "break_even",
    "break_even_day",
    "calibrated",
    "check_scenario",
    "choose",
    "cost",
    "cost_to_json",
    "cpu_hours_saved",
    "decide",
    "decision_to_json",
    "doubly_robust",
    "draw",
    "drivers",
    "escalations_avoided",
    "evidence_named",
    "flip_points",
    "focus_csv",
    "inverse_propensity",
    "load_scenario",
    "local_energy",
    "net_after",
    "parse_scenario",
    "present_value",
    "print_costs",
    "print_decision",
    "print_verdict",
    "remote_energy",
    "render_costs",
    "render_decision",
    "resolve",
    "scenario_keys",
    "simulate",
    "typical",
    "uplift",
    "volume_until",
    "weigh",
    "with_volume",
]
