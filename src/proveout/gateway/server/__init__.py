"""Processes that serve: a supervisor with the ledger, and workers that answer HTTP on one port."""

from proveout.gateway.server._serve import ServeOptions, Serving, serve

__all__ = ["ServeOptions", "Serving", "serve"]
