"""A second opinion on an effect: DoWhy identifies, estimates and refutes it by its own code."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from proveout.errors import FactInvalid, GraphInvalid
from proveout.families.symbolic.effects._design import columns_of, design_of
from proveout.families.symbolic.effects._extra import extra

if TYPE_CHECKING:
    from proveout.families.symbolic.effects._design import Design, Question

__all__ = ["SecondOpinion", "second_opinion"]

# DoWhy clips propensities to 0.05 and 0.95 unless told otherwise, which is no small change where treatment is rare.
SCHEME = {"weighting_scheme": "ips_normalized_weight", "min_ps_score": 1e-6, "max_ps_score": 1 - 1e-6}
RIDGE = 1e-3
NAMES: dict[str, tuple[str, dict[str, Any]]] = {
    "regression": ("backdoor.linear_regression", {}),
    "weighting": ("backdoor.propensity_score_weighting", SCHEME),
    "instrument": ("iv.instrumental_variable", {}),
}
REFUTERS: dict[str, tuple[str, dict[str, Any]]] = {
    "placebo treatment": ("placebo_treatment_refuter", {"placebo_type": "permute"}),
    "random common cause": ("random_common_cause", {}),
    "data subset": ("data_subset_refuter", {"subset_fraction": 0.8}),
}


class SecondOpinion(msgspec.Struct, frozen=True):
    """What DoWhy says.

    Attributes:
        value: its estimate.
        method: the name of its estimator.
        adjusted: the columns it adjusts for, found in the graph if there is one.
        refutations: mean estimate under each attempt of its refuters.
    """

    value: float
    method: str
    adjusted: tuple[str, ...]
    refutations: dict[str, float]


def second_opinion(
    table: Any, question: Question, method: str = "regression", *, seed: int = 0, runs: int = 0
) -> SecondOpinion:
    """DoWhy's estimate of the same question (Sharma and Kiciman 2020), and with ``runs`` its refutations.

    Its linear regression has no interaction of treatment and causes unless they are effect modifiers, as they are here.

    Raises:
        DataError: the table does not fit the question.
        FactInvalid: DoWhy has no such method.
        GraphInvalid: it cannot identify the effect.
        ExtraMissing: the extra ``causal`` is not installed.
    """
    if method not in NAMES:
        raise FactInvalid(
            "no second opinion", why="DoWhy is not asked for it", fix=f"use {', '.join(NAMES)}", about=method
        )
    name, parameters = NAMES[method]
    design = design_of(table, question)
    with warnings.catch_warnings():
        # DoWhy 0.14 uses arguments that pandas 3 and scikit-learn 1.8 deprecate; nothing of ours is run in here.
        warnings.simplefilter("ignore")
        model = _model(table, question, design)
        estimand = model.identify_effect(proceed_when_unidentifiable=not question.edges)
        chosen = estimand.get_instrumental_variables() if method == "instrument" else estimand.get_backdoor_variables()
        if method == "instrument" and not chosen:
            fix = "name an instrument of the graph"
            raise GraphInvalid("not identified", why="DoWhy finds no instrument", fix=fix, about=question.treatment)
        estimate = model.estimate_effect(
            estimand, method_name=name, target_units=question.target, method_params=_parameters(method, parameters)
        )
        value = _value(model, estimate, question, method)
        refutations = {
            label: _mean(model.refute_estimate(estimand, estimate, method_name=refuter, **_settings(more, seed, runs)))
            for label, (refuter, more) in (REFUTERS.items() if runs else ())
        }
    return SecondOpinion(value, name, tuple(sorted(chosen)), refutations)


def _parameters(method: str, parameters: dict[str, Any]) -> dict[str, Any]:
    if method != "weighting":
        return {}
    model = extra("sklearn.linear_model").LogisticRegression(C=1 / RIDGE, max_iter=2000)
    return {"init_params": {**parameters, "propensity_score_model": model}}


def _value(model: Any, estimate: Any, question: Question, method: str) -> float:
    """The estimate; DoWhy's regression takes no notice of its target units, so it is asked again on those rows."""
    if method == "regression" and question.target == "att":
        rows = model._data[model._data[question.treatment] == 1]  # noqa: SLF001  the frame that we gave it
        estimate = estimate.estimator.estimate_effect(rows, 1, 0, need_conditional_estimates=False)
    return float(np.ravel(estimate.value)[0])


def _settings(more: dict[str, Any], seed: int, runs: int) -> dict[str, Any]:
    # DoWhy draws from numpy's global generator unless it is given a seed.
    return {**more, "num_simulations": runs, "random_seed": seed, "show_progress_bar": False}


def _mean(refutation: Any) -> float:
    return float(np.ravel(refutation.new_effect)[0])


def _model(table: Any, question: Question, design: Design) -> Any:
    """DoWhy's model: of the graph over the table's columns, or of the design's."""
    pandas = extra("pandas")
    dowhy = extra("dowhy")
    base = {question.treatment: design.treated.astype(int), question.outcome: design.outcome}
    if question.edges:
        columns = columns_of(table)
        nodes = sorted({node for edge in question.edges for node in edge})
        more = {
            node: [float(value) for value in columns[node]] for node in nodes if node in columns and node not in base
        }
        graph = extra("networkx").DiGraph(list(question.edges))
        frame = pandas.DataFrame({**base, **more})
        return dowhy.CausalModel(frame, question.treatment, question.outcome, graph=graph)
    causes = {name: design.causes[:, at] for at, name in enumerate(design.names)}
    instruments = {name: design.instruments[:, at] for at, name in enumerate(question.instruments)}
    frame = pandas.DataFrame({**base, **causes, **instruments})
    return dowhy.CausalModel(
        frame,
        question.treatment,
        question.outcome,
        common_causes=list(causes),
        instruments=list(instruments),
        effect_modifiers=list(causes),
    )
