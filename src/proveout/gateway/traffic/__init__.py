"""Traffic as the ledger holds it: which features call a model, what they cost, and their rows as examples."""

from proveout.gateway.traffic._rows import TrafficRow, traffic_rows
from proveout.gateway.traffic._said import Said, said_in
from proveout.gateway.traffic._summary import Feature, Totals, features

__all__ = ["Feature", "Said", "Totals", "TrafficRow", "features", "said_in", "traffic_rows"]
