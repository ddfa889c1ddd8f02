from __future__ import annotations

from proveout.families.symbolic.logic import Literal, Rule
from proveout.families.symbolic.logic._program import instance


def test_denial_undoes_itself() -> None:
    one = Literal("like", ("?x", "anne"))
    assert one.denied() != one
    assert one.denied().denied() == one
    assert str(one.denied()) == "not: ?x like anne"


def test_an_instance_replaces_the_variable_wherever_it_is() -> None:
    assert instance(Literal("like", ("?x", "?x"), positive=False), "bob") == Literal(
        "like", ("bob", "bob"), positive=False
    )
    plain = Literal("is big", ("anne",))
    assert instance(plain, "bob") is plain


def test_a_rule_knows_whether_it_is_about_anybody() -> None:
    big = Literal("is big", ("?x",))
    assert Rule(big, (), 0).has_variable
    assert Rule(Literal("is kind", ("anne",)), (big,), 0).has_variable
    assert not Rule(Literal("is kind", ("anne",)), (), 0).has_variable
