"""Migrate, do not migrate, or not enough evidence: gates first, then money, then what has no price."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec
import numpy as np

from proveout.economics._breakeven import BreakEven, break_even
from proveout.economics._choice import Choice, choose
from proveout.economics._criteria import Score, scored
from proveout.economics._drivers import Driver, FlipPoint, drivers, flip_points
from proveout.economics._flow import flow_of, present_value
from proveout.economics._gates import Gate, check_gates
from proveout.economics._inputs import Inputs, Parameter, draw, typical
from proveout.economics._product import ProductChange, product_changes
from proveout.economics._reasons import Outcome, judged
from proveout.economics._runrate import RunRate, run_rates

if TYPE_CHECKING:
    from fractions import Fraction

    from proveout.economics._distributions import Floats
    from proveout.economics._unit import Values

__all__ = ["CostReport", "Decision", "Option", "cost", "decide"]

SCHEMA = "urn:proveout:schema:economics:1"


class CostReport(msgspec.Struct, frozen=True, kw_only=True):
    """What each architecture costs and what moving to it saves.

    Attributes:
        task: name.
        scenario: its name.
        trial: id of the trial that figures come from.
        incumbent: the architecture in production.
        horizon_days: how far costs are added up.
        rates: of each architecture, the incumbent first.
        break_even: of moving from the incumbent to each other one.
        drivers: of each move's net present value, the strongest first.
        flips: where each move's net present value turns its sign.
        product: what moves do for figures that the product is judged by.
        parameters: every figure with its source.
        warnings: what a reader must know before using the figures.
    """

    task: str
    scenario: str
    trial: str
    incumbent: str
    horizon_days: int
    rates: tuple[RunRate, ...]
    break_even: tuple[BreakEven, ...]
    drivers: dict[str, tuple[Driver, ...]]
    flips: dict[str, tuple[FlipPoint, ...]]
    product: tuple[ProductChange, ...]
    parameters: tuple[Parameter, ...]
    warnings: tuple[str, ...]
    schema: str = SCHEMA


class Option(msgspec.Struct, frozen=True, kw_only=True):
    """One architecture that could replace the incumbent: its gates, and what became of it."""

    architecture: str
    candidate: str
    gates: tuple[Gate, ...]
    outcome: Outcome


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict, and all that it stands on.

    Attributes:
        verdict: ``migrate``, ``do not migrate`` or ``not enough evidence``.
        to: the architecture to move to; "" when none, or when each of several is worth it and none is the clear winner.
        reason: in plain words.
        options: all architectures but the incumbent.
        choice: among those that passed the gates and the incumbent.
        scores: by criteria that have no price.
        cost: what each architecture costs.
    """

    verdict: Literal["migrate", "do not migrate", "not enough evidence"]
    to: str
    reason: str
    options: tuple[Option, ...]
    choice: Choice
    scores: tuple[Score, ...]
    cost: CostReport

    @property
    def target(self) -> str:
        """Where to move in words: one architecture, or those between which there is no clear winner; "" when none."""
        if self.verdict != "migrate":
            return ""
        return self.to or " or ".join(self.choice.contenders)


def cost(inputs: Inputs) -> CostReport:
    """Run rates, break-even, drivers and flip points.

    Example:
        >>> cost.__name__  # docs/how-to/cost-and-decide.md works one out
        'cost'
    """
    exact, draws = _values(inputs)
    moves = tuple(break_even(inputs, exact, draws, inputs.incumbent, one.name) for one in inputs.candidates)
    return CostReport(
        task=inputs.measurements.task,
        scenario=inputs.scenario.name,
        trial=inputs.measurements.trial,
        incumbent=inputs.incumbent,
        horizon_days=inputs.scenario.traffic.horizon_days,
        rates=run_rates(inputs, exact, draws),
        break_even=moves,
        drivers={move.new: drivers(inputs, move.old, move.new) for move in moves},
        flips={move.new: flip_points(inputs, move.old, move.new) for move in moves},
        product=product_changes(inputs),
        parameters=tuple(inputs.parameters.values()),
        warnings=_warnings(inputs),
    )


