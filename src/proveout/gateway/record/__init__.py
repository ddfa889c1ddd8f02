"""Records of requests on their way to the ledger: a ring a worker, one writer, nothing acknowledged lost to a kill."""

from proveout.gateway.record._damage import RecordsDamaged
from proveout.gateway.record._drain import Drain
from proveout.gateway.record._memory import MemoryRecorder
from proveout.gateway.record._recorder import Recorder
from proveout.gateway.record._recovery import Recovery, recover, rings_folder
from proveout.gateway.record._ring import Ring
from proveout.gateway.record._ring_recorder import RingRecorder

__all__ = [
    "Drain",
    "MemoryRecorder",
    "Recorder",
    "RecordsDamaged",
    "Recovery",
    "Ring",
    "RingRecorder",
    "recover",
    "rings_folder",
]
