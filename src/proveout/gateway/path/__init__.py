"""The path of a request: who calls, what for, whether it may, who answers, and what is recorded."""

from proveout.gateway.path._app import Gateway
from proveout.gateway.path._state import State, build_state

__all__ = ["Gateway", "State", "build_state"]
