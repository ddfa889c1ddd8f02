"""The policy of a task: checked, explained on a case, asked what a change would do, held against another version."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from proveout.errors import FactInvalid, PolicyInvalid
from proveout.families.symbolic.facts import PatternReader, plain_value, read_facts
from proveout.families.symbolic.policy import (
    Change,
    Evaluator,
    Finding,
    NoChange,
    Reasoner,
    diff,
    findings,
    load_policy,
    next_question,
    normalise,
    parse_policy,
    render_proof,
    smallest_change,
    solver_findings,
    verify,
)
from proveout.task import FILE_NAME, load_task

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from proveout.families.symbolic.policy import Policy, PolicyDiff
    from proveout.task import Task

__all__ = ["Explanation", "PolicyCheck", "WhatIf", "check_policy", "diff_policies", "explain_case", "what_if"]

MOST_BYTES = 5_000_000


class PolicyCheck(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with a policy.

    Attributes:
        policy: its name and version.
        rules: how many it has.
        facts: how many it has.
        findings: errors before warnings.
    """

    policy: str
    rules: int
    facts: int
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether there is no error; warnings may be."""
        return not any(finding.severity == "error" for finding in self.findings)


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """What a policy says of a case.

    Attributes:
        status: ``decided``, ``undetermined``, ``conflict`` or ``uncovered``.
        decision: "" for none.
        rule: id of the rule that decides.
        facts: that were given or read from text.
        confirm: facts that the text leaves ambiguous, with the values they may have.
        missing: facts that could still matter.
        ask: the question to ask next; "" when none can change the decision.
        solver: the prover's verdict on the decision, and the facts that suffice for it.
        responsible: these facts.
        shown: the proof as text, short, medium and full.
        proof: for the independent checker.
    """

    status: str
    decision: str
    rule: str
    facts: dict[str, Any]
    confirm: dict[str, tuple[Any, ...]]
    missing: tuple[str, ...]
    ask: str
    solver: str
    responsible: tuple[str, ...]
    shown: dict[str, str]
    proof: dict[str, Any]


class WhatIf(msgspec.Struct, frozen=True, kw_only=True):
    """The smallest permitted change to a wanted decision.

    Attributes:
        wanted: the decision.
        now: what is decided now; "" for nothing.
        status: ``change``, ``no change`` or ``too complex``.
        change: by fact, its value now and the value wanted.
        given: unknown facts that must turn out so.
        responsible: of ``no change``: the facts that rule it out.
        proof: for the independent checker; empty when too complex.
    """

    wanted: str
    now: str
    status: str
    change: dict[str, tuple[Any, Any]]
    given: dict[str, Any]
    responsible: tuple[str, ...]
    proof: dict[str, Any]


def check_policy(place: Path, *, on: date | None = None) -> PolicyCheck:
    """Look for what is wrong with the policy of a task's folder, or of a policy file.

    Args:
        place: a task's folder, or a policy in YAML.
        on: the day, for rules that are in force for a time.

    Raises:
        PolicyInvalid: it cannot be read at all, or the task has none.
        ExtraMissing: the prover is not installed.
    """
    policy, documents = _policy_of(place)
    in_force = policy.in_force(on) if on else policy
    found = [*findings(policy, documents, on), *solver_findings(Reasoner(in_force))]
    ordered = sorted(found, key=lambda finding: finding.severity != "error")
    named = f"{policy.name} {policy.version}"
    return PolicyCheck(policy=named, rules=len(policy.rules), facts=len(policy.facts), findings=tuple(ordered))


def explain_case(place: Path, facts: Mapping[str, Any], *, text: str = "", on: date | None = None) -> Explanation:
    """Decide a case and show why, what is missing, and what to ask next.

    Args:
        place: a task's folder, or a policy in YAML.
        facts: JSON values by name; they outrank what is read from the text.
        text: a message that the task's readers read facts from.
        on: the day of the case.

    Raises:
        FactInvalid: a fact is not of the policy, or not of its type, unit or range.
    """
    policy, _ = _policy_of(place)
    given, confirm = _facts(place, policy, facts, text, on)
    evaluator = Evaluator(policy, on=on)
    verdict = evaluator.decide(given)
    reasoner = Reasoner(policy.in_force(on) if on else policy)
    known = normalise(policy, given).values
    proved = verify(reasoner, verdict.decision, known) if verdict.status == "decided" else None
    question = next_question(reasoner, known) if verdict.missing else None
    return Explanation(
        status=verdict.status,
        decision=verdict.decision,
        rule=verdict.rule,
        facts=given,
        confirm=confirm,
        missing=verdict.missing,
        ask=question.text or f"What is {question.fact}?" if question else "",
        solver=proved.status if proved else "",
        responsible=proved.responsible if proved else (),
        shown={detail: render_proof(verdict.proof, detail) for detail in ("short", "medium", "full")},
        proof=verdict.proof,
    )


def what_if(place: Path, facts: Mapping[str, Any], wanted: str, *, text: str = "", on: date | None = None) -> WhatIf:
    """The smallest permitted change of a case that leads to ``wanted``, or a proof that there is none.

    Raises:
        FactInvalid: a fact or the decision is not of the policy.
        ExtraMissing: the prover is not installed.
    """
    policy, _ = _policy_of(place)
    given, _ = _facts(place, policy, facts, text, on)
    now = Evaluator(policy, on=on).decide(given, prove=False)
    found = smallest_change(Reasoner(policy.in_force(on) if on else policy), normalise(policy, given).values, wanted)
    if isinstance(found, Change):
        change = {name: (plain_value(old), plain_value(new)) for name, (old, new) in found.facts.items()}
        needed = {name: plain_value(value) for name, value in found.given.items()}
        return _what_if(wanted, now.decision, "change", found.proof, change=change, given=needed)
    if isinstance(found, NoChange):
        return _what_if(wanted, now.decision, "no change", found.proof, responsible=found.responsible)
    return _what_if(wanted, now.decision, "too complex", {})


def _what_if(wanted: str, now: str, status: str, proof: dict[str, Any], **found: Any) -> WhatIf:
    nothing: dict[str, Any] = {"change": {}, "given": {}, "responsible": ()}
    return WhatIf(wanted=wanted, now=now, status=status, proof=proof, **nothing | found)


def diff_policies(place: Path, other: str) -> PolicyDiff:
    """Which cases the policy decides otherwise than an older version of it.

    Args:
        place: a task's folder, or a policy in YAML: the newer version.
        other: the older one: a file, a folder, or a revision of the git repository that the policy is kept in.

    Raises:
        PolicyInvalid: one of them cannot be read, or a fact has different types in them.
        ExtraMissing: the prover is not installed.
    """
    new, _ = _policy_of(place)
    path = Path(other)
    old = _policy_of(path)[0] if path.exists() else _at_revision(_file(place), other)
    return diff(old, new)


def _file(place: Path) -> Path:
    if place.is_file() and place.name != FILE_NAME:
        return place
    task = _task(place)
    if not task.rules.policy:
        fix = "set rules.policy in task.toml, or name a policy file"
        raise PolicyInvalid("no policy", why="the task names none", fix=fix, about=str(place))
    return task.root / task.rules.policy


def _task(place: Path) -> Task:
    return load_task(place if place.is_dir() else place.parent)


def _policy_of(place: Path) -> tuple[Policy, list[str] | None]:
    """The policy, and the documents of its task where there is one."""
    path = _file(place)
    if path.suffix not in {".yaml", ".yml"}:
        fix = "name a policy in YAML; a DMN model is measured by: proveout compare"
        raise PolicyInvalid("no policy", why=f"{path.name} is no YAML file", fix=fix, about=str(path))
    if path == place:
        return load_policy(path), None
    root = _task(place).root
    patterns = _task(place).documents.paths
    known = [file for pattern in patterns for file in root.glob(pattern)]
    names = [name for file in known for name in (file.relative_to(root).as_posix(), file.name)]
    return load_policy(path), names if patterns else None


def _facts(
    place: Path, policy: Policy, facts: Mapping[str, Any], text: str, on: date | None
) -> tuple[dict[str, Any], dict[str, tuple[Any, ...]]]:
    """Given facts, and what the text adds; ambiguous ones are unknown."""
    if not text:
        return dict(facts), {}
    task = _task(place) if place.is_dir() else None
    if task is None or not task.rules.readers:
        fix = "set rules.readers in task.toml, or give the facts themselves"
        raise FactInvalid("nothing reads facts from text", why="there is no rules.readers", fix=fix, about=str(place))
    reader = PatternReader((task.root / task.rules.readers).read_bytes(), policy.facts, about=task.rules.readers)
    reading = read_facts([reader], text, policy.facts, today=on)
    read = {name: plain_value(fact.value) for name, fact in reading.facts.items()}
    unsure = {one.fact: tuple(map(plain_value, one.candidates)) for one in reading.ambiguous if one.fact not in facts}
    return {**read, **dict.fromkeys(unsure), **facts}, unsure


def _at_revision(path: Path, revision: str) -> Policy:
    """The file as it was in a revision of the repository it is kept in."""
    where = f"{revision}:./{path.name}"
    command = ["git", "-C", str(path.resolve().parent), "show", "--end-of-options", where]
    try:
        shown = subprocess.run(command, capture_output=True, check=False)  # noqa: S603  no shell; git itself parses the name
    except FileNotFoundError as error:
        fix = "install git, or name a file"
        raise PolicyInvalid("no older version", why="git is not installed", fix=fix, about=revision) from error
    if shown.returncode:
        why = " ".join(shown.stderr.decode(errors="replace").split())[:200]
        fix = "name a file, a task's folder or a git revision that has the policy"
        raise PolicyInvalid("no older version", why=why, fix=fix, about=revision)
    return parse_policy(shown.stdout[:MOST_BYTES], where)
