"""Causal graphs, identification, exact computation from stated probabilities, and a reader of causal questions."""

from proveout.families.symbolic.causal._answer import CausalAnswer, answer_question, looks_causal
from proveout.families.symbolic.causal._check import check_causal
from proveout.families.symbolic.causal._compute import Verdict, evaluate
from proveout.families.symbolic.causal._deterministic import Equation, Twin, twin
from proveout.families.symbolic.causal._expression import Term, term, value_of
from proveout.families.symbolic.causal._graph import Graph, parse_graph, parse_model
from proveout.families.symbolic.causal._identify import back_doors, identify
from proveout.families.symbolic.causal._query import Identified, NotIdentified, Query
from proveout.families.symbolic.causal._render import render
from proveout.families.symbolic.causal._stated import Stated, rounded

__all__ = [
    "CausalAnswer",
    "Equation",
    "Graph",
    "Identified",
    "NotIdentified",
    "Query",
    "Stated",
    "Term",
    "Twin",
    "Verdict",
    "answer_question",
    "back_doors",
    "check_causal",
    "evaluate",
    "identify",
    "looks_causal",
    "parse_graph",
    "parse_model",
    "render",
    "rounded",
    "term",
    "twin",
    "value_of",
]
