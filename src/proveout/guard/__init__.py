"""Checks on one input or one output, registered by name."""

from proveout.guard._credentials import CredentialsGuard
from proveout.guard._protocol import Guard, Verdict, guard, guards

__all__ = ["CredentialsGuard", "Guard", "Verdict", "guard", "guards"]
