"""``serve``: from settings, keys and folders to workers that take requests, and back to nothing."""

from __future__ import annotations

from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from proveout.errors import ExtraMissing, NotWritable, SettingsInvalid
from proveout.gateway._configuration import Configuration
from proveout.gateway._read_settings import SETTINGS_FILE, load_settings, with_upstream
from proveout.gateway.server._parts import PARTS
from proveout.gateway.server._spawn import bind, spawn

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from proveout.gateway._key import Key
    from proveout.gateway._settings import Settings
    from proveout.gateway.server._spawn import Spawned

__all__ = ["ServeOptions", "Serving", "serve"]

NEEDED = ("httptools", "uvicorn", "uvloop")


class ServeOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What ``proveout serve`` is asked for.

    Attributes:
        home: folder of ``gateway.toml``, of the keys and of the ledger; made when it is not there.
        folders: of the tasks to serve.
        host: address to listen on.
        port: of it; 0 takes a free one.
        workers: processes that answer.
        upstream: base URL of a provider that answers all models which nobody else does; "" adds none.
        parts: name of the module that workers answer with.
    """

    home: Path
    folders: tuple[Path, ...] = ()
    host: str = "127.0.0.1"
    port: int = 8080
    workers: int = 1
    upstream: str = ""
    parts: str = PARTS


class Serving(msgspec.Struct, frozen=True, kw_only=True):
    """What is told once requests are taken.

    Attributes:
        address: base URL for clients.
        models: what they may ask for: names of tasks, and of providers' models as ``gateway.toml`` has them.
        home: of the gateway.
        workers: ids of their processes.
        configuration: digest of what is in force.
    """

    address: str
    models: tuple[str, ...]
    home: str
    workers: tuple[int, ...]
    configuration: str


def serve(
    options: ServeOptions,
    *,
    ready: Callable[[Serving], None] = lambda _serving: None,
    notice: Callable[[str], None] = lambda _line: None,
) -> None:
    """Serve until SIGTERM or SIGINT; then finish what is under way, write all records to the ledger, and return.

    Args:
        options: what to serve.
        ready: called once, when requests are taken.
        notice: called with a line about what goes on.

    Raises:
        ExtraMissing: the extra ``gateway`` is not installed.
        SettingsInvalid: ``gateway.toml`` is not valid, or anybody could call a gateway that all can reach.
        SetupError: the address is taken.
        WriterBusy: another gateway with this home runs.
        KeyboardInterrupt: a second signal came; what was not written is written at the next start.
    """
    for module in NEEDED:
        if find_spec(module) is None:
            fix = "install it with: pip install 'proveout[gateway]'"
            raise ExtraMissing("the gateway is not available", why=f"no module {module}", fix=fix, about="gateway")
    _make_home(options.home)
    settings = _settings(options)
    with bind(options.host, options.port) as listening:
        # They import what they need while this process imports what it needs.
        spawned = [spawn(listening, options.parts) for _ in range(options.workers)]
        try:
            _supervise(options, settings, listening, spawned, ready, notice)
        finally:
            for one in spawned:
                one.process.kill()
                one.process.wait()
                one.control.close()
                one.line.close()


def _supervise(
    options: ServeOptions,
    settings: Settings,
    listening: socket.socket,
    spawned: list[Spawned],
    ready: Callable[[Serving], None],
    notice: Callable[[str], None],
) -> None:
    import asyncio  # noqa: PLC0415  all of these take 0.3 s, in which workers start

    from proveout.gateway.server._fold import Fold  # noqa: PLC0415  as above
    from proveout.gateway.server._records import Records  # noqa: PLC0415  as above
    from proveout.gateway.server._supervisor import Sources, Supervisor  # noqa: PLC0415  as above

    models = _models(options, settings)
    built = _built(options)
    configuration = _configuration(options, settings, _keys(options.home), built())
    serving = Serving(
        address=_address(options.host, listening),
        models=models,
        home=str(options.home),
        workers=tuple(one.process.pid for one in spawned),
        configuration=configuration.digest,
    )

    def read() -> Configuration:
        return _configuration(options, _settings(options), _keys(options.home), built())

    records = Records(options.home, options.workers, Fold(settings), notice)

    async def run() -> None:
        supervisor = Supervisor(
            configuration,
            Sources(read, _watched(options.home), built),
            lambda: spawn(listening, options.parts),
            listening,
            records,
            notice,
        )
        await supervisor.run(spawned, lambda: ready(serving))

    try:
        asyncio.run(run())
    except KeyboardInterrupt:
        # At once: the rings keep what is not in the ledger yet.
        raise
    except BaseException:
        records.close()
        raise
    records.close()


def _make_home(home: Path) -> None:
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        fix = "choose another folder with --home"
        raise NotWritable("cannot make the gateway's home", why=str(error), fix=fix, about=str(home)) from error


def _settings(options: ServeOptions) -> Settings:
    settings = load_settings(options.home)
    return with_upstream(settings, options.upstream) if options.upstream else settings


def _keys(home: Path) -> tuple[Key, ...]:
    from proveout.gateway.keys import load_keys  # noqa: PLC0415  as above
    from proveout.store import Workspace, open_store  # noqa: PLC0415  as above

    with open_store(Workspace(home)) as store:
        return load_keys(store)


def _built(options: ServeOptions) -> Callable[[], str]:
    """What is built for the tasks, at a glance."""
    if not options.folders:
        return str
    from proveout.gateway.tasks import BuiltWatch  # noqa: PLC0415  as above, and only where there are tasks

    return BuiltWatch(map(str, options.folders), str(options.home)).state


def _configuration(options: ServeOptions, settings: Settings, keys: tuple[Key, ...], built: str = "") -> Configuration:
    """What is to be in force.

    Raises:
        SettingsInvalid: anybody could call a gateway that all can reach.
    """
    if not _is_loopback(options.host) and settings.server.require_key == "auto":
        if not keys:
            why = f"{options.host} can be reached from elsewhere, and no key was ever created"
            fix = (
                f"create one with: proveout key create --home {options.home}, or set require_key to 'always' or "
                f"'never' under [server] in {options.home / SETTINGS_FILE}"
            )
            raise SettingsInvalid("anybody could call this gateway", why=why, fix=fix, about="--host")
        # It must not become open by itself when the last key is forgotten.
        server = msgspec.structs.replace(settings.server, require_key="always")
        settings = msgspec.structs.replace(settings, server=server)
    folders = tuple(str(folder.resolve()) for folder in options.folders)
    return Configuration(home=str(options.home.resolve()), folders=folders, settings=settings, keys=keys, built=built)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _address(host: str, listening: socket.socket) -> str:
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  it is compared, not bound
    return f"http://{f'[{shown}]' if ':' in shown else shown}:{listening.getsockname()[1]}/v1"


def _models(options: ServeOptions, settings: Settings) -> tuple[str, ...]:
    """What clients may ask for, each once: tasks first."""
    from proveout.task import load_task  # noqa: PLC0415  as above

    tasks = [load_task(folder).name for folder in options.folders]
    passed_through = [name for provider in settings.providers.values() for name in provider.models]
    return tuple(dict.fromkeys(tasks + passed_through))


def _watched(home: Path) -> tuple[Path, ...]:
    """The files that people and commands change; SQLite writes to the second one first."""
    from proveout.store import Workspace  # noqa: PLC0415  as above

    database = Workspace(home).database
    return home / SETTINGS_FILE, database.with_name(f"{database.name}-wal"), database
