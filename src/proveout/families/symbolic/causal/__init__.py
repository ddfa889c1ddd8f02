"""Causal."""

from proveout.families.symbolic.causal._graph import Graph, parse_graph
from proveout.families.symbolic.causal._identify import identify

__all__ = ["Graph", "identify", "parse_graph"]
