"""The gateways that are measured, each in its best case: how it is started, asked, and what it calls itself."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self

from gateway_load import Window, load, request
from gateway_processes import Started, answers, free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

HERE = Path(__file__).parent
MESSAGES = [
    {"role": "system", "content": "You are a helpful assistant."},
    {"role": "user", "content": "Say hello in a friendly way, please, and be brief."},
]
# No usage statistics are sent while a peer is measured, by whatever name it knows that wish.
QUIET = {
    "DO_NOT_TRACK": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "LITELLM_TELEMETRY": "False",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "NODE_ENV": "production",
}
KEY = "sk-upstream"
CHAT = "/v1/chat/completions"


class Measurable(Protocol):
    """A gateway that is up."""

    started_seconds: float

    async def measure(self, connections: int, seconds: float, *, stream: bool) -> Window:
        """Load it."""
        ...

    def memory_mb(self) -> float:
        """Of all its processes."""
        ...

    def stop(self) -> None:
        """End it."""
        ...


@dataclass
class Setup:
    """What a peer is started with.

    Attributes:
        home: of its environment; for Proveout, unused.
        upstream: base URL.
        port: to listen on.
        folder: for its files.
    """

    home: Path
    upstream: str
    port: int
    folder: Path

    def write(self, name: str, text: str) -> str:
        """A file in the folder; its path."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return str(path)


@dataclass(frozen=True)
class Way:
    """A gateway with an HTTP server.

    Attributes:
        command: to start it.
        path: of chat completions.
        headers: that a request needs.
        env: added to the environment.
        model: the name by which it knows the upstream's model.
        version: command that prints its version.
    """

    command: Callable[[Setup], list[str]]
    version: Callable[[Path], list[str]]
    path: str = CHAT
    headers: Callable[[Setup], Mapping[str, str]] = lambda _: {"authorization": f"Bearer {KEY}"}
    env: Callable[[Setup], Mapping[str, str]] = lambda _: {}
    model: str = "gpt-4o-mini"


def body(model: str, *, stream: bool) -> bytes:
    """A chat of two messages."""
    return json.dumps(
        {"model": model, "messages": MESSAGES, "temperature": 0, "stream": stream}, separators=(",", ":")
    ).encode()


class Served:
    """A gateway with an HTTP server that is up; use as a context manager.

    Args:
        way: how it is started.
        setup: with what.
        core: that it may use.
    """

    def __init__(self, way: Way, setup: Setup, core: int | None) -> None:
        self._way, self._port = way, setup.port
        self._headers = dict(way.headers(setup))
        command = way.command(setup)
        self._started = Started(command, core=core, folder=setup.folder, env={**QUIET, **way.env(setup)})
        try:
            self.started_seconds = self._started.until(self._answers)
        except RuntimeError:
            self.stop()
            raise

    def _answers(self) -> bool:
        return answers(self._port, self._way.path, body(self._way.model, stream=False), self._headers)

    async def measure(self, connections: int, seconds: float, *, stream: bool) -> Window:
        """Load it with chats."""
        sent = request(self._way.path, body(self._way.model, stream=stream), self._headers)
        return await load(
            self._port, sent, connections=connections, seconds=seconds, cpu=self._started.cpu_seconds, stream=stream
        )

    def memory_mb(self) -> float:
        """Of all its processes."""
        return self._started.memory_mb()

    def cpu_shares(self) -> list[float]:
        """Of each process, parents first, in the CPU time of all."""
        spent = self._started.cpu_of_each()
        return [seconds / sum(spent.values()) for seconds in spent.values()]

    def processes(self) -> Started:
        """What was started."""
        return self._started

    def stop(self) -> None:
        """End it."""
        self._started.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class Embedded:
    """TensorZero's embedded gateway, in a process of its own that is told what to measure."""

    def __init__(self, setup: Setup, core: int | None) -> None:
        config = setup.write("tensorzero.toml", TENSORZERO.format(upstream=setup.upstream))
        python, script = str(setup.home / "bin" / "python"), str(HERE / "gateway_tensorzero.py")
        self._started = Started([python, script, config], core=core, folder=setup.folder, env=QUIET)
        self._seen = 0
        try:
            self.started_seconds = self._started.until(lambda: "\nready\n" in self._printed())
        except RuntimeError:
            self.stop()
            raise
        self._seen = len(self._started.output())

    def _printed(self) -> str:
        return f"\n{self._started.output()}"

    async def measure(self, connections: int, seconds: float, *, stream: bool) -> Window:
        """Tell it to, and wait: nothing else is to be done meanwhile."""
        self._started.send(f"{connections} {seconds} {stream}")
        until = time.perf_counter() + seconds + 60
        while not (told := self._started.output()[self._seen :]).endswith("}\n"):
            if time.perf_counter() > until:
                raise RuntimeError(f"TensorZero did not measure: {told[-2000:]}")
            await asyncio.sleep(0.05)
        self._seen += len(told)
        found = json.loads(told.strip().splitlines()[-1])
        return Window(found["seconds"], found["latencies"], 0, found["cpu_seconds"])

    def memory_mb(self) -> float:
        """Of its process, the caller's part included."""
        return self._started.memory_mb()

    def stop(self) -> None:
        """End it."""
        self._started.stop()


@dataclass
class Direct:
    """No gateway: the upstream itself, whose CPU time is that of nobody."""

    port: int
    started_seconds: float = field(default=0.0)

    async def measure(self, connections: int, seconds: float, *, stream: bool) -> Window:
        """Load the upstream."""
        sent = request(CHAT, body("gpt-4o-mini", stream=stream), {"authorization": f"Bearer {KEY}"})
        return await load(self.port, sent, connections=connections, seconds=seconds, cpu=lambda: 0.0, stream=stream)

    def memory_mb(self) -> float:
        """Nothing."""
        return 0.0

    def stop(self) -> None:
        """Nothing to end."""


