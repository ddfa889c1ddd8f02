"""The axes of families, and of routes over them, on the demo. Run: python bench/axes.py [FAMILY ...] [--embedder E].

The desk's messages are generated, so that the right decision of every contrast pair is known. Nothing is chosen on its
rows. --interpret adds sufficiency and comprehensiveness, which takes some 2,000 answers a family; --modularity measures
blame, faults and swaps of composed candidates in place of the causal axis; --route may be given several times.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from proveout import loop
from proveout.demo import write_demo

if TYPE_CHECKING:
    from proveout.trial import CandidateResult, Estimate, ModularityAxis

FAMILIES = ("distilled", "retrieval", "llm")
CAUSAL = (
    "consistency",
    "invariance",
    "direction",
    "flip",
    "group_consistency",
    "boundary_error",
    "protected_gap",
    "protected_unchanged",
)
MODULARITY = ("localised", "localised_overall", "masked", "rest", "leaked")


def shown(found: Estimate | None) -> str:
    """A share in per cent with its interval."""
    return "-" if found is None else f"{found.value * 100:.1f} ({found.low * 100:.1f} to {found.high * 100:.1f})"


def figures(one: CandidateResult) -> dict[str, str]:
    """What the table has of one candidate."""
    causal, axis = one.axes.causal, one.axes.interpretability
    found = {"accuracy": shown(one.quality.accuracy), "coverage": shown(one.quality.coverage)}
    found |= {name: shown(getattr(causal, name)) if causal else "-" for name in CAUSAL}
    found |= {"checked": shown(axis.checked), "proved": shown(axis.proved)}
    found["proof steps"] = "-" if axis.proof_steps is None else f"{axis.proof_steps:g}"
    if axis.faithfulness is not None:
        for name in ("sufficiency", "comprehensiveness"):
            loss = getattr(axis.faithfulness, name)
            found[name] = "-" if loss is None else f"{loss.value:.3f} ({loss.low:.3f} to {loss.high:.3f})"
    if one.axes.modularity is not None:
        found |= taken_apart(one.axes.modularity)
    return found | {"USD per 1,000": f"{one.cost_per_1000:.3g}"}


def taken_apart(axis: ModularityAxis) -> dict[str, str]:
    """The modularity axis: over all steps, and the blame of each."""
    found = {name: shown(getattr(axis, name)) for name in MODULARITY}
    found["wrong rows"] = str(axis.wrong_rows)
    found["fix of whole"] = "-" if axis.fix_of_whole is None else f"{axis.fix_of_whole:.2f}"
    return found | {f"blame of {step.name}": shown(step.blame) for step in axis.steps}


def main() -> None:
    """Compare the families on the demo and print one column for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("families", nargs="*", default=FAMILIES)
    parser.add_argument("--embedder", default="auto")
    parser.add_argument("--interpret", action="store_true")
    parser.add_argument("--modularity", action="store_true")
    parser.add_argument("--route", action="append", default=[])
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        desk = Path(folder) / "desk"
        write_demo(desk)
        result = loop.compare(
            desk,
            names=given.families,
            embedder=given.embedder,
            causal=not given.modularity,
            interpret=given.interpret,
            modularity=given.modularity,
            routes=given.route,
        )
    columns = {one.family: figures(one) for one in result.candidates}
    names = list(dict.fromkeys(name for column in columns.values() for name in column))
    print(f"{'%, with 95 % intervals':<22}" + "".join(f"{family:>24}" for family in columns))
    for name in names:
        if all(column.get(name, "-") == "-" for column in columns.values()):
            continue
        print(f"{name:<22}" + "".join(f"{column.get(name, '-'):>24}" for column in columns.values()))
    for warning in result.warnings:
        print(f"note: {warning}")


if __name__ == "__main__":
    main()
