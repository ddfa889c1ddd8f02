"""Measure decisions by policy: the desk's policy, and 50 rules beside clingo, zen-engine and z3 on the same cases.

Run: python bench/policy.py [--json] [--cases N]

Beside these, the CPU seconds that it takes to read a file of 10,000 rules, and to make an evaluator of it.

A peer that is not installed is left out, and said so: pip install clingo zen-engine z3-solver.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import time
from importlib import import_module
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Any

from proveout.demo._scenarios import TARGETS, draw_facts
from proveout.families.symbolic.policy import Evaluator, Policy, check_policy, load_policy, parse_policy, policy_to_json

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Case = dict[str, Any]
KINDS = [f"kind_{at}" for at in range(6)]
REGIONS = [f"region_{at}" for at in range(4)]
DECISIONS = ("approve", "refuse", "escalate")


def desk_cases(count: int) -> list[Case]:
    """Stated facts of the demo's desk, drawn as its messages are."""
    rng = random.Random(1)  # noqa: S311  a workload needs no cryptography
    targets = sorted(TARGETS)
    return [draw_facts(rng.choice(targets), rng).stated() for _ in range(count)]


class Fifty:
    """A policy of 50 rules over six facts, each rule of its own priority, as data for every engine."""

    def __init__(self) -> None:
        rng = random.Random(2)  # noqa: S311  a workload needs no cryptography
        self.rules: list[tuple[str, str, int, bool, str]] = []
        for _ in range(49):
            kind, region = rng.choice(KINDS), rng.choice(REGIONS)
            self.rules.append((kind, region, rng.randrange(0, 900), rng.random() < 0.5, rng.choice(DECISIONS)))

    def policy(self) -> Policy:
        """As a Proveout policy; the first rule has the highest priority, and the last always applies."""
        facts = [
            {"name": "kind", "type": "enum", "values": KINDS},
            {"name": "region", "type": "enum", "values": REGIONS},
            {"name": "amount", "type": "number", "range": [0, 1000], "step": 1},
            {"name": "member", "type": "boolean"},
            {"name": "late", "type": "duration", "unit": "day", "range": [0, 90]},
        ]
        rules = [
            {
                "id": f"r{at}",
                "if": f'kind == "{kind}" and (region == "{region}" or late > {30 + at % 20}) and amount > {amount}'
                f" and {'member' if member else 'not member'}",
                "then": then,
                "priority": 100 - at,
                "cites": {"document": "terms.md", "section": str(at)},
            }
            for at, (kind, region, amount, member, then) in enumerate(self.rules)
        ]
        rules.append({"id": "otherwise", "if": "True", "then": "refuse", "priority": 0})
        return parse_policy(
            json.dumps({"version": 1, "name": "fifty", "decisions": DECISIONS, "facts": facts, "rules": rules})
        )

    def cases(self, count: int) -> list[Case]:
        """Complete cases, so that every engine can decide them; two thirds meet a rule's kind, region and amount."""
        rng = random.Random(3)  # noqa: S311  a workload needs no cryptography
        cases = []
        for _ in range(count):
            kind, region, amount, member, _ = rng.choice(self.rules)
            case = {
                "kind": kind,
                "region": region,
                "amount": min(1000, amount + rng.randrange(1, 100)),
                "member": member,
            }
            if rng.random() < 1 / 3:
                case = {"kind": rng.choice(KINDS), "region": rng.choice(REGIONS), "amount": 0, "member": member}
            cases.append(case | {"late": rng.randrange(0, 90)})
        return cases


def large(count: int) -> dict[str, float]:
    """CPU seconds to read a file of so many rules, and to make an evaluator of it."""
    rng = random.Random(4)  # noqa: S311  a workload needs no cryptography
    rules = [
        f"  - {{id: r{at}, if: \"kind == '{rng.choice(KINDS)}' and amount > {rng.randrange(9000)} and (late <= "
        f'days({rng.randrange(900)}) or member or not dear)", then: {rng.choice(DECISIONS)}, priority: {at % 100}, '
        f'cites: {{document: rules.md, section: "{at}"}}}}'
        for at in range(count)
    ]
    head = [
        f"version: 1\nname: large\ndecisions: [{', '.join(DECISIONS)}]\nfacts:",
        f"  - {{name: kind, type: enum, values: [{', '.join(KINDS)}]}}",
        "  - {name: amount, type: money, unit: USD, range: [0, 10000]}",
        "  - {name: late, type: duration, unit: day, range: [0, 1000]}",
        "  - {name: member, type: boolean}\ndefinitions:\n  - {name: dear, means: amount > 500}\nrules:",
    ]
    begun = time.process_time()
    policy = parse_policy("\n".join([*head, *rules]))
    between = time.process_time()
    Evaluator(policy)
    return {"read_s": round(between - begun, 2), "evaluator_s": round(time.process_time() - between, 2)}


