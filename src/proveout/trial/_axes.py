"""The axes of a comparison besides quality, latency and cost."""

from __future__ import annotations

import msgspec

from proveout.trial._causal import CausalAxis
from proveout.trial._interpret import InterpretabilityAxis
from proveout.trial._modularity import ModularityAxis

__all__ = ["Axes"]


class Axes(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of one candidate on each axis.

    Attributes:
        causal: with ``--causal``, of a candidate that can be asked about edited inputs; else None.
        interpretability: of every candidate.
        modularity: with ``--modularity``, else None; without figures for a candidate that is one piece.
    """

    causal: CausalAxis | None
    interpretability: InterpretabilityAxis
    modularity: ModularityAxis | None = None
