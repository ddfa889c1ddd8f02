"""What leaves the gateway besides the ledger: figures and spans, folded from records once they are committed."""

from __future__ import annotations

import os
import time
from importlib.metadata import version
from threading import Lock
from typing import TYPE_CHECKING

from proveout.gateway.telemetry import Exporter, Metrics, Reading, otlp_sender, provider_names

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from proveout.gateway._settings import Settings, Telemetry

__all__ = ["Fold"]

# For spans that wait when the settings change or the gateway ends.
CLOSE_SECONDS = 2.0


class Fold:
    """Metrics of all workers, and the exporter of their spans.

    The ledger's thread counts, another reads: one lock keeps them apart.

    Args:
        settings: say where spans go.
        wall: seconds since the epoch.

    Raises:
        ExtraMissing: spans are wanted, and the extra ``telemetry`` is not installed.
    """

    def __init__(self, settings: Settings, *, wall: Callable[[], float] = time.time) -> None:
        self.running = self.restarts = 0
        self._wall = wall
        self._lock = Lock()
        self._telemetry: tuple[Telemetry, Mapping[str, str]] | None = None
        self._exporter: Exporter | None = None
        self._metrics = Metrics(
            (
                Reading("proveout_workers", "Processes that answer requests.", lambda: self.running),
                Reading("proveout_worker_restarts", "Workers that took the place of one that ended.", self._restarts),
                Reading("proveout_spans_dropped", "Requests whose spans found no room.", self._dropped),
            )
        )
        self.use(settings)

    def use(self, settings: Settings) -> None:
        """Send spans as these settings say from now on.

        Raises:
            ExtraMissing: the extra ``telemetry`` is not installed; what was in force stays in force.
        """
        wanted = (settings.telemetry, provider_names(settings.providers))
        if wanted == self._telemetry:
            return
        exporter = None
        if settings.telemetry.otlp:
            send = otlp_sender(settings.telemetry, version=version("proveout"), environment=os.environ)
            exporter = Exporter(send, providers=wanted[1], content=settings.telemetry.content)
        with self._lock:
            before, self._exporter, self._telemetry = self._exporter, exporter, wanted
        if before is not None:
            before.close(CLOSE_SECONDS)

    def observe(self, records: list[bytes]) -> None:
        """Count what was committed, and hand it to the exporter, which never waits."""
        with self._lock:
            self._metrics.observe(records)
            if self._exporter is not None:
                self._exporter.offer(records)

    def render(self) -> bytes:
        """In the text format of Prometheus.

        Raises:
            ExtraMissing: prometheus-client is not installed.
        """
        with self._lock:
            return self._metrics.render(self._wall())

    def close(self) -> None:
        """Send the spans that wait, for a little while at most."""
        if self._exporter is not None:
            self._exporter.close(CLOSE_SECONDS)

    def _restarts(self) -> float:
        return self.restarts

    def _dropped(self) -> float:
        return 0.0 if self._exporter is None else self._exporter.dropped
