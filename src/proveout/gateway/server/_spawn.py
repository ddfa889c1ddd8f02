"""Starting workers, and the socket that they share."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import proveout
from proveout.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Spawned", "bind", "spawn"]

STANDARD_ERROR = 2
WAIT_SECONDS = 5.0
# A worker that was still starting when its supervisor was killed notices once it has imported what it needs.
ORPHAN_SECONDS = 5.0
AGAIN_SECONDS = 0.05


class Spawned(NamedTuple):
    """A worker that was started.

    Attributes:
        process: its own.
        control: our end of the channel.
        line: our end of what wakes it when records are durable.
    """

    process: subprocess.Popen[bytes]
    control: socket.socket
    line: socket.socket


def bind(host: str, port: int, *, patience: float = ORPHAN_SECONDS) -> socket.socket:
    """The socket that all workers accept on.

    It is bound once and inherited. With SO_REUSEPORT each worker has a queue of its own, and connections that wait in
    the queue of a worker that dies are reset, as are those of one that drains; here they wait for whoever accepts next.
    That one worker does not take a whole burst is seen to by `Acceptor`.

    An address that is taken is tried again for a while: workers whose supervisor was killed hold it until they notice.

    Args:
        host: name or address.
        port: 0 takes a free one.
        patience: seconds to wait for an address that is taken.

    Raises:
        SetupError: the address is taken, or is not this machine's.
    """
    until = time.monotonic() + patience
    while True:
        try:
            return _bound(host, port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() >= until:
                raise _cannot_listen(host, port, error) from error
        time.sleep(AGAIN_SECONDS)


def _bound(host: str, port: int) -> socket.socket:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, _, _, _, address = found[0]
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        # A second gateway on the port is to fail here and not once its workers listen.
        listening.listen(1)
    except OSError:
        listening.close()
        raise
    return listening


def _cannot_listen(host: str, port: int, error: OSError) -> SetupError:
    fix = "choose another with --host and --port, or end what listens there"
    return SetupError("cannot listen", why=error.strerror or str(error), fix=fix, about=f"{host}:{port}")


def spawn(listening: socket.socket, parts: str) -> Spawned:
    """Start a worker; it imports what it needs, and then waits for its first message.

    Raises:
        SetupError: no process can be started.
    """
    (control, its_control), (line, its_line) = socket.socketpair(), socket.socketpair()
    descriptors = [end.fileno() for end in (listening, its_control, its_line)]
    # -P: a file named like a module must not be imported because somebody serves from the folder it lies in.
    command = [sys.executable, "-P", "-m", "proveout.gateway.server._worker", *map(str, descriptors), parts]
    try:
        process = subprocess.Popen(  # noqa: S603  this interpreter, and nothing that anybody else wrote
            command,
            stdin=subprocess.DEVNULL,
            # What a task's code prints must not mix with what this command prints.
            stdout=STANDARD_ERROR,
            pass_fds=descriptors,
            process_group=0,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(_import_paths())},
        )
    except OSError as error:
        control.close()
        line.close()
        fix = "free memory, or raise the limit of processes"
        raise SetupError("cannot start a worker", why=str(error), fix=fix, about="serve") from error
    finally:
        its_control.close()
        its_line.close()
    return Spawned(process, control, line)


def _import_paths() -> Iterator[str]:
    """Where this very code lies, also when it is run from a checkout, and what the environment says."""
    yield str(Path(proveout.__file__).parents[1])
    if os.environ.get("PYTHONPATH"):
        yield os.environ["PYTHONPATH"]
