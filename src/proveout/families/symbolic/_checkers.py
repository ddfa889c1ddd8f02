"""The independent checkers of the symbolic proofs, registered by the kind of proof."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import yaml

from proveout.families._proofs import Claim, proof_checker
from proveout.families.symbolic import causal, induced, logic, patterns
from proveout.task import input_text

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["check_causal_claim", "check_logic_claim", "check_patterns_claim", "check_rules_claim"]

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


@proof_checker("patterns")
def check_patterns_claim(claim: Claim) -> Sequence[str]:
    """Re-verify that patterns find these values and no others, the rules of closed fields, and the output's form."""
    state = json.loads((claim.folder / "patterns.json").read_bytes())
    document = yaml.safe_load((claim.folder / "patterns.yaml").read_bytes())
    text = input_text(state["fields"], claim.inputs)
    read = {form["name"]: form["many"] for form in state["forms"] if form["in_text"]}
    found = patterns.check_patterns(dict(claim.proof), document, text, read)
    return (
        found
        or patterns.check_output(claim.proof, claim.output, state["forms"], state["spelled"])
        or _closed(claim, {form["name"]: form["empty"] for form in state["forms"] if not form["in_text"]}, text)
    )


def _closed(claim: Claim, empty: dict[str, list[Any]], text: str) -> list[str]:
    """The rules of fields whose values do not stand in the text; and that no other field is filled."""
    proofs = claim.proof["closed"]
    rules = yaml.safe_load((claim.folder / "closed.yaml").read_bytes()) if empty else {}
    if proofs.keys() != empty.keys():
        return ["the closed fields are not those of the task"]
    found = [problem for name, proof in proofs.items() for problem in induced.check_rules(proof, rules[name], text)]
    for name, proof in proofs.items():
        value = json.loads(proof["label"])
        wanted = (empty[name] or [None])[0] if value is None else value
        if claim.output.get(name) != wanted:
            found.append(f"the rule gives another {name}")
    read = {value["field"] for value in claim.proof["values"]} | set(claim.proof["none"])
    return found + [f"{name} is filled without a proof" for name in claim.output.keys() - read - empty.keys()]