def decide(inputs: Inputs) -> Decision:
    """Weigh every architecture against the incumbent.

    Raises:
        ScenarioInvalid: a criterion has no score of an option, or a score no evidence.

    Example:
        >>> decide.__name__  # docs/how-to/cost-and-decide.md runs one
        'decide'
    """
    exact, draws = _values(inputs)
    report = cost(inputs)
    options = tuple(_option(inputs, exact, report, move) for move in report.break_even)
    # A move that is refused for being slow must not stand in the way of one that is not.
    passed = [one.architecture for one in options if one.outcome.passed and one.outcome.code != "too-slow"]
    values = {inputs.incumbent: np.zeros(len(draws["queries_per_day"]))}
    values |= {name: _worth(inputs, draws, name) for name in passed}
    scores = scored(inputs, list(values)) if inputs.scenario.criteria and passed else ()
    table: dict[str, dict[str, float]] = {}
    for score in scores:
        table.setdefault(score.criterion, {})[score.option] = score.score
    weights = {score.criterion: score.weight for score in scores}
    choice = choose(values, table, weights, seed=inputs.scenario.monte_carlo.seed)
    verdict, to, reason = _verdict(options, choice, inputs.incumbent)
    return Decision(verdict=verdict, to=to, reason=reason, options=options, choice=choice, scores=scores, cost=report)


def _values(inputs: Inputs) -> tuple[dict[str, Fraction], dict[str, Floats]]:
    terms = inputs.scenario.monte_carlo
    return typical(inputs), draw(inputs.parameters, terms.draws, terms.seed)


def _worth(inputs: Inputs, draws: Values[Floats], name: str) -> Floats:
    flow = flow_of(inputs, draws, inputs.incumbent, name)
    return present_value(flow, inputs.scenario.traffic.horizon_days, draws["discount_rate_per_year"])


def _option(inputs: Inputs, exact: Values[Fraction], report: CostReport, move: BreakEven) -> Option:
    gates = check_gates(inputs, exact, move.new)
    outcome = judged(gates, move, report.drivers[move.new], report.flips[move.new], inputs.scenario.decision)
    candidate = inputs.architecture(move.new).candidate
    return Option(architecture=move.new, candidate=candidate, gates=gates, outcome=outcome)


Verdict = Literal["migrate", "do not migrate", "not enough evidence"]


def _verdict(options: tuple[Option, ...], choice: Choice, incumbent: str) -> tuple[Verdict, str, str]:
    """The best that can be said: a move that is worth it, else what evidence lacks, else why not."""
    worth_it = [option for option in options if option.outcome.verdict == "migrate"]
    names = [option.architecture for option in worth_it]
    if choice.winner in names:
        chosen = next(option for option in worth_it if option.architecture == choice.winner)
        return "migrate", choice.winner, f"{chosen.outcome.reason}; {choice.reason}"
    if worth_it and choice.winner == incumbent:
        return "do not migrate", "", choice.reason
    if worth_it and set(choice.contenders) <= set(names):
        return "migrate", "", f"each of {', '.join(choice.contenders)} is worth it: {choice.reason}"
    if worth_it:
        saved = f"{', '.join(names)} would pay back, and which to take is open"
        return "not enough evidence", "", f"{saved}: {choice.reason}"
    open_ones = [option for option in options if option.outcome.verdict == "not enough evidence"]
    found = open_ones or list(options)
    reason = "; ".join(f"{option.architecture}: {option.outcome.reason}" for option in found)
    if not options:
        return "do not migrate", "", "there is nothing to move to: no architecture but the incumbent is known"
    return ("not enough evidence" if open_ones else "do not migrate"), "", reason


def _warnings(inputs: Inputs) -> tuple[str, ...]:
    simulated = [one.name for one in inputs.architectures if one.measured and one.measured.simulated]
    bare = [one.name for one in inputs.candidates if f"{one.name}.ops_usd_per_month" in _defaults(inputs)]
    labour = [one.name for one in inputs.candidates if f"{one.name}.engineer_hours" in _defaults(inputs)]
    free = "usd_per_error" in _defaults(inputs)
    unseen = [one.name for one in inputs.architectures if f"{one.name}.error_rate" in _defaults(inputs) and not free]
    certain = not any(parameter.uncertain for parameter in inputs.parameters.values())
    left_out = ", ".join(inputs.left_out)
    found = {
        f"{left_out}: left out, because no trial measured it and the scenario states no price of it": inputs.left_out,
        f"{', '.join(simulated)}: simulated answers and a made-up price; the figures show how this works, not what a "
        "model costs": simulated,
        f"the scenario states no running costs of {', '.join(bare)}: counted as 0": bare,
        f"the scenario states no labour to build {', '.join(labour)}: counted as 0": labour,
        "the scenario does not say what an error costs: counted as 0": free,
        f"nobody measured or stated how often {', '.join(unseen)} is wrong: counted as never": unseen,
        "the scenario states no distribution, so that P10, P50 and P90 are alike": certain,
    }
    return tuple(text for text, holds in found.items() if holds)


def _defaults(inputs: Inputs) -> set[str]:
    return {parameter.name for parameter in inputs.parameters.values() if parameter.source == "default"}
