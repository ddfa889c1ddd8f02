"""Logic over controlled English: facts and rules read from text, verdicts with proofs, and a checker of those."""

from proveout.families.symbolic.logic._backward import derive
from proveout.families.symbolic.logic._chain import Derivation, saturate
from proveout.families.symbolic.logic._check import check_logic
from proveout.families.symbolic.logic._program import Literal, Program, Rule, Sentence, Statement
from proveout.families.symbolic.logic._prove import Verdict, prove
from proveout.families.symbolic.logic._question import LogicAnswer, answer_question, looks_like_logic
from proveout.families.symbolic.logic._reader import read_statement, read_text
from proveout.families.symbolic.logic._render import render

__all__ = [
    "Derivation",
    "Literal",
    "LogicAnswer",
    "Program",
    "Rule",
    "Sentence",
    "Statement",
    "Verdict",
    "answer_question",
    "check_logic",
    "derive",
    "looks_like_logic",
    "prove",
    "read_statement",
    "read_text",
    "render",
    "saturate",
]
