"""Tasks and local embedders as models: requests answered by a task's live route, off the event loop."""

from proveout.gateway.tasks._answerer import TaskAnswerer
from proveout.gateway.tasks._batcher import Batcher
from proveout.gateway.tasks._built import BuiltWatch, built_state
from proveout.gateway.tasks._embeddings import EmbeddingsAnswerer, Vectors
from proveout.gateway.tasks._stages import Stage, refusal, stages_for
from proveout.gateway.tasks._tasks import load_embeddings, load_tasks, task_names

__all__ = [
    "Batcher",
    "BuiltWatch",
    "EmbeddingsAnswerer",
    "Stage",
    "TaskAnswerer",
    "Vectors",
    "built_state",
    "load_embeddings",
    "load_tasks",
    "refusal",
    "stages_for",
    "task_names",
]
