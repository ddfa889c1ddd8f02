"""Micro-models: small parts that are built, versioned, tested and released one by one."""

from proveout.families.modular.micro._build import BuiltMicro, MicroCard, build_micro, load_micro
from proveout.families.modular.micro._choose import ChooseModel, ChooseParameters
from proveout.families.modular.micro._encoders import Encoders, SharedEncoder
from proveout.families.modular.micro._facts import FactsModel, FactsParameters
from proveout.families.modular.micro._intent import IntentModel, IntentParameters
from proveout.families.modular.micro._kinds import (
    MicroKind,
    MicroModel,
    MicroRun,
    Parameters,
    micro_kind,
    micro_kinds,
)
from proveout.families.modular.micro._nearest import NearestModel, NearestParameters
from proveout.families.modular.micro._normalise import NormaliseModel, NormaliseParameters
from proveout.families.modular.micro._reply import Known, ReplyModel, ReplyParameters
from proveout.families.modular.micro._rows import MicroRow, MicroRows, micro_rows
from proveout.families.modular.micro._rules import RulesModel, RulesParameters
from proveout.families.modular.micro._scope import ScopeModel, ScopeParameters
from proveout.families.modular.micro._search import SearchModel, SearchParameters
from proveout.families.modular.micro._slots import SlotsModel, SlotsParameters
from proveout.families.modular.micro._slots_tuned import TunedSlotsModel, TunedSlotsParameters
from proveout.families.modular.micro._types import (
    Chosen,
    Decision,
    FoundSentence,
    Intent,
    Passages,
    Reply,
    Scope,
    Slot,
    Slots,
    Value,
    Values,
)
from proveout.families.symbolic._case import Case

__all__ = [
    "BuiltMicro",
    "Case",
    "ChooseModel",
    "ChooseParameters",
    "Chosen",
    "Decision",
    "Encoders",
    "FactsModel",
    "FactsParameters",
    "FoundSentence",
    "Intent",
    "IntentModel",
    "IntentParameters",
    "Known",
    "MicroCard",
    "MicroKind",
    "MicroModel",
    "MicroRow",
    "MicroRows",
    "MicroRun",
    "NearestModel",
    "NearestParameters",
    "NormaliseModel",
    "NormaliseParameters",
    "Parameters",
    "Passages",
    "Reply",
    "ReplyModel",
    "ReplyParameters",
    "RulesModel",
    "RulesParameters",
    "Scope",
    "ScopeModel",
    "ScopeParameters",
    "SearchModel",
    "SearchParameters",
    "SharedEncoder",
    "Slot",
    "Slots",
    "SlotsModel",
    "SlotsParameters",
    "TunedSlotsModel",
    "TunedSlotsParameters",
    "Value",
    "Values",
    "build_micro",
    "load_micro",
    "micro_kind",
    "micro_kinds",
    "micro_rows",
]
