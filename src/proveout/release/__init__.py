"""Routes: how a request is answered by several candidates at once or one after the other."""

from proveout.release._cascade import CascadeCandidate, Stage, build_cascade, choose_thresholds
from proveout.release._check import check_routed
from proveout.release._mixture import MixtureCandidate, build_mixture
from proveout.release._parts import Judged, Part
from proveout.release._plan import RoutePlan, build_route, parse_route

__all__ = [
    "CascadeCandidate",
    "Judged",
    "MixtureCandidate",
    "Part",
    "RoutePlan",
    "Stage",
    "build_cascade",
    "build_mixture",
    "build_route",
    "check_routed",
    "choose_thresholds",
    "parse_route",
]