def by_clingo(fifty: Fifty) -> Callable[[Case], str]:
    """Answer-set programming: ground and solve each case; the rule of the highest priority is found by negation."""
    clingo: Any = import_module("clingo")
    lines = [
        f"fires({at},{then}) :- kind({kind}), near({at}), amount(A), A > {amount},"
        f" {'member' if member else 'not member'}.\nnear({at}) :- region({region}).\n"
        f"near({at}) :- late(L), L > {30 + at % 20}."
        for at, (kind, region, amount, member, then) in enumerate(fifty.rules)
    ]
    lines += [
        "fires(49,refuse).",
        "beaten(R) :- fires(R,_), fires(S,_), S < R.",
        "decide(D) :- fires(R,D), not beaten(R).",
    ]
    program = "\n".join([*lines, "#show decide/1."])

    def decide(case: Case) -> str:
        facts = f"kind({case['kind']}). region({case['region']}). amount({case['amount']}). late({case['late']})."
        control = clingo.Control(["--warn=none"])
        control.add("base", [], program + facts + (" member." if case["member"] else ""))
        control.ground([("base", [])])
        with control.solve(yield_=True) as found:
            return str(next(iter(found)).symbols(shown=True)[0].arguments[0])

    return decide


def by_zen(fifty: Fifty) -> Callable[[Case], str]:
    """A decision table of the hit policy "first", in the JSON of zen-engine."""
    zen: Any = import_module("zen")
    rows = [
        {
            "_id": str(at),
            "in": f"kind == '{kind}' and (region == '{region}' or late > {30 + at % 20}) and amount > {amount}"
            f" and {'member' if member else 'not member'}",
            "out": f"'{then}'",
        }
        for at, (kind, region, amount, member, then) in enumerate(fifty.rules)
    ]
    rows.append({"_id": "last", "in": "", "out": "'refuse'"})
    table = {
        "hitPolicy": "first",
        "inputs": [{"id": "in", "name": "condition", "type": "expression"}],
        "outputs": [{"id": "out", "name": "decision", "field": "decision", "type": "expression"}],
        "rules": rows,
    }
    nodes = [
        {"id": "i", "name": "in", "type": "inputNode"},
        {"id": "t", "name": "table", "type": "decisionTableNode", "content": table},
        {"id": "o", "name": "out", "type": "outputNode"},
    ]
    edges = [
        {"id": "1", "type": "edge", "sourceId": "i", "targetId": "t"},
        {"id": "2", "type": "edge", "sourceId": "t", "targetId": "o"},
    ]
    decision = zen.ZenEngine().create_decision(json.dumps({"nodes": nodes, "edges": edges}))
    return lambda case: str(decision.evaluate(case)["result"]["decision"])


def by_z3(fifty: Fifty) -> Callable[[Case], str]:
    """One formula, built once; each case is asserted, solved and taken back."""
    z3: Any = import_module("z3")
    kind, kinds = z3.EnumSort("kind", KINDS)
    region, regions = z3.EnumSort("region", REGIONS)
    answer, answers = z3.EnumSort("answer", list(DECISIONS))
    kind_of, region_of, result = z3.Const("k", kind), z3.Const("r", region), z3.Const("d", answer)
    amount, late, member = z3.Int("amount"), z3.Int("late"), z3.Bool("member")
    decision = answers[DECISIONS.index("refuse")]
    for at, (name, place, least, needs, then) in reversed(list(enumerate(fifty.rules))):
        near = z3.Or(region_of == regions[REGIONS.index(place)], late > 30 + at % 20)
        fires = z3.And(kind_of == kinds[KINDS.index(name)], near, amount > least, member if needs else z3.Not(member))
        decision = z3.If(fires, answers[DECISIONS.index(then)], decision)
    solver = z3.Solver()
    solver.add(result == decision)

    def decide(case: Case) -> str:
        solver.push()
        solver.add(kind_of == kinds[KINDS.index(case["kind"])], region_of == regions[REGIONS.index(case["region"])])
        solver.add(amount == case["amount"], late == case["late"], member == case["member"])
        solver.check()
        found = str(solver.model()[result])
        solver.pop()
        return found

    return decide


