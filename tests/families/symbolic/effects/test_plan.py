from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proveout.errors import FactInvalid, PolicyInvalid
from proveout.families.symbolic.effects import (
    Case,
    ConsequenceModel,
    Step,
    Verdict,
    fit_consequences,
    plan,
    predict,
    read_consequences,
)
from proveout.families.symbolic.effects._plan import Allowed
from proveout.testing._cases import ACTIONS, AMOUNT, EVIDENCE, FLAG, HISTORY, OFFERED, RefundDesk

PROOF = {"kind": "test"}
states = st.fixed_dictionaries(
    {
        name: st.sampled_from(of)
        for name, of in [("history", HISTORY), ("amount", AMOUNT), ("evidence", EVIDENCE), ("offered", OFFERED)]
    },
    optional={"flag": st.sampled_from(FLAG)},
)
SEEN = {"history": "new", "amount": "small", "evidence": "unasked", "offered": "no"}
verdicts = st.one_of(
    st.just(Verdict("allowed", PROOF)),
    st.just(Verdict("allowed")),
    st.just(Verdict("allowed", {})),
    st.builds(
        Verdict, st.sampled_from(["refused", "unknown", "underdetermined", "ALLOWED", "Allowed ", ""]), st.just(PROOF)
    ),
    st.sampled_from([True, "allowed", None, 1, PROOF]),
)


def steps(step: Step) -> Iterator[Step]:
    yield step
    for follow in step.follows:
        if follow.step:
            yield from steps(follow.step)


@settings(max_examples=15)
@given(states, st.lists(verdicts, min_size=20, max_size=20), st.integers(1, 2), st.sampled_from([0, 1, 30]))
def test_a_plan_never_holds_an_action_that_was_not_proved(
    desk_model: ConsequenceModel, state: dict[str, str], answers: list[Any], depth: int, least: int
) -> None:
    asked: dict[tuple[str, ...], Any] = {}

    def allowed(known: Mapping[str, Any], action: str) -> Any:
        key = (action, *sorted(map(str, known.values())))
        return asked.setdefault(key, answers[len(asked) % len(answers)])

    def proved(known: Mapping[str, Any], action: str) -> bool:
        answer = asked.get((action, *sorted(map(str, known.values()))))
        return answer == Verdict("allowed", PROOF)

    for step in steps(plan(desk_model, state, allowed, depth=depth, least=least).first):
        if step.fallback:
            assert (step.action, step.proof, step.considered) == ("escalate", None, {})
            assert not any(
                proved(step.state, action) for action in ACTIONS if desk_model.supported(step.state, action) >= least
            )
        else:
            assert proved(step.state, step.action)
            assert step.proof == PROOF
        assert all(proved(step.state, action) for action in step.considered)
        assert sorted([*step.considered, *(one.action for one in step.pruned)]) == sorted(ACTIONS)
        assert all(one.reason for one in step.pruned)


def brute(model: ConsequenceModel, state: dict[str, Any], rules: Allowed, depth: int) -> float:
    """The definition, by `predict` alone, for a state that leaves nothing open."""
    options = [a for a in model.spec.actions if model.supported(state, a) >= 1 and rules(state, a).status == "allowed"]
    values = []
    for action in options or [model.spec.safe]:
        found = predict(model, state, action)
        value = found.reward.value
        for one in found.outcomes:
            if depth > 1 and not model.spec.over(one.after):
                moved = {name: of for name, of in one.after.items() if name in model.spec.state}
                value += one.probability * brute(model, {**state, **moved}, rules, depth - 1)
        values.append(value)
    return max(values)


@pytest.mark.parametrize("history", ["bad", "good"])
def test_its_value_is_that_of_the_definition(desk_model: ConsequenceModel, desk: RefundDesk, history: str) -> None:
    bare = msgspec.structs.replace(desk_model, replicas=())
    state = {**SEEN, "history": history, "flag": "clean"}
    for depth in (1, 2):
        assert plan(bare, state, desk.rules, depth=depth).value.value == pytest.approx(
            brute(bare, state, desk.rules, depth)
        )


def test_looking_further_is_worth_no_less_where_waiting_is_free(
    table: dict[str, Any], confounded: Callable[[int, int], list[Case]]
) -> None:
    table["reward"] = {"end": {"won": 10}}
    model = fit_consequences(read_consequences(table), confounded(0, 300), replicas=3)
    values = [
        plan(model, {"sign": "bad", "level": 0.0}, lambda *_: Verdict("allowed", PROOF), depth=depth).value.value
        for depth in (1, 2, 3)
    ]
    assert values == sorted(values)
    assert values[1] > values[0] + 0.1


def test_each_pruned_action_says_why(desk_model: ConsequenceModel, desk: RefundDesk) -> None:
    first = plan(desk_model, {**SEEN, "amount": "large"}, desk.rules, depth=1).first
    reasons = {one.action: (one.status, one.reason) for one in first.pruned}
    assert reasons["approve"][0] in {"refused", "unsupported"}
    assert set(reasons) | set(first.considered) == set(ACTIONS)
    free = plan(desk_model, {**SEEN, "amount": "large"}, desk.rules, depth=1, least=0).first
    assert {one.action: (one.status, one.reason) for one in free.pruned} == {
        "approve": ("refused", "large sums need strong evidence"),
        "refuse": ("underdetermined", "whether a new customer was heard is not known"),
    }


def test_rules_that_fail_forbid(desk_model: ConsequenceModel) -> None:
    def failing(state: Mapping[str, Any], action: str) -> Verdict:
        raise PolicyInvalid("no policy", why="the file is empty", fix="write one", about=action)

    found = plan(desk_model, SEEN, failing, depth=1)
    assert found.first.fallback
    assert found.first.action == "escalate"
    assert found.warnings
    assert "the file is empty" in found.first.pruned[0].reason


@pytest.mark.parametrize(("state", "depth"), [(SEEN, 0), (SEEN, 4), ({"history": "new"}, 2)])
def test_what_cannot_be_planned_is_refused(
    desk_model: ConsequenceModel, desk: RefundDesk, state: dict[str, str], depth: int
) -> None:
    with pytest.raises(FactInvalid):
        plan(desk_model, state, desk.rules, depth=depth)
