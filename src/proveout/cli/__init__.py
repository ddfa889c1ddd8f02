"""The command line: one file a command, loaded when it is called."""

from proveout.cli._main import COMMANDS, main

__all__ = ["COMMANDS", "main"]
