"""Write docs/reference/cli.md from the program's own --help. Run: python docs/generate_cli.py."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import click

from proveout.cli import COMMANDS

HEAD = """# Command line

Data goes to standard output, progress and errors to standard error. `--json` prints the result as JSON, or writes it
to a file when one is named; an error is then also printed as `{"error", "about", "what", "why", "fix"}`. `NO_COLOR`
is honoured.

| exit code | meaning | class of [error](errors.md) |
|---|---|---|
| 0 | done | |
| 1 | a bug in Proveout | |
| 2 | wrong usage | |
| 3 | bad input | `TaskError`, `DataError`, `FamilyError`, `LedgerError` |
| 4 | something stored is not what was stored | `IntegrityError` |
| 5 | another process is at it | `BusyError` |
| 6 | the machine lacks something | `SetupError` |
| 7 | a provider failed | `ProviderError` |
| 130 | interrupted | |
"""


def section(command: click.Command, path: str) -> str:
    """One command's heading and help, and those of its sub-commands."""
    context = click.Context(command, info_name=path, max_content_width=100, terminal_width=100)
    parts = [f"\n## `{path}`\n\n```text\n{command.get_help(context)}\n```\n"]
    parts += [section(inner, f"{path} {name}") for name, inner in getattr(command, "commands", {}).items()]
    return "".join(parts)


def main() -> None:
    """Write the page."""
    pages = [section(import_module(module).command, f"proveout {name}") for name, (module, _) in COMMANDS.items()]
    target = Path(__file__).parent / "reference" / "cli.md"
    target.write_text(HEAD + "".join(pages), encoding="utf-8")


if __name__ == "__main__":
    main()
