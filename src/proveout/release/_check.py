"""The checker of proofs that a route passes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from proveout.families import Claim, check_proof, proof_checker
from proveout.release._parts import ROUTED

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["check_routed"]

FORM = {"kind", "by", "proof"}


@proof_checker(ROUTED)
def check_routed(claim: Claim) -> Sequence[str]:
    """Re-verify what one candidate of a route proved, against that candidate's own files."""
    if claim.proof.keys() != FORM:
        return ["the proof has not the parts that it must have"]
    by = str(claim.proof["by"])
    if by not in _candidates(claim):
        return ["the proof is of a candidate that is not of this route"]
    inner = msgspec.structs.replace(claim, proof=claim.proof["proof"], folder=claim.folder.parent / by)
    return check_proof(inner)


def _candidates(claim: Claim) -> list[str]:
    """Ids of the route's candidates, as its files state them."""
    for state in sorted(claim.folder.glob("*.json")):
        card = msgspec.json.decode(state.read_bytes()).get("card")
        if card:
            return list(card["parameters"]["candidates"])
    return []
