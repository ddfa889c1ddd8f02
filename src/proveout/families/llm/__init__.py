"""llm: a large model behind an endpoint or on this machine, or its recorded or simulated answers."""

from proveout.families.llm._completion import Completion
from proveout.families.llm._endpoint import EndpointCandidate
from proveout.families.llm._family import LlmFamily
from proveout.families.llm._local import LocalProvider, LocalServer, LocalSettings, local_parameters, locate_gguf
from proveout.families.llm._optimise import (
    OptimisedPrompt,
    OptimiserBudget,
    TriedPrompt,
    optimise_prompt,
    plain_prompt,
)
from proveout.families.llm._provider import Provider
from proveout.families.llm._replay import ReplayCandidate

__all__ = [
    "Completion",
    "EndpointCandidate",
    "LlmFamily",
    "LocalProvider",
    "LocalServer",
    "LocalSettings",
    "OptimisedPrompt",
    "OptimiserBudget",
    "Provider",
    "ReplayCandidate",
    "TriedPrompt",
    "local_parameters",
    "locate_gguf",
    "optimise_prompt",
    "plain_prompt",
]
