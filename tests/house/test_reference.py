"""Every command, error, setting and ledger entry stands in docs/reference."""

from __future__ import annotations

import inspect
from importlib import import_module
from pathlib import Path

import click
import pytest

from proveout import errors
from proveout.cli import COMMANDS
from proveout.ledger import entry_kinds
from proveout.task import task_keys

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference"
ERRORS = [
    name for name, value in vars(errors).items() if inspect.isclass(value) and issubclass(value, errors.ProveoutError)
]


def page(name: str) -> str:
    return (REFERENCE / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("error", ERRORS)
def test_every_error_is_documented_and_exported(error: str) -> None:
    assert f"`{error}`" in page("errors.md")
    assert error in errors.__all__


@pytest.mark.parametrize("key", task_keys())
def test_every_key_of_a_task_is_documented(key: str) -> None:
    assert f"`{key}`" in page("task-toml.md")


def test_every_kind_of_entry_is_documented() -> None:
    for package in ("data", "families", "trial", "certify"):
        import_module(f"proveout.{package}")
    ours = [kind for kind in entry_kinds() if not kind.startswith(("example.", "test."))]
    assert ours
    assert [kind for kind in ours if f"`{kind}`" not in page("ledger-entries.md")] == []


def helps() -> list[tuple[str, str]]:
    found = []
    for name, (module, _) in COMMANDS.items():
        command: click.Command = import_module(module).command
        found.append((f"proveout {name}", help_of(command, f"proveout {name}")))
        for sub, inner in getattr(command, "commands", {}).items():
            found.append((f"proveout {name} {sub}", help_of(inner, f"proveout {name} {sub}")))
    return found


def help_of(command: click.Command, path: str) -> str:
    return command.get_help(click.Context(command, info_name=path, max_content_width=100, terminal_width=100))


@pytest.mark.parametrize(("path", "text"), helps())
def test_the_help_in_the_docs_is_the_help_of_the_program(path: str, text: str) -> None:
    written = page("cli.md")
    assert f"## `{path}`" in written, "run: python docs/generate_reference.py"
    assert text in written, "run: python docs/generate_reference.py"
