"""llm: a large model behind an endpoint, or its recorded or simulated answers."""

from proveout.families.llm._completion import Completion
from proveout.families.llm._endpoint import EndpointCandidate
from proveout.families.llm._family import LlmFamily
from proveout.families.llm._prices import Prices, prices_of
from proveout.families.llm._provider import Provider
from proveout.families.llm._replay import ReplayCandidate

__all__ = ["Completion", "EndpointCandidate", "LlmFamily", "Prices", "Provider", "ReplayCandidate", "prices_of"]
