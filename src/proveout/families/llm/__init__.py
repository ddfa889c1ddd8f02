"""llm: a large model behind an endpoint, or its recorded or simulated answers."""

from proveout.families.llm._family import EndpointCandidate, LlmFamily
from proveout.families.llm._provider import Completion, Provider
from proveout.families.llm._replay import ReplayCandidate

__all__ = ["Completion", "EndpointCandidate", "LlmFamily", "Provider", "ReplayCandidate"]
