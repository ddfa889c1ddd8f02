"""The independent checkers of the symbolic proofs, registered by the kind of proof."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import yaml

from proveout.families._proofs import Claim, proof_checker
from proveout.families.symbolic import causal, induced, logic
from proveout.task import input_text

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["check_causal_claim", "check_logic_claim", "check_rules_claim"]

OPTION = re.compile(r"\b([A-Za-z])\s*[).:]\s*([A-Za-z]+)")


@proof_checker("logic")
def check_logic_claim(claim: Claim) -> Sequence[str]:
    """Re-verify a proof about a text, and that its verdict is the option that was answered."""
    found = logic.check_logic(dict(claim.proof), claim.inputs["context"], claim.inputs["question"])
    return found or _option(claim)


def _option(claim: Claim) -> list[str]:
    """The options are read anew, and not by what made the answer."""
    truth = str(claim.proof["truth"])
    meant = {letter.upper() for letter, words in OPTION.findall(str(claim.inputs["options"])) if _truth(words) == truth}
    said = {str(value) for value in claim.output.values()}
    return [] if said == meant else [f"the proof says {truth}, and the answer {', '.join(said)}"]


def _truth(words: str) -> str:
    return words.lower() if words.lower() in {"true", "false"} else "unknown"


@proof_checker("causal")
def check_causal_claim(claim: Claim) -> Sequence[str]:
    """Re-verify a causal proof, and that it concludes what was answered."""
    found = causal.check_causal(
        claim.proof, {name: claim.inputs[name] for name in ("background", "given_info", "question")}
    )
    answered = {str(value) for value in claim.output.values()}
    return found or ([] if answered == {claim.proof["answer"]} else ["the proof concludes another answer"])


@proof_checker("rules")
def check_rules_claim(claim: Claim) -> Sequence[str]:
    """Re-verify that a rule fires on the text, that no earlier one does, and that it gives what was answered."""
    fields = json.loads((claim.folder / "induced.json").read_bytes())["fields"]
    document = yaml.safe_load((claim.folder / "rules.yaml").read_bytes())
    found = induced.check_rules(dict(claim.proof), document, input_text(fields, claim.inputs))
    answered = {str(value) for value in claim.output.values()}
    return found or ([] if answered == {claim.proof["label"]} else ["the rule gives another answer"])
