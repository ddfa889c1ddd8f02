"""``proveout key create|list|revoke|rotate``."""

from __future__ import annotations

import getpass
import re
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.markup import escape
from rich.table import Table

from proveout.cli._common import FOLDER, emit, json_option, next_command
from proveout.errors import WriterBusy
from proveout.gateway import Limits
from proveout.gateway.keys import create_key, list_keys, revoke_key, rotate_key, write_audits
from proveout.ledger import Ledger
from proveout.store import Workspace, open_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from proveout.gateway import Key
    from proveout.store import Store

__all__ = ["command"]

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
LIMITS = ("requests_per_minute", "tokens_per_minute", "usd_per_day", "usd_per_month")
POSITIVE = click.FloatRange(min=0, min_open=True)
MOST_SECONDS = 100 * 366 * 86_400


class Duration(click.ParamType[float]):
    """A number and a unit: ``90d``, ``12h``."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds."""
        if isinstance(value, int | float):
            return float(value)
        found = re.fullmatch(r"([0-9]{1,9})([smhdw])", value)
        seconds = int(found[1]) * UNITS[found[2]] if found else -1
        if not 0 <= seconds <= MOST_SECONDS:
            self.fail(f"{value!r} is no time such as 30m, 12h or 90d", param, ctx)
        return float(seconds)


home_option = click.option(
    "--home",
    type=FOLDER,
    default=Path("proveout-gateway"),
    show_default=True,
    metavar="DIR",
    help="Of the gateway: its settings, keys and ledger.",
)
key_argument = click.argument("key", metavar="KEY")


@click.group("key")
def command() -> None:
    """Keys of the gateway. One that is running takes a change within a second."""


@command.command("create")
@home_option
@click.option("--name", required=True, metavar="NAME", help="For people: the application or team that uses it.")
@click.option(
    "--model", "models", multiple=True, metavar="NAME", help="Task or model it may use, gpt-*; repeatable. [default: *]"
)
@click.option("--tier", default="standard", show_default=True, metavar="NAME", help="Its tier in gateway.toml.")
@click.option("--expires", type=Duration(), metavar="TIME", help="After this time, 90d; never when left out.")
@click.option("--requests-per-minute", type=POSITIVE, metavar="N", help="Instead of its tier's limits.")
@click.option("--tokens-per-minute", type=POSITIVE, metavar="N", help="Instead of its tier's limits.")
@click.option("--usd-per-day", type=click.FloatRange(min=0), metavar="USD", help="Budget a day (UTC) that stops.")
@click.option("--usd-per-month", type=click.FloatRange(min=0), metavar="USD", help="Budget a month (UTC) that stops.")
@json_option
def create(home: Path, name: str, models: tuple[str, ...], json_to: str | None, **options: Any) -> None:
    """Make a key and print its secret, once: only a digest of it is kept."""
    limits = {field: options[field] for field in LIMITS if options[field] is not None}
    expires = None if options["expires"] is None else time.time() + options["expires"]
    with _keys_of(home) as store:
        key, secret = create_key(
            store,
            name,
            models=models or ("*",),
            tier=options["tier"],
            limits=Limits(**limits) if limits else None,
            expires=expires,
            by=_user(),
        )
    emit(_shown(key) | {"secret": secret}, json_to, lambda console: _show_secret(console, home, key, secret))


@command.command("list")
@home_option
@click.option("--all", "everything", is_flag=True, help="Also those that have expired or were revoked.")
@json_option
def list_all(home: Path, json_to: str | None, *, everything: bool) -> None:
    """List keys, never their secrets; one that is being rotated stands once for each secret that is taken."""
    with open_store(Workspace(home)) as store:
        found = [_shown(key) for key in list_keys(store)]
    keys = [key for key in found if everything or key["state"] == "in force"]

    def show(console: Console) -> None:
        if not keys:
            console.print("No keys." if everything else "No keys in force.")
            next_command(console, f"proveout key create --home {home} --name NAME")
            return
        columns = ("id", "name", "models", "tier", "limits", "created", "expires", "state")
        table = Table(*columns, box=None, pad_edge=False)
        for key in keys:
            table.add_row(*(escape(_cell(key[column])) for column in columns))
        console.print(table)

    emit(keys, json_to, show)


@command.command("revoke")
@key_argument
@home_option
@json_option
def revoke(key: str, home: Path, json_to: str | None) -> None:
    """Refuse KEY, an id or a name, from now on with all its secrets."""
    with _keys_of(home) as store:
        revoked = revoke_key(store, key, by=_user())

    def show(console: Console) -> None:
        console.print(f"{revoked.id} ({revoked.name}) is revoked.", markup=False)
        next_command(console, f"proveout key list --home {home}")

    emit(_shown(revoked), json_to, show)


@command.command("rotate")
@key_argument
@home_option
@click.option(
    "--overlap", type=Duration(), default="24h", show_default=True, metavar="TIME", help="That the old secret is taken."
)
@json_option
def rotate(key: str, home: Path, overlap: float, json_to: str | None) -> None:
    """Give KEY, an id or a name, another secret with the same rights, limits and use, and print it once."""
    with _keys_of(home) as store:
        rotated, secret = rotate_key(store, key, overlap, by=_user())
    emit(_shown(rotated) | {"secret": secret}, json_to, lambda console: _show_secret(console, home, rotated, secret))


@contextmanager
def _keys_of(home: Path) -> Iterator[Store]:
    """The store, and afterwards the ledger's entry of what was changed in it."""
    workspace = Workspace(home)
    with open_store(workspace) as store:
        yield store
        try:
            with Ledger.open(workspace) as ledger:
                write_audits(store, ledger)
        except WriterBusy:
            return  # the gateway is running: it finds the entry in the store and writes it


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""  # a user id without a name, as in a container


def _shown(key: Key) -> dict[str, Any]:
    now = time.time()
    limits = {} if key.limits is None else {name: getattr(key.limits, name) for name in LIMITS}
    return {
        "id": key.id,
        "name": key.name,
        "models": list(key.models),
        "tier": key.tier,
        "limits": {name: value for name, value in limits.items() if value is not None},
        "created": _time(key.created),
        "expires": _time(key.expires),
        "revoked": _time(key.revoked),
        "state": _state(key, now),
    }


def _state(key: Key, now: float) -> str:
    if key.revoked is not None:
        return "revoked"
    return "in force" if key.expires is None or now < key.expires else "expired"


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {number:g}" for name, number in value.items()) or "of its tier"
    return ", ".join(value) if isinstance(value, list) else str(value or "never")


def _time(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _show_secret(console: Console, home: Path, key: Key, secret: str) -> None:
    console.print(f"Key {key.id} ({key.name}), tier {key.tier}, expires: {_cell(_time(key.expires))}", markup=False)
    console.print(f"\n  {secret}\n", markup=False, soft_wrap=True)
    console.print("It is shown this once. Keep it in PROVEOUT_KEY, and change one line of your program:\n")
    line = 'client = OpenAI(base_url="http://127.0.0.1:8080/v1", api_key=os.environ["PROVEOUT_KEY"])'
    console.print(f"  {line}", markup=False, soft_wrap=True)
    next_command(console, f"proveout serve --home {home}")
