"""Events that start durable runs of graphs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proveout.errors import TriggerInvalid
from proveout.families.modular.engine import EngineOptions, SqliteEngine
from proveout.loop._graph_files import load_reference

if TYPE_CHECKING:
    from collections.abc import Mapping

    from proveout.events import Event, Handler, HandlerMaker, Setting, Trigger

__all__ = ["graph_handler", "run_graph_for"]

OPTION = "graph"


def graph_handler() -> HandlerMaker:
    """What is registered as the event handler ``graph``."""
    return run_graph_for


def run_graph_for(trigger: Trigger, setting: Setting) -> Handler:
    """Runs the graph that the trigger's option ``graph`` names, once for each delivery however often it is tried.

    The delivery's key is the key of the run: a delivery that is tried again after a kill resumes its run, and one that
    was answered already gives the same result. A run that waits for a person is not waited for.

    Raises:
        TriggerInvalid: the option is missing.
        WorkflowInvalid: there is no such graph.
    """
    reference = trigger.options.get(OPTION)
    if not reference:
        why = 'its options have no "graph"'
        fix = 'name one: options = { graph = "flow.toml" }'
        raise TriggerInvalid("no graph to run", why=why, fix=fix, about=f"trigger {trigger.name}")
    workspace = setting.workspace
    loaded = load_reference(workspace.root, reference)
    name = loaded.graph.name
    options = EngineOptions(sources={name: loaded.source})

    def handle(event: Event, inputs: Mapping[str, Any], key: str) -> Any:
        del event
        with SqliteEngine(workspace.runs, {name: loaded.graph}, options=options) as engine:
            result = engine.run(name, loaded.prepare(inputs), key=key)
        if result.error is not None:
            raise result.error
        return {"run": result.id, "status": result.status, "output": result.output}

    return handle
