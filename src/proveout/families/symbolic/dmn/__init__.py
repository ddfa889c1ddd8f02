"""DMN decision models: read from XML or JSON, checked, and decided with a proof."""

from proveout.families.symbolic.dmn._analyse import check_model, decision_table_rules
from proveout.families.symbolic.dmn._check import check_dmn
from proveout.families.symbolic.dmn._execute import DecisionModel, decide, feel
from proveout.families.symbolic.dmn._feel_values import to_json
from proveout.families.symbolic.dmn._json import from_json
from proveout.families.symbolic.dmn._model import Decision, Finding, Table
from proveout.families.symbolic.dmn._xml import dmn_json, load_dmn

__all__ = [
    "Decision",
    "DecisionModel",
    "Finding",
    "Table",
    "check_dmn",
    "check_model",
    "decide",
    "decision_table_rules",
    "dmn_json",
    "feel",
    "from_json",
    "load_dmn",
    "to_json",
]
