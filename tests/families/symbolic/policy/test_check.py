from __future__ import annotations

import copy
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import pytest

from proveout.demo._scenarios import TARGETS, draw_facts
from proveout.families.symbolic import policy as package
from proveout.families.symbolic.policy import (
    Evaluator,
    PolicyChecker,
    check_policy,
    load_policy,
    parse_policy,
    policy_to_json,
)

with as_file(files("proveout.demo") / "desk" / "policy.yaml") as path:
    DESK = load_policy(path)
DESK_JSON = policy_to_json(DESK)
EVALUATOR = Evaluator(DESK)
TANGLE = """
version: 3
name: tangle
decisions: [yes, no, ask]
undetermined: ask
facts:
  - {name: age, type: number}
  - {name: wait, type: duration, unit: hour, step: any}
  - {name: member, type: boolean, world: closed, default: false}
  - {name: born, type: date}
definitions:
  - {name: slow, means: wait > 1.5 or age / 2 > 50}
  - {name: adult, means: age >= 18 and not (born > date("2008-01-01"))}
rules:
  - {id: base, if: "slow or adult", then: no, priority: 2, cites: {document: a.md, section: "1"}}
  - {id: lifted, if: "member and adult", then: yes, overrides: [base], cites: {document: a.md}}
  - {id: both, if: "slow and member", then: yes, priority: 2}
  - {id: rest, if: "age < 3 or wait < 1", then: yes}
  - {id: other, if: "adult if member else wait < 2", then: no, priority: -1}
"""
TANGLED = parse_policy(TANGLE)
TANGLED_JSON = policy_to_json(TANGLED)

Case = tuple[dict[str, Any], dict[str, Any], dict[str, Any]]


def desk_cases(count: int, seed: int) -> Iterator[Case]:
    rng = random.Random(seed)
    for _ in range(count):
        given = EVALUATOR.normalise(draw_facts(rng.choice(sorted(TARGETS)), rng).stated())
        yield EVALUATOR.decide(given).proof, DESK_JSON, given.to_json()


def tangled_cases(count: int, seed: int) -> Iterator[Case]:
    rng, evaluator = random.Random(seed), Evaluator(TANGLED)
    for _ in range(count):
        case: dict[str, Any] = {
            "age": rng.choice([None, 2, 17, 18, 101]),
            "wait": rng.choice([None, 0.5, 1.5, "2 hours", "P1D"]),
            "born": rng.choice([None, "2008-01-01", "2008-01-02"]),
        }
        case |= {"member": rng.random() < 0.5} if rng.random() < 0.7 else {}
        given = evaluator.normalise(case)
        yield evaluator.decide(given).proof, TANGLED_JSON, given.to_json()


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path to every part of a proof."""
    yield at
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], (*at, key))


def part(value: Any, at: tuple[Any, ...]) -> Any:
    for key in at:
        value = value[key]
    return value


def drop(proof: Any, at: tuple[Any, ...], rng: random.Random, donor: Any) -> None:
    del part(proof, at[:-1])[at[-1]]


def alter(proof: Any, at: tuple[Any, ...], rng: random.Random, donor: Any) -> None:
    value = part(proof, at)
    if isinstance(value, bool):
        new: Any = rng.choice([not value, None, int(value)])
    elif isinstance(value, int):
        new = rng.choice([value + 1, value - 1, -value, str(value), float(value), bool(value)])
    elif isinstance(value, str):
        new = rng.choice(
            [value + "x", value[1:], "", value.upper(), rng.choice(strings(proof)), rng.choice(strings(donor))]
        )
    else:
        new = rng.choice([{}, [], None, "x"])
    part(proof, at[:-1])[at[-1]] = new


def swap(proof: Any, at: tuple[Any, ...], rng: random.Random, donor: Any) -> None:
    siblings = part(proof, at[:-1])
    other = rng.choice(list(siblings) if isinstance(siblings, dict) else range(len(siblings)))
    siblings[at[-1]], siblings[other] = siblings[other], siblings[at[-1]]


def duplicate(proof: Any, at: tuple[Any, ...], rng: random.Random, donor: Any) -> None:
    siblings = part(proof, at[:-1])
    if isinstance(siblings, list):
        siblings.insert(rng.randint(0, len(siblings)), copy.deepcopy(siblings[at[-1]]))
    else:
        siblings[f"{at[-1]}s"] = siblings[at[-1]]


def transplant(proof: Any, at: tuple[Any, ...], rng: random.Random, donor: Any) -> None:
    """Put a part of this proof, or the same part of another, in a part's place."""
    source = rng.choice([proof, donor])
    kind = type(part(proof, at))
    fitting = [place for place in places(source) if isinstance(part(source, place), kind)]
    if fitting:
        part(proof, at[:-1])[at[-1]] = copy.deepcopy(part(source, rng.choice(fitting)))


def conclude(proof: Any, at: tuple[Any, ...], rng: random.Random, donor: Any) -> None:
    key = rng.choice(["status", "decision", "policy", "holds", "fails", "overridden", "facts"])
    proof[key] = copy.deepcopy(donor[key])


MUTATIONS: tuple[Callable[[Any, tuple[Any, ...], random.Random, Any], None], ...] = (
    drop,
    alter,
    alter,
    swap,
    duplicate,
    transplant,
    conclude,
)


def strings(value: Any) -> list[str]:
    return [part(value, at) for at in places(value) if isinstance(part(value, at), str)]


def canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def mutants(cases: list[Case], seed: int, count: int) -> Iterator[tuple[str, Any, Case]]:
    rng = random.Random(seed)
    while count:
        case = rng.choice(cases)
        mutated, donor = copy.deepcopy(case[0]), rng.choice(cases)[0]
        at = rng.choice(list(places(mutated))[1:])
        mutate = rng.choice(MUTATIONS)
        mutate(mutated, at, rng, donor)
        if canonical(mutated) != canonical(case[0]):
            count -= 1
            yield mutate.__name__, mutated, case


def other_derivation(mutated: Any, original: Any) -> bool:
    """Whether a mutant claims the same and only explains a true ``or`` or a false ``and`` by another part that does.

    Both name the same rules, facts, decision and reasons for each rule; only steps below a condition differ. Such a
    mutant is a proof, and there is nothing to reject.
    """

    def outline(proof: Any) -> Any:
        shown = copy.deepcopy(proof)
        for one in [*shown["holds"], *shown["fails"]]:
            one["since"] = {"text": one["since"]["text"], "is": one["since"]["is"]}
        return shown

    return canonical(outline(mutated)) == canonical(outline(original))


def rejected(cases: list[Case], seed: int, count: int) -> Counter[str]:
    tried: Counter[str] = Counter()
    for name, mutated, (original, policy, given) in mutants(cases, seed, count):
        if not check_policy(mutated, policy, given):
            assert other_derivation(mutated, original), (name, canonical(mutated), canonical(original))
            tried["other derivation"] += 1
        tried[name] += 1
    return tried


def test_proofs_are_accepted() -> None:
    for proof, policy, given in [*desk_cases(120, 1), *tangled_cases(150, 2)]:
        assert check_policy(json.loads(json.dumps(proof)), policy, given) == [], given


def test_every_status_is_among_the_tested_proofs() -> None:
    statuses = Counter(proof["status"] for proof, _, _ in [*desk_cases(100, 1), *tangled_cases(400, 2)])
    assert min(statuses[status] for status in ("decided", "undetermined", "conflict", "uncovered")) >= 3


def test_mutated_proofs_are_rejected() -> None:
    tried = rejected(list(tangled_cases(60, 4)), seed=11, count=600) + rejected(list(desk_cases(30, 3)), 9, count=150)
    assert tried["other derivation"] <= 10


@pytest.mark.slow
def test_ten_thousand_mutated_proofs_of_the_desk_are_rejected() -> None:
    tried = rejected(list(desk_cases(300, 5)), seed=12, count=10_000)
    assert min(tried[mutate.__name__] for mutate in MUTATIONS) > 500
    assert tried["other derivation"] <= 50


def test_a_checker_that_is_kept_says_what_a_new_one_says() -> None:
    checker, cases = PolicyChecker(TANGLED_JSON), list(tangled_cases(40, 6))
    for _, mutated, (original, policy, given) in mutants(cases, seed=13, count=80):
        assert checker.problems(mutated, given) == check_policy(mutated, copy.deepcopy(policy), given)
        assert checker.problems(original, given) == []


def test_facts_are_those_given() -> None:
    proof, policy, given = next(
        case for case in desk_cases(50, 6) if case[0]["facts"]["stated"].get("days_since_delivery")
    )
    assert check_policy(proof, policy, given | {"days_since_delivery": given["days_since_delivery"] + 1}) != []
    assert (
        check_policy(proof, policy, {name: value for name, value in given.items() if name != "days_since_delivery"})
        != []
    )
    assert check_policy(proof, policy, given | {"weather": "rain"}) != []


def test_a_proof_of_another_version_is_rejected() -> None:
    proof, policy, given = next(desk_cases(1, 7))
    changed = copy.deepcopy(policy)
    changed["rules"][-1]["cites"]["section"] = "6.7"
    assert "what it says of the policy" in check_policy(proof, changed, given)[-1]


def test_an_omitted_refutation_is_rejected() -> None:
    for proof, policy, given in desk_cases(40, 8):
        for at in range(len(proof["fails"])):
            shorter = copy.deepcopy(proof)
            del shorter["fails"][at]
            assert any("all that must fail" in problem for problem in check_policy(shorter, policy, given))


@pytest.mark.parametrize(
    "proof", [None, 3, "x", [], {}, {"status": []}, {"kind": "policy", "status": "decided", "holds": 1}]
)
def test_what_is_no_proof_is_rejected(proof: Any) -> None:
    assert check_policy(proof, DESK_JSON, {"reason": "damaged"}) != []


def test_hostile_texts_are_only_parsed() -> None:
    proof, policy, given = next(case for case in desk_cases(50, 6) if case[0]["fails"])
    for text in (
        "__import__('os').system('true')",
        "(" * 10_000,
        "a" * 100_000,
        "lambda: 0",
        "[x for x in y]",
        "1 +",
        "\\x",
    ):
        mutated = copy.deepcopy(proof)
        mutated["fails"][0]["since"]["text"] = text
        assert check_policy(mutated, policy, given) != []


def test_the_checker_shares_nothing_with_what_it_checks() -> None:
    for name in ("_check.py", "_check_parsed.py"):
        source = Path(str(package.__file__)).with_name(name).read_text(encoding="utf-8")
        imports = [line for line in source.splitlines() if "import" in line and "proveout" in line]
        assert all("policy._check_" in line for line in imports)
        assert len([line for line in source.splitlines() if line.strip()]) < 200
