"""The modular family: micro-models under an orchestrator, a typed graph that an engine runs."""

from proveout.families.modular._candidate import ModularCandidate
from proveout.families.modular._draft import Draft
from proveout.families.modular._family import ModularFamily

__all__ = ["Draft", "ModularCandidate", "ModularFamily"]
