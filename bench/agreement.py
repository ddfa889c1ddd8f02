"""Does the evaluator of policies agree with the prover? On complete cases always, on incomplete ones as far as it says.

Run: python bench/agreement.py [--cases N] [--policy FILE] [--seed N] [--json]     (pip install "proveout[symbolic]")

Half of the cases are complete; of the others each fact is left out with a chance of one half. Values are drawn from
every stretch between two thresholds of the policy, its ends more often. On an incomplete case the evaluator may
leave open what the prover shows, as three-valued logic sees less; it may never decide what the prover does not.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from fractions import Fraction
from importlib.resources import files
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from proveout.families.symbolic.policy import Evaluator, Reasoner, decide, load_policy

if TYPE_CHECKING:
    from proveout.families.symbolic.policy import Policy

SHOWN = 5


def draw(reasoner: Reasoner, rng: Random, *, complete: bool) -> dict[str, Any]:
    """A case; facts that are left out of it are unknown, of a closed world as well."""
    case: dict[str, Any] = {}
    for name, cells in reasoner.cells.items():
        cell = rng.choice(cells.cells)
        value = cell.sample
        fact = reasoner.space.facts[name]
        if fact.step and cell.low is not None and cell.high is not None:
            code = rng.choice([cell.low, cell.high, rng.randint(int(cell.low), int(cell.high))])
            value = Fraction(code) * fact.step
            value = value.numerator if value.denominator == 1 else value
        case[name] = value if complete or rng.random() < 0.5 else None
    return case


def exact(value: Any) -> Any:
    """A value as the evaluator's own reader takes it."""
    return str(value) if isinstance(value, Fraction) else value


def measure(policy: Policy, cases: int, seed: int) -> dict[str, Any]:
    """Compare the two on so many cases."""
    evaluator, reasoner = Evaluator(policy), Reasoner(policy)
    rng = Random(seed)  # noqa: S311  seeded cases need no cryptography
    counts = dict.fromkeys(("complete", "incomplete", "decided_by_both", "left_open", "disagree"), 0)
    seconds = {"evaluator": 0.0, "prover": 0.0}
    shown: list[dict[str, Any]] = []
    for number in range(cases):
        case = draw(reasoner, rng, complete=(complete := number % 2 == 0))
        counts["complete" if complete else "incomplete"] += 1
        begun = time.process_time()
        verdict = evaluator.decide({name: exact(value) for name, value in case.items()}, prove=False)
        said = verdict.decision if verdict.status == "decided" else None
        between = time.process_time()
        proved = decide(reasoner, case)
        seconds["evaluator"] += between - begun
        seconds["prover"] += time.process_time() - between
        if said == proved:
            counts["decided_by_both"] += said is not None
        elif said is None and not complete:
            counts["left_open"] += 1
        else:
            counts["disagree"] += 1
            shown.append({"case": {name: str(value) for name, value in case.items()}, "said": said, "proved": proved})
    each = {f"{name}_us": round(1e6 * total / cases) for name, total in seconds.items()}
    return {
        "policy": policy.name,
        "rules": len(policy.rules),
        "seed": seed,
        **counts,
        **each,
        "examples": shown[:SHOWN],
    }


def main() -> int:
    """Print the figures; 1 where the two disagree."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--policy", type=Path, default=Path(str(files("proveout.demo").joinpath("desk", "policy.yaml")))
    )
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    found = measure(load_policy(arguments.policy), arguments.cases, arguments.seed)
    if arguments.json:
        print(json.dumps(found, indent=2))
    else:
        print(f"{found['policy']}: {found['rules']} rules, {arguments.cases:,} random cases, seed {arguments.seed}")
        print(f"  complete {found['complete']:,}, incomplete {found['incomplete']:,}")
        print(f"  decided alike by both {found['decided_by_both']:,}, only by the prover {found['left_open']:,}")
        print(f"  disagree {found['disagree']:,}")
        print(f"  evaluator {found['evaluator_us']} us a case, prover {found['prover_us']} us, of CPU")
        for example in found["examples"]:
            print(f"  {example}")
    return int(found["disagree"] > 0)


if __name__ == "__main__":
    sys.exit(main())