PEERS: dict[str, Callable[[Fifty], Callable[[Case], str]]] = {
    "clingo": by_clingo,
    "zen-engine": by_zen,
    "z3": by_z3,
}


def timed(decide: Callable[[Case], Any], cases: Sequence[Case]) -> tuple[list[Any], dict[str, float]]:
    """Answers, and microseconds of CPU a decision."""
    for case in cases[:50]:
        decide(case)
    answers, spent = [], []
    for case in cases:
        began = time.process_time()
        answer = decide(case)
        spent.append((time.process_time() - began) * 1e6)
        answers.append(answer)
    cuts = statistics.quantiles(spent, n=100)
    return answers, {"p50_us": round(cuts[49], 1), "p95_us": round(cuts[94], 1)}


def ours(policy: Policy, cases: Sequence[Case]) -> tuple[list[str], dict[str, dict[str, float]]]:
    """Decisions, and what they cost without and with proof, reading the facts included, and checking one proof."""
    evaluator, plain = Evaluator(policy), policy_to_json(policy)
    answers, bare = timed(lambda case: evaluator.decide(case, prove=False).decision, cases)
    verdicts, proved = timed(evaluator.decide, cases)
    if [verdict.decision for verdict in verdicts] != answers:
        raise SystemExit("decisions with and without proof differ")
    pairs = [
        {"proof": verdict.proof, "given": evaluator.normalise(case).to_json()}
        for verdict, case in zip(verdicts[:300], cases[:300], strict=True)
    ]
    problems, checked = timed(lambda pair: check_policy(pair["proof"], plain, pair["given"]), pairs)
    if any(problems):
        raise SystemExit(f"a proof is not accepted: {next(one for one in problems if one)}")
    return answers, {"decision": bare, "decision with proof": proved, "check of a proof": checked}


def measure(count: int) -> dict[str, Any]:
    """All figures, by policy and engine."""
    with as_file(files("proveout.demo") / "desk" / "policy.yaml") as path:
        desk = load_policy(path)
    fifty = Fifty()
    cases = fifty.cases(count)
    answers, figures = ours(fifty.policy(), cases)
    found: dict[str, Any] = {"desk": ours(desk, desk_cases(count))[1], "fifty": figures, "left out": [], "agree": []}
    for name, peer in PEERS.items():
        try:
            decide = peer(fifty)
        except ImportError as error:
            found["left out"].append(f"{name}: not installed ({error})")
            continue
        other, cost = timed(decide, cases)
        if other != answers:
            raise SystemExit(f"{name} decides otherwise on {sum(map(str.__ne__, other, answers))} of {count} cases")
        found["fifty"][name] = cost
        found["agree"].append(name)
    found["10,000 rules"] = large(10_000)
    found["decisions"] = {decision: answers.count(decision) for decision in sorted(set(answers))}
    return found


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--cases", type=int, default=2_000)
    arguments = parser.parse_args()
    found = measure(arguments.cases)
    if arguments.json:
        json.dump(found, sys.stdout, indent=2)
        return
    for policy, title in (("desk", "the desk, 27 rules"), ("fifty", "50 rules")):
        print(f"{title}, {arguments.cases:,} cases, microseconds of CPU")
        for name, cost in found[policy].items():
            print(f"  {name:22}{cost['p50_us']:>10,.1f} p50{cost['p95_us']:>10,.1f} p95")
    print("10,000 rules: read in {read_s} s, made ready in {evaluator_s} s of CPU".format(**found["10,000 rules"]))
    agreeing = ", ".join(found["agree"])
    print(f"same decisions on all {arguments.cases:,} cases: {agreeing or 'no peer is installed'} {found['decisions']}")
    for line in found["left out"]:
        print(f"left out: {line}")


if __name__ == "__main__":
    main()
