"""Kill a gateway under load with -9 at random moments, many times, and see whether the ledger has every request.

Each trial starts `proveout serve` before an upstream of this program, lets 16 connections post chat completions (one in
four as a stream), notes the ``x-request-id`` of every answer whose body came whole, and kills the whole process group.
One trial in five is killed while it still starts, and perhaps recovers what the trial before left. At the end a last
gateway starts and is stopped in order. Then every acknowledged id must be in the ledger exactly once, no id twice, no
record damaged, and the ledger must verify.

``ring`` passes models through, whose answers wait until their record survives a kill. ``synced`` asks a task whose
answers wait until their record is in the ledger and synced.

Run: python bench/gateway_kill.py [--kills 200] [--seed 0] [--durable ring synced] [--json]
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from proveout.ledger import LedgerReader, verify_ledger
from proveout.store import Workspace

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

CONNECTIONS = 16
LONGEST_SECONDS = 0.6
START_SECONDS = 60.0
# This share is killed while it may still be starting.
FROM_BIRTH = 0.2
SERVE = f"{shlex.quote(sys.executable)} -m proveout serve"
TASK = """
name = "desk"
kind = "classify"
input = {{ type = "object", properties = {{ text = {{ type = "string" }} }}, required = ["text"] }}
output = {{ type = "object", properties = {{ intent = {{ enum = ["card", "refund"] }} }}, required = ["intent"] }}

[incumbent]
mode = "endpoint"
base_url = "{url}"
model = "upstream"
concurrency = 16
usd_per_million_in = 0.1
usd_per_million_out = 0.1
"""
SETTINGS = """
[tasks.desk]
durable = "synced"
route = "incumbent"
"""
USAGE = {"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14}
SAID = '{"intent": "card"}'


async def upstream(_: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Any]) -> None:
    """An ASGI application that answers every chat completion with the same."""
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    asked = json.loads(body)
    kind = b"text/event-stream" if asked.get("stream") else b"application/json"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind)]})
    if not asked.get("stream"):
        await send({"type": "http.response.body", "body": completion(asked)})
        return
    for event in events(asked):
        await send({"type": "http.response.body", "body": event, "more_body": True})
    await send({"type": "http.response.body", "body": b"data: [DONE]\n\n"})


def completion(asked: dict[str, Any]) -> bytes:
    """A whole answer."""
    message = {"role": "assistant", "content": SAID}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    head = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": asked["model"]}
    return json.dumps({**head, "choices": [choice], "usage": USAGE}).encode()


def events(asked: dict[str, Any]) -> list[bytes]:
    """The events of a stream, but for its end."""
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": asked["model"]}
    pieces = [{"role": "assistant", "content": ""}, *({"content": piece} for piece in SAID.split(" ")), {}]
    chunks: list[dict[str, Any]] = [
        {**head, "choices": [{"index": 0, "delta": piece, "finish_reason": None if piece else "stop"}]}
        for piece in pieces
    ]
    chunks.append({**head, "choices": [], "usage": USAGE})
    return [b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks]


@contextmanager
def upstream_running() -> Iterator[str]:
    """Run the upstream in a process of its own; its base URL."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "--app-dir", str(Path(__file__).parent), "gateway_kill:upstream"]
    command += ["--port", str(port), "--log-level", "warning", "--lifespan", "off"]
    with subprocess.Popen(command) as process:
        wait_until_listening(port)
        yield f"http://127.0.0.1:{port}/v1"
        process.terminate()


def free_port() -> int:
    """A port that nobody listens on, and that no outgoing connection takes while the gateway is down."""
    for port in random.sample(range(20_000, 30_000), 100):
        try:
            with socket.create_server(("127.0.0.1", port)):
                return port
        except OSError:
            continue
    raise OSError("a hundred ports are taken")


