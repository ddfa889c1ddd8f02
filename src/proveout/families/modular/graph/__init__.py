"""Typed graphs of steps: declared in Python or TOML, checked when made, run in this process or by the engine."""

from proveout.families.modular.graph._bindings import Binding
from proveout.families.modular.graph._code import code_of
from proveout.families.modular.graph._drawing import graph_svg
from proveout.families.modular.graph._execution import SKIPPED, WHOLE, Call, Execution, Outcome
from proveout.families.modular.graph._graph import Graph
from proveout.families.modular.graph._kept import kept
from proveout.families.modular.graph._model import Retry, StepSpec
from proveout.families.modular.graph._nodes import Node
from proveout.families.modular.graph._plain import graph_to_plain, graph_to_toml
from proveout.families.modular.graph._run import GraphRun, invoke, run_graph
from proveout.families.modular.graph._stats import StepStats, graph_stats
from proveout.families.modular.graph._toml import graph_from_plain, graph_from_toml, load_graph
from proveout.families.modular.graph._words import said

__all__ = [
    "SKIPPED",
    "WHOLE",
    "Binding",
    "Call",
    "Execution",
    "Graph",
    "GraphRun",
    "Node",
    "Outcome",
    "Retry",
    "StepSpec",
    "StepStats",
    "code_of",
    "graph_from_plain",
    "graph_from_toml",
    "graph_stats",
    "graph_svg",
    "graph_to_plain",
    "graph_to_toml",
    "invoke",
    "kept",
    "load_graph",
    "run_graph",
    "said",
]