TENSORZERO = """
[gateway]
disable_pseudonymous_usage_analytics = true
[gateway.observability]
enabled = false
[models.fake]
routing = ["fake"]
[models.fake.providers.fake]
type = "openai"
api_base = "{upstream}"
model_name = "gpt-4o-mini"
api_key_location = "none"
"""
LITELLM = """
model_list:
  - model_name: gpt-4o-mini
    litellm_params: {{model: openai/gpt-4o-mini, api_base: "{upstream}", api_key: sk-upstream}}
litellm_settings: {{telemetry: false, num_retries: 0, set_verbose: false, cache: false}}
general_settings: {{disable_spend_logs: true, dangerously_permit_weak_or_unset_master_key: true}}
"""
MLFLOW = """
endpoints:
  - name: chat
    endpoint_type: llm/v1/chat
    model:
      provider: openai
      name: gpt-4o-mini
      config: {{openai_api_key: sk-upstream, openai_api_base: "{upstream}"}}
"""
PROVEOUT_SETTINGS = """
[server]
require_key = "always"
[tiers.standard.limits]
requests_per_minute = 100_000_000
tokens_per_minute = 100_000_000_000
usd_per_day = 1_000_000
"""


def _python(setup: Setup, name: str) -> str:
    return str(setup.home / "bin" / name)


def _litellm(setup: Setup) -> list[str]:
    config = setup.write("litellm.yaml", LITELLM.format(upstream=setup.upstream))
    return [_python(setup, "litellm"), "--config", config, "--host", "127.0.0.1", "--port", str(setup.port)]


def _portkey(setup: Setup) -> list[str]:
    built = setup.home / "node_modules" / "@portkey-ai" / "gateway" / "build" / "start-server.js"
    return ["node", str(built), f"--port={setup.port}", "--headless"]


def _mlflow(setup: Setup) -> list[str]:
    config = setup.write("mlflow.yaml", MLFLOW.format(upstream=setup.upstream))
    return [
        *(_python(setup, "mlflow"), "gateway", "start", "--config-path", config),
        *("--host", "127.0.0.1", "--port", str(setup.port), "--workers", "1"),
    ]


def _starlette(setup: Setup) -> list[str]:
    return [
        *(_python(setup, "uvicorn"), "--app-dir", str(HERE), "gateway_starlette:app", "--port", str(setup.port)),
        *("--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"),
    ]


def _proveout(setup: Setup) -> list[str]:
    (setup.folder / "home").mkdir(exist_ok=True)
    setup.write("home/gateway.toml", PROVEOUT_SETTINGS)
    return [
        *(sys.executable, "-m", "proveout", "serve", "--home", str(setup.folder / "home")),
        *("--port", str(setup.port), "--upstream", setup.upstream),
    ]


def _key(setup: Setup) -> Mapping[str, str]:
    """A key of the gateway's own, so that it is checked in every request."""
    home = setup.folder / "home"
    home.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "proveout", "key", "create", "--name", "bench", "--home", str(home), "--json"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return {"authorization": f"Bearer {json.loads(told)['secret']}"}


def _pip(name: str) -> Callable[[Path], list[str]]:
    code = f"import importlib.metadata as m; print(m.version({name!r}))"
    return lambda home: [str(home / "bin" / "python"), "-c", code]


def _of_portkey(home: Path) -> list[str]:
    return ["node", "-p", f"require('{home}/node_modules/@portkey-ai/gateway/package.json').version"]


PROVEOUT = Way(
    command=_proveout,
    version=lambda _: [sys.executable, "-c", "import importlib.metadata as m; print(m.version('proveout'))"],
    headers=_key,
)
WAYS: dict[str, Way] = {
    "litellm": Way(command=_litellm, version=_pip("litellm"), env=lambda _: {"LITELLM_LOG": "ERROR"}),
    "portkey": Way(
        command=_portkey,
        version=_of_portkey,
        headers=lambda setup: {
            "authorization": f"Bearer {KEY}",
            "x-portkey-provider": "openai",
            "x-portkey-custom-host": setup.upstream,
        },
        # It refuses private addresses unless they are named.
        env=lambda _: {"TRUSTED_CUSTOM_HOSTS": "127.0.0.1,localhost"},
    ),
    "mlflow": Way(command=_mlflow, version=_pip("mlflow"), model="chat"),
    "starlette": Way(command=_starlette, version=_pip("starlette"), env=lambda setup: {"UPSTREAM": setup.upstream}),
}
TENSORZERO_NAME = "tensorzero"
PEERS = (*WAYS, TENSORZERO_NAME)


def start(name: str, setup: Setup, core: int | None) -> Measurable:
    """Start one of `PEERS`, or ``proveout``."""
    setup.folder.mkdir(parents=True, exist_ok=True)
    setup.port = free_port()
    if name == TENSORZERO_NAME:
        return Embedded(setup, core)
    way = PROVEOUT if name == "proveout" else WAYS[name]
    return Served(way, setup, core)


def version(name: str, home: Path) -> str:
    """What it calls itself."""
    command = _pip("tensorzero") if name == TENSORZERO_NAME else (WAYS.get(name, PROVEOUT)).version
    told = subprocess.run(command(home), capture_output=True, text=True, check=False).stdout
    found = re.search(r"\d+(\.\w+)+", told)
    return found.group() if found else "unknown"


def compiled(home: Path) -> None:
    """Compile the bytecode of an environment, so that no start and no request pays for it."""
    if (python := home / "bin" / "python").exists():
        command = [str(python), "-m", "compileall", "-q", "-j", "0", str(home / "lib")]
        subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ)