def wait_until_listening(port: int) -> None:
    """Wait for a server of ours."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise TimeoutError(f"nothing listens on port {port}")


class Gateway:
    """One life of the gateway, in a process group of its own.

    Args:
        command: that serves.
        port: that it listens on.
        log: file that its output is appended to.
    """

    def __init__(self, command: list[str], port: int, log: Path) -> None:
        self._address = f"http://127.0.0.1:{port}"
        self._ready = threading.Event()
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=errors, text=True, start_new_session=True
            )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self._process.stdout or ():
            if self._address in line:
                self._ready.set()

    def wait_ready(self) -> None:
        """Wait until it says that it serves."""
        if not self._ready.wait(START_SECONDS):
            self.kill()
            raise TimeoutError("the gateway does not say that it serves; see the log")

    def kill(self) -> None:
        """Kill the whole group at once."""
        self._signal_group(signal.SIGKILL)
        self._process.wait()
        self._reader.join()

    def stop(self) -> int:
        """Ask it to stop, and wait; its exit status."""
        self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(START_SECONDS)
        self._reader.join()
        return code

    def _signal_group(self, number: int) -> None:
        try:
            os.killpg(self._process.pid, number)
        except ProcessLookupError as error:
            raise RuntimeError("the gateway ended before it was killed; see the log") from error


class Load:
    """Connections that post until the gateway is gone, and the ids that they were told.

    Args:
        port: of the gateway.
        model: that is asked.
        streams: whether one request in four asks for a stream.
    """

    def __init__(self, port: int, model: str, *, streams: bool) -> None:
        self._port = port
        self._model = model
        self._streams = streams
        self.told: list[str] = []
        self.sent = 0
        self.refused: Counter[int] = Counter()
        self._lock = threading.Lock()
        self._over = threading.Event()

    def start(self) -> None:
        """Begin posting."""
        self._over.clear()
        self._threads = [threading.Thread(target=self._post, args=(number,)) for number in range(CONNECTIONS)]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Wait until every connection has given up."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _post(self, number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        try:
            while not self._over.is_set():
                number += 1
                self._one(connection, stream=self._streams and number % 4 == 0)
        except (OSError, http.client.HTTPException):
            return  # the gateway was killed
        finally:
            connection.close()

    def _one(self, connection: http.client.HTTPConnection, *, stream: bool) -> None:
        asked = {"model": self._model, "messages": [{"role": "user", "content": "my card is gone"}], "stream": stream}
        with self._lock:
            self.sent += 1
        connection.request("POST", "/v1/chat/completions", json.dumps(asked), {"content-type": "application/json"})
        answer = connection.getresponse()
        body = answer.read()
        whole = body.endswith(b"data: [DONE]\n\n") if stream and answer.status == 200 else body.endswith(b"}")
        with self._lock:
            if answer.status != 200:
                self.refused[answer.status] += 1
            elif whole:
                self.told.append(answer.headers["x-request-id"])


def trials(folder: Path, arguments: argparse.Namespace, durable: str) -> dict[str, Any]:
    """Kill so many gateways, let the last one stop in order, and judge the ledger."""
    chance = random.Random(arguments.seed)  # noqa: S311  moments of a benchmark
    port = free_port()
    home, log = folder / "home", folder / "log"
    home.mkdir()
    with upstream_running() as url:
        command = [*shlex.split(arguments.serve), *task_arguments(folder, home, url, durable)]
        command += ["--home", str(home), "--port", str(port), "--upstream", url]
        load = Load(port, "desk" if durable == "synced" else "upstream", streams=durable == "ring")
        for kill in range(arguments.kills):
            live(Gateway(command, port, log), load, chance)
            if arguments.verbose:
                print(f"{durable}: {kill + 1} kills, {len(load.told)} acknowledged", file=sys.stderr, flush=True)
        last = Gateway(command, port, log)
        last.wait_ready()
        code = last.stop()
    return {"durable": durable, "kills": arguments.kills, "seed": arguments.seed, **judged(home, load), "exit": code}


def task_arguments(folder: Path, home: Path, url: str, durable: str) -> list[str]:
    """Write the task that is served in synced mode; its folder, as an argument."""
    if durable == "ring":
        return []
    (folder / "desk").mkdir()
    (folder / "desk" / "task.toml").write_text(TASK.format(url=url), encoding="utf-8")
    (home / "gateway.toml").write_text(SETTINGS, encoding="utf-8")
    return [str(folder / "desk")]


def live(gateway: Gateway, load: Load, chance: random.Random) -> None:
    """One life, and its end at a random moment."""
    if chance.random() < FROM_BIRTH:
        time.sleep(chance.uniform(0, 2 * LONGEST_SECONDS))
        gateway.kill()
        return
    gateway.wait_ready()
    load.start()
    time.sleep(chance.uniform(0, LONGEST_SECONDS))
    gateway.kill()
    load.end()


def judged(home: Path, load: Load) -> dict[str, Any]:
    """What the ledger says about what clients were told."""
    workspace = Workspace(home)
    report = verify_ledger(workspace)
    with LedgerReader.open(workspace) as reader:
        kinds = Counter(entry.kind for entry in reader.entries())
        counts = Counter(json.loads(entry.payload())["id"] for entry in reader.entries("gateway.request"))
    told = Counter(load.told)
    rings = home / ".proveout" / "rings"
    return {
        "sent": load.sent,
        "acknowledged": len(told),
        "refused": sum(load.refused.values()),
        "recorded": len(counts),
        "lost": sum(name not in counts for name in told),
        "doubled": sum(count > 1 for count in counts.values()) + sum(count > 1 for count in told.values()),
        "damaged": kinds["gateway.damaged"],
        "rings_left": len(list(rings.glob("*.ring"))),
        "torn_commits_recovered": kinds["ledger.recovered"],
        "verifies": report.ok,
        "problems": list(report.problems),
    }


def is_good(found: dict[str, Any]) -> bool:
    """Whether nothing was lost, and the trial meant something."""
    faults = found["lost"] + found["doubled"] + found["damaged"] + found["rings_left"] + found["exit"]
    return bool(found["verifies"] and not faults and found["acknowledged"])


def main() -> None:
    """Print the counts; end with 1 when anything was lost."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--durable", nargs="+", choices=("ring", "synced"), default=("ring", "synced"))
    parser.add_argument("--serve", default=SERVE, help="the command that serves, without its arguments")
    parser.add_argument("--keep", type=Path, help="folder that homes and logs are kept in")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--verbose", action="store_true")
    arguments = parser.parse_args()
    found = []
    for durable in arguments.durable:
        with tempfile.TemporaryDirectory(dir=Path.cwd()) as temporary:
            folder = Path(temporary)
            if arguments.keep:
                folder = arguments.keep.resolve() / durable
                folder.mkdir(parents=True)
            found.append(trials(folder, arguments, durable))
    if arguments.json:
        print(json.dumps(found))
    else:
        for name in found[0]:
            print(f"{name:>24}" + "".join(f"  {one[name]!s:>10}" for one in found))
    sys.exit(0 if all(map(is_good, found)) else 1)


if __name__ == "__main__":
    main()
