"""What is wrong with a policy as a text, found without a solver."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

__all__ = ["Finding"]


class Finding(msgspec.Struct, frozen=True):
    """Something in a policy that its authors should look at.

    Attributes:
        severity: ``error`` where the policy cannot mean it, ``warning`` where it might.
        code: the kind of finding, as ``unused-fact``.
        where: what it concerns: ``rule window``, ``fact price``, ``policy``.
        what: what was found, in one sentence.
        fix: what to do next, as an instruction.
        witness: facts that show it, by name, as JSON values; empty where none are needed.
    """

    severity: Literal["error", "warning"]
    code: str
    where: str
    what: str
    fix: str
    witness: dict[str, Any] = {}
