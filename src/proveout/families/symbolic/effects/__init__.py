"""Effects of a treatment from data, and a model of what follows from actions in a case."""

from proveout.families.symbolic.effects._check import check_plan
from proveout.families.symbolic.effects._consequences import ConsequenceModel, fit_consequences, load_consequences
from proveout.families.symbolic.effects._counterfactual import Counterfactual, Instead, counterfactual
from proveout.families.symbolic.effects._design import Question
from proveout.families.symbolic.effects._dowhy import SecondOpinion, second_opinion
from proveout.families.symbolic.effects._estimate import Effect, estimate_effect
from proveout.families.symbolic.effects._events import Case, Consequences, Event, Variable, read_consequences
from proveout.families.symbolic.effects._methods import EffectMethod, effect_method, effect_methods
from proveout.families.symbolic.effects._plan import Allowed, Follow, Plan, Pruned, Step, Verdict, plan
from proveout.families.symbolic.effects._predict import Outcome, Prediction, Span, predict
from proveout.families.symbolic.effects._propensity import Overlap
from proveout.families.symbolic.effects._refute import Refutation

__all__ = [
    "Allowed",
    "Case",
    "ConsequenceModel",
    "Consequences",
    "Counterfactual",
    "Effect",
    "EffectMethod",
    "Event",
    "Follow",
    "Instead",
    "Outcome",
    "Overlap",
    "Plan",
    "Prediction",
    "Pruned",
    "Question",
    "Refutation",
    "SecondOpinion",
    "Span",
    "Step",
    "Variable",
    "Verdict",
    "check_plan",
    "counterfactual",
    "effect_method",
    "effect_methods",
    "estimate_effect",
    "fit_consequences",
    "load_consequences",
    "plan",
    "predict",
    "read_consequences",
    "second_opinion",
]
