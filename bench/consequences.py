"""Regret of plans on a simulated refund desk. Run: python bench/consequences.py [--cases N] [--seeds N] [--json].

The truth is known, so that the value of any policy is computed and not sampled: regret is what it loses, per case,
against the best policy that keeps the same rules and sees no more (by exact expectimax over the simulator). A log is
drawn for each seed. The naive model is the same one without the flag that whoever acted had looked at. Intervals are
95 % t intervals over seeds.
"""

from __future__ import annotations

import argparse
import json
import time
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import stats

from proveout.families.symbolic.effects import (
    Case,
    ConsequenceModel,
    Event,
    Step,
    fit_consequences,
    plan,
    predict,
    read_consequences,
)
from proveout.testing._cases import RESULT, RESULTS, RefundDesk

if TYPE_CHECKING:
    from collections.abc import Iterator

HORIZON = 2
Figures = dict[str, list[float]]


def without_flag(cases: list[Case]) -> list[Case]:
    """The log as it would be had nobody written the flag down."""
    return [
        Case(
            case.id,
            tuple(
                Event({name: value for name, value in event.state.items() if name != "flag"}, event.action, event.after)
                for event in case.events
            ),
        )
        for case in cases
    ]


def steps(step: Step) -> Iterator[Step]:
    """A step and all that follow."""
    yield step
    for follow in step.follows:
        if follow.step:
            yield from steps(follow.step)


def judged(desk: RefundDesk, model: ConsequenceModel, depth: int, found: Figures, name: str) -> None:
    """Regret, violations and seconds of a model's plans for every first state."""
    taken: list[Step] = []
    seconds: list[float] = []

    def first(state: dict[str, Any]) -> Step:
        begun = time.perf_counter()
        step = plan(model, state, desk.rules, depth=depth).first
        seconds.append(time.perf_counter() - begun)
        taken.extend(steps(step))
        return step

    worth = desk.worth(first)
    broken = sum(desk.rules(step.state, step.action).status != "allowed" for step in taken if not step.fallback)
    found.setdefault(f"regret, {name}", []).append(desk.optimal(HORIZON) - worth)
    found.setdefault(f"violations, {name}", []).append(float(broken))
    found.setdefault(f"seconds a plan, {name}", []).append(float(np.mean(seconds)))


def approvals(desk: RefundDesk, model: ConsequenceModel) -> float:
    """By how much a model overrates approving: predicted less true chance that the customer stays, over two cases."""
    gaps = []
    for history in ("new", "good"):
        state = {"history": history, "amount": "small", "evidence": "unasked", "offered": "no"}
        kinds = desk.kinds(history)
        truth = sum(share * RESULT["approve"][kind][RESULTS.index("kept")] for kind, share in kinds.items())
        outcomes = predict(model, state, "approve").outcomes
        gaps.append(sum(one.probability for one in outcomes if one.after["result"] == "kept") - truth)
    return float(np.mean(gaps))


def measured(cases: int, seeds: int, replicas: int) -> Figures:
    """By what is measured, one figure a seed."""
    found: Figures = {}
    for seed in range(seeds):
        desk = RefundDesk(seed)
        log = desk.cases(cases)
        begun = time.perf_counter()
        adjusted = fit_consequences(read_consequences(desk.declaration()), log, seed=seed, replicas=replicas)
        found.setdefault("seconds to fit", []).append(time.perf_counter() - begun)
        naive = fit_consequences(
            read_consequences(desk.declaration(adjusted=False)), without_flag(log), seed=seed, replicas=replicas
        )
        judged(desk, adjusted, 2, found, "plan of depth 2")
        judged(desk, adjusted, 3, found, "plan of depth 3")
        judged(desk, adjusted, 1, found, "greedy, one step")
        judged(desk, naive, 2, found, "naive model, depth 2")
        found.setdefault("regret, logged policy", []).append(desk.optimal(HORIZON) - desk.logged(3))
        for name, model in (("adjusted", adjusted), ("naive", naive)):
            found.setdefault(f"P(kept | approve) overrated, {name}", []).append(approvals(desk, model))
    return found


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--cases", type=int, default=4000)
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--replicas", type=int, default=4)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measured(options.cases, options.seeds, options.replicas)
    if options.json:
        print(json.dumps(found, indent=2))
        return
    desk = RefundDesk(0)
    print(f"{options.cases} cases, {options.seeds} seeds; best policy {desk.optimal(HORIZON):.2f} a case")
    for name, values in found.items():
        spread = stats.t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values))
        print(f"  {name:48} {np.mean(values):8.3f} +- {spread:.3f}")


if __name__ == "__main__":
    main()
