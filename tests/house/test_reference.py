"""Every command, error, setting and ledger entry stands in docs/reference."""

from __future__ import annotations

import inspect
from importlib import import_module
from pathlib import Path

import click
import msgspec
import pytest

from proveout import errors
from proveout.cli import COMMANDS
from proveout.economics import scenario_keys
from proveout.events import FieldRule, GateSpec, Trigger
from proveout.families.modular.graph._toml import GRAPH_KEYS, RETRY_KEYS, STEP_KEYS
from proveout.gateway._read_settings import settings_keys
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


@pytest.mark.parametrize(
    "key",
    [
        *GRAPH_KEYS,
        *(f"steps.NAME.{key}" for key in STEP_KEYS if key != "retry"),
        *(f"steps.NAME.retry.{key}" for key in RETRY_KEYS),
    ],
)
def test_every_key_of_a_graph_is_documented(key: str) -> None:
    assert f"`{key}`" in page("graph-toml.md")


@pytest.mark.parametrize("key", scenario_keys())
def test_every_key_of_a_scenario_is_documented(key: str) -> None:
    assert f"`{key}`" in page("scenario-toml.md")


@pytest.mark.parametrize("key", settings_keys())
def test_every_key_of_a_gateway_is_documented(key: str) -> None:
    assert f"`{key}`" in page("gateway-toml.md")


@pytest.mark.parametrize("kind", [Trigger, GateSpec, FieldRule])
def test_every_key_of_a_trigger_is_documented(kind: type[msgspec.Struct]) -> None:
    prefix = {Trigger: "", GateSpec: "gate.", FieldRule: "gate.fields[]."}[kind]
    keys = [f"`{prefix}{name}`" for name in kind.__struct_fields__ if name not in {"gate", "fields"}]
    assert [key for key in keys if key not in page("events-toml.md")] == []


def test_every_kind_of_entry_is_documented() -> None:
    for package in ("certify", "data", "economics", "events", "families", "gateway.keys", "gateway.record", "trial"):
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
