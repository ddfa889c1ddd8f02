"""What a certificate says, and rests on, in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from proveout.certify._budget import Spending
    from proveout.certify._decide import Part
    from proveout.certify._plan import Plan
    from proveout.certify._power import Needed

__all__ = ["assumptions", "promise", "share", "statement"]

UNITS = {"row": "requests", "session": "sessions", "distinct input": "distinct inputs"}


def share(value: float) -> str:
    """A share in percent, with as many digits as it takes.

    Example:
        >>> share(0.01), share(0.0125), share(0.705)
        ('1 %', '1.25 %', '70.5 %')
    """
    return f"{round(value * 100, 3):g} %"


def promise(plan: Plan) -> str:
    """What holds for traffic served at a certified threshold, as a clause."""
    grid, many = plan.grid, UNITS[plan.unit] + (" of every segment" if plan.grid.segments else "")
    labels = plan.incumbent.source == "expected labels"
    other = "the expected label, which stands for the incumbent" if labels else "the incumbent"
    sure = f"with probability {share(1 - grid.delta)} or more"
    if grid.claim == "agreement":
        where = "" if plan.unit == "row" else " anywhere"
        return f"{sure}, in at most {share(grid.alpha)} of all {many} it serves and differs from {other}{where}"
    if plan.unit == "row":
        return f"{sure}, the system is right in at most {share(grid.alpha)} fewer of all {many} than {other}"
    return (
        f"{sure}, the system's accuracy, each of the {many} counted once, is at most {share(grid.alpha)} below "
        "the incumbent's"
    )


def statement(plan: Plan, parts: Sequence[Part], rows: int, wanted: Needed | None, missing: int) -> str:
    """The whole certificate in one or two sentences; of ``rows`` some may be of no segment that was planned."""
    if wanted is None:
        covered = sum(part.served for part in parts) / max(rows, 1)
        named = [part.segment or "(no segment)" for part in parts if part.threshold is not None]
        where = f" ({len(named)} of {len(parts)} segments: {', '.join(named)})" if plan.grid.segments else ""
        return f"The cheap path may serve {share(round(covered, 4))} of traffic{where}: {promise(plan)}."
    said = f"Cannot certify: on {rows:,} rows no threshold is shown to keep the loss within {share(plan.grid.alpha)}."
    if missing:
        return f"{said} {missing:,} rows that would be served lack a label and count as lost: label them first."
    if wanted.rows is None or not wanted.more:
        return f"{said} {_capital(wanted.why)}."
    labels = f", and label about {wanted.labels:,} of them" if wanted.labels else ""
    return f"{said} Bring about {wanted.more:,} more rows{labels}: {wanted.why}."


def _capital(words: str) -> str:
    return words[0].upper() + words[1:]


INCUMBENTS = {
    "expected labels": "No answers of the incumbent are recorded, so the expected labels stand for it: what is "
    "certified is agreement with the labels, and not with any model.",
    "recorded": "The incumbent's answers are those recorded in the rows.",
}


def assumptions(plan: Plan, spending: Spending, missing: int) -> tuple[str, ...]:
    """What must be so for the certificate to hold."""
    many = UNITS[plan.unit]
    source = plan.incumbent.source
    stands = INCUMBENTS.get(source, f"The incumbent's answers are those of {source}.")
    simulated = " They come from a simulation, and show how Proveout works and not how a model does."
    units = {
        "row": "Rows are independent of each other.",
        "session": "Rows of one session depend on each other, so a session counts once and loses what its worst row "
        "does. Sessions are independent of each other. Nothing is promised of the share of rows where long "
        "sessions err more than short ones.",
        "distinct input": "Copies of one input count once, and lose what the worst of them does. Nothing is promised "
        "of the share of rows where inputs that come often err more.",
    }
    future = (
        f"Future {many} are drawn as the rows of the CertifySplit of snapshot {plan.snapshot[:12]} were. Traffic that "
        "drifts breaks this, which the audits of live traffic are there to catch."
    )
    frozen = (
        "The grid was chosen on the SelectSplit and frozen before the CertifySplit was opened: ledger entry "
        f"{spending.entry} holds its hash."
    )
    spent = (
        f"This look spent {spending.spent:g} of a budget of error of {spending.budget:g}; {len(spending.looks)} others "
        f"at the same rows spent {spending.before:g}. All of them hold together with probability "
        f"{share(1 - spending.before - spending.spent)} or more."
    )
    found = [
        future,
        units[plan.unit],
        f"The candidate {plan.candidate}, its threshold and the incumbent stay as they are.",
        stands + (simulated if plan.incumbent.simulated else ""),
        frozen,
        spent,
    ]
    if plan.grid.claim != "agreement":
        found.append("Labels are right. Rows where both answers agree need none: what they lose is nothing.")
    if missing:
        found.append(f"{missing:,} rows without a label count as lost, which can only make the certificate weaker.")
    return tuple(found)
