"""A synthetic refund desk to try Proveout on: messages whose facts and right decisions are known."""

from proveout.demo._write import is_demo, write_demo

__all__ = ["is_demo", "write_demo"]
