"""``proveout policy check|explain|whatif|diff DIR``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from proveout import loop
from proveout.cli._common import emit, folder_argument, json_option, next_command
from proveout.store import translated_os_errors

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime

    from rich.console import Console

    from proveout.families.symbolic.policy import Difference

__all__ = ["command"]

BAD_INPUT = 3


def _day(_context: click.Context, _parameter: click.Parameter, value: datetime | None) -> date | None:
    return value.date() if value else None


def _given(_context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, Any]:
    """``NAME=VALUE`` pairs; a value is JSON where it can be read as such, and text otherwise."""
    found: dict[str, Any] = {}
    for pair in values:
        name, equals, text = pair.partition("=")
        if not equals:
            raise click.BadParameter(f"{pair!r} is not NAME=VALUE")
        found[name.strip()] = _plain(text.strip())
    return found


def _plain(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


day_option = click.option(
    "--on", type=click.DateTime(["%Y-%m-%d"]), callback=_day, metavar="DAY", help="The day of the case, as 2026-01-31."
)


def case_options(function: Callable[..., None]) -> Callable[..., None]:
    """The options that state a case."""
    options = (
        click.option("--fact", "given", multiple=True, metavar="NAME=VALUE", callback=_given, help="May be repeated."),
        click.option(
            "--facts", "file", type=click.Path(path_type=Path), metavar="FILE", help="Facts as a JSON object."
        ),
        click.option("--text", default="", metavar="TEXT", help="A message that the task's readers read facts from."),
        day_option,
        json_option,
    )
    for option in reversed(options):
        function = option(function)
    return function


def _case(given: dict[str, Any], file: Path | None) -> dict[str, Any]:
    if file is None:
        return given
    with translated_os_errors(file):
        content = file.read_bytes()
    try:
        return {**msgspec.json.decode(content, type=dict[str, Any]), **given}
    except msgspec.DecodeError as error:
        raise click.BadParameter(f"{file} is no JSON object: {error}") from error


@click.group("policy")
def command() -> None:
    """Check, explain and compare the policy of the task in DIR, or a policy file."""


@command.command("check")
@folder_argument
@day_option
@json_option
def check(folder: Path, on: date | None, json_to: str | None) -> int:
    """Find unknown names, dead rules, contradictions and cases that no rule covers."""
    found = loop.check_policy(folder, on=on)

    def show(console: Console) -> None:
        console.print(f"Policy {found.policy}: {found.rules} rules over {found.facts} facts", markup=False)
        for one in found.findings:
            console.print(f"  {one.severity}: {one.where}: {one.what}. Next: {one.fix}.", markup=False)
            if one.witness:
                console.print(f"    for example: {_named(one.witness)}", markup=False)
        console.print("No errors." if found.ok else "It has errors.")
        next_command(console, f"proveout policy explain {folder} --fact NAME=VALUE")

    emit({"ok": found.ok, **_json(found)}, json_to, show)
    return 0 if found.ok else BAD_INPUT


@command.command("explain")
@folder_argument
@case_options
@click.option("--detail", type=click.Choice(["short", "medium", "full"]), default="medium", show_default=True)
def explain(
    folder: Path,
    given: dict[str, Any],
    file: Path | None,
    text: str,
    on: date | None,
    json_to: str | None,
    detail: str,
) -> None:
    """Decide a case and show why: the rule, what it cites, the facts it stands on, and what to ask next."""
    facts = _case(given, file)
    found = loop.explain_case(folder, facts, text=text, on=on)

    def show(console: Console) -> None:
        console.print(found.shown[detail], markup=False)
        if found.solver:
            console.print(
                f"Proved {found.solver} from: {', '.join(found.responsible) or 'the policy alone'}", markup=False
            )
        for name, values in found.confirm.items():
            console.print(f"Please confirm {name}: {' or '.join(map(str, values))}", markup=False)
        if found.ask:
            console.print(f"Ask next: {found.ask}", markup=False)
        next_command(console, f"proveout policy whatif {folder} --want DECISION --fact NAME=VALUE")

    emit(_json(found), json_to, show)


@command.command("whatif")
@folder_argument
@click.option("--want", required=True, metavar="DECISION", help="The decision that is wanted.")
@case_options
def whatif(
    folder: Path,
    want: str,
    given: dict[str, Any],
    file: Path | None,
    text: str,
    on: date | None,
    json_to: str | None,
) -> None:
    """Find the smallest permitted change that leads to a decision, or prove that there is none."""
    found = loop.what_if(folder, _case(given, file), want, text=text, on=on)

    def show(console: Console) -> None:
        console.print(f"Now: {found.now or 'no decision'}", markup=False)
        if found.status == "too complex":
            console.print(f"Whether a change leads to {want} is too complex to prove within the budget.", markup=False)
        elif found.status == "no change":
            why = f", because of {', '.join(found.responsible)}" if found.responsible else ""
            console.print(f"Proved: no permitted change leads to {want}{why}.", markup=False)
        else:
            console.print(f"Smallest change to {want}, proved:", markup=False)
        for name, (old, new) in found.change.items():
            console.print(f"  {name}: {old} → {new}", markup=False)
        for name, value in found.given.items():
            console.print(f"  if {name} is {value}", markup=False)
        next_command(console, f"proveout policy check {folder}")

    emit(_json(found), json_to, show)


@command.command("diff")
@folder_argument
@click.argument("old", metavar="OLD")
@json_option
def compare_versions(folder: Path, old: str, json_to: str | None) -> None:
    """Show which cases are decided otherwise than by OLD: a file, a task's folder or a git revision."""
    found = loop.diff_policies(folder, old)

    def show(console: Console) -> None:
        if found.alike:
            console.print("Proved: both versions decide every case alike.")
        for one in found.differences:
            _show_difference(console, one)
        for before, after in found.too_complex:
            console.print(f"{before} → {after}: too complex to settle within the budget", markup=False)
        for rule in found.rules:
            console.print(f"  rule {rule.rule}: {rule.change}", markup=False)
        next_command(console, f"proveout policy check {folder}")

    emit(_json(found), json_to, show)


def _show_difference(console: Console, one: Difference) -> None:
    rules = f"{', '.join(one.old_rules) or 'no rule'} → {', '.join(one.new_rules) or 'no rule'}"
    console.print(f"{one.old} → {one.new} ({rules})", markup=False)
    console.print(f"  for example: {_named(one.witness)}", markup=False)


def _named(case: dict[str, Any]) -> str:
    return ", ".join(f"{name} = {_text(value)}" for name, value in case.items())


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _json(found: Any) -> Any:
    """As JSON values: an exact fraction that no float holds is written as text."""
    return msgspec.to_builtins(found, enc_hook=str, str_keys=True)
