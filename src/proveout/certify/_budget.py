"""The budget of error: each look at the same rows spends a part of it, and the ledger remembers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec

from proveout.certify._entries import CertificateIssued, CertifyOpened
from proveout.certify._rows import COLUMNS
from proveout.errors import DeltaSpent
from proveout.ledger import LedgerReader

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from proveout.certify._plan import Plan
    from proveout.certify._rows import Row
    from proveout.ledger import Ledger
    from proveout.store import Workspace

__all__ = ["Spending", "check_repeat", "open_look"]

ROUNDING = 1e-12
# The columns of evidence before what people say of it.
ANSWERS = 6


class Spending(msgspec.Struct, frozen=True, kw_only=True):
    """What looks at the same rows have spent.

    Attributes:
        budget: that they may spend together.
        before: spent by other looks.
        spent: by this one.
        looks: other looks, by the hashes of their plans.
        entry: index of the ledger entry that opened the rows.
    """

    budget: float
    before: float
    spent: float
    looks: tuple[str, ...]
    entry: int


def open_look(workspace: Workspace, ledger: Ledger, plan: Plan, inputs: Collection[str], *, budget: float) -> Spending:
    """Write that the CertifySplit is opened under this plan, or refuse.

    If each look holds but for its delta, all hold together but for the sum (Boole); so whoever looks often enough
    finds a certificate, and the sum says how little it is worth. A look is another one when its plan is. Looks count
    at whose evidence shares an input with ``inputs``, in whatever snapshot; where the evidence is gone, they count too.

    Raises:
        DeltaSpent: the budget does not leave this plan's delta.
    """
    earlier, mine = _looks(workspace, plan, set(inputs))
    before = sum(look.delta for look in earlier.values())
    spent = plan.grid.delta
    if mine is None and before + spent > budget + ROUNDING:
        why = (
            f"{len(earlier)} earlier looks at these rows spent {before:g} of {budget:g}, and this one would "
            f"spend {spent:g}: of many looks one certifies by chance"
        )
        fix = (
            "certify on rows not looked at before (a new snapshot of new rows), plan several looks with a smaller "
            f"--delta, or state the weaker promise with --budget {before + spent:g}"
        )
        raise DeltaSpent("the error allowed is spent", why=why, fix=fix, about=plan.candidate)
    entry = mine
    if entry is None:
        body = CertifyOpened(
            snapshot=plan.snapshot,
            plan=plan.hash,
            candidate=plan.candidate,
            claim=plan.grid.claim,
            alpha=plan.grid.alpha,
            delta=spent,
            budget=budget,
            rows=len(inputs),
        )
        entry = ledger.append(body).index
    # Looks that were allowed since have widened the budget of one that is repeated.
    budget = max(budget, before + spent) if mine is not None else budget
    return Spending(budget=budget, before=before, spent=spent, looks=tuple(sorted(earlier)), entry=entry)


def check_repeat(workspace: Workspace, plan: Plan, rows: Sequence[Row]) -> None:
    """Refuse a look that was made before and gave other answers: asking again until it certifies is another look.

    Labels may differ: more of them can only widen what is certified, as `betting_p` says.

    Raises:
        DeltaSpent: an answer, a score or a row is not what it was.
    """
    now = [[getattr(row, column) for column in COLUMNS[:ANSWERS]] for row in rows]
    with LedgerReader.open(workspace) as reader:
        issued = [found.body() for found in reader.entries(kind=CertificateIssued.kind)]
    for one in issued:
        if not isinstance(one, CertificateIssued) or one.plan != plan.hash:
            continue
        path = workspace.certificates / f"{one.evidence}.json"
        if not path.is_file() or [row[:ANSWERS] for row in json.loads(path.read_bytes())["rows"]] != now:
            why = f"answers or scores are not those of {one.certificate}, or its evidence is gone"
            fix = "keep the incumbent's answers (record them in the examples), or certify on rows not looked at before"
            raise DeltaSpent("the same look gave other answers", why=why, fix=fix, about=plan.candidate)


def _looks(workspace: Workspace, plan: Plan, inputs: set[str]) -> tuple[dict[str, CertifyOpened], int | None]:
    """Other looks at any of these inputs, by plan; and the entry of this plan's own, if it was opened before."""
    opened: dict[str, CertifyOpened] = {}
    evidence: dict[str, str] = {}
    mine = None
    with LedgerReader.open(workspace) as reader:
        for found in reader.entries(kind=CertifyOpened.kind):
            body = found.body()
            if isinstance(body, CertifyOpened) and body.plan == plan.hash:
                mine = found.index if mine is None else mine
            elif isinstance(body, CertifyOpened):
                opened.setdefault(body.plan, body)
        for found in reader.entries(kind=CertificateIssued.kind):
            issued = found.body()
            if isinstance(issued, CertificateIssued):
                evidence[issued.plan] = issued.evidence
    overlapping = {name: look for name, look in opened.items() if _overlaps(workspace, evidence.get(name), inputs)}
    return overlapping, mine


def _overlaps(workspace: Workspace, evidence: str | None, inputs: set[str]) -> bool:
    path = workspace.certificates / f"{evidence}.json"
    if evidence is None or not path.is_file():
        return True
    return any(row[0] in inputs for row in json.loads(path.read_bytes())["rows"])
