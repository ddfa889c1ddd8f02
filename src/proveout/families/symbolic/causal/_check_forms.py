"""Independent checker of causal proofs: the forms of questions, each phrase replaced by its role."""

from __future__ import annotations

__all__ = ["QUESTIONS"]

SIGNED = r"(?P<d>{})"
MORE, CHANGE = SIGNED.format("more|less"), SIGNED.format("increase|decrease|raise|reduce|lower")
LARGER, SIGN = SIGNED.format("larger|smaller|higher|lower|greater|bigger"), SIGNED.format("positively|negatively")
THROUGH = r"through <m\d>(?:(?:,|,? and) <m\d>)*"
CHANCE = "the (?:chance|probability) of <y>"
AFFECTS = SIGNED.format("does not affect|do not affect|affects|affect")
QUESTIONS = {
    "marginal": rf"is <y> {MORE} likely than <other>(?: overall)?",
    "correlation": rf"is {CHANCE} {LARGER} when (?:observing|we observe|seeing) <x>",
    "ate": rf"(?:will|does|do|would) <x> {CHANGE} {CHANCE}",
    "exp_away": rf"(?:if we look at|among|for) <given>, does {CHANCE} {CHANGE} when <x>",
    "ett": rf"for <x>, would it be {MORE} likely to see <y> if <other>",
    "nde": rf"if we (?:disregard|ignore) the mediation effect {THROUGH}, would <x> {SIGN} affect <y>",
    "nie": rf"does <x> {SIGN} affect <y> {THROUGH}",
    "collider_bias": rf"if we look at <given>, does it mean that <x> {AFFECTS} <y>",
    "backadj": rf"to understand how <x> affects <y>, is it more correct to use (?:the )?method {SIGNED.format('[12]')} "
    r"(?:than|rather than|instead of) (?:the )?method [12]",
    "det-counterfactual": r"would <y> if <x> instead of <other>",
}
