"""The image and the compose file, read and not built: there is no container engine where the tests run."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import tomllib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml

from proveout.cli._serve import command
from proveout.gateway._settings import Server

ROOT = Path(__file__).resolve().parents[3]


def instructions() -> list[tuple[str, str]]:
    """(instruction, its arguments) in order, continued lines joined."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines()]
    return [(line.split()[0], line.partition(" ")[2].strip()) for line in lines if line and not line.startswith("#")]


def last_stage() -> list[tuple[str, str]]:
    all_of_them = instructions()
    start = max(index for index, (name, _) in enumerate(all_of_them) if name == "FROM")
    return all_of_them[start:]


def gateway() -> dict[str, Any]:
    service: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]["gateway"]
    return service


def options(arguments: list[str]) -> dict[str, Any]:
    """What the command line makes of the arguments after ``proveout``; an option that is none would raise."""
    assert arguments[0] == "serve"
    return command.make_context("serve", arguments[1:]).params


def test_the_image_runs_serve_as_a_user_that_is_not_root() -> None:
    stage = dict(last_stage())
    user, _, group = stage["USER"].partition(":")
    assert int(user) >= 1000
    assert int(group) >= 1000
    assert json.loads(stage["ENTRYPOINT"]) == ["proveout"]
    given = options(json.loads(stage["CMD"]))
    assert given["home"] == Path(stage["VOLUME"])
    assert given["host"] == "0.0.0.0"  # noqa: S104
    assert str(given["port"]) == stage["EXPOSE"]
    names = [name for name, _ in last_stage()]
    assert names.index("USER") > names.index("RUN")


def test_its_health_is_asked_on_the_port_that_it_serves() -> None:
    stage = dict(last_stage())
    code = json.loads(stage["HEALTHCHECK"].partition("CMD ")[2])
    assert code[:2] == ["python", "-c"]
    assert f"C('127.0.0.1', {stage['EXPOSE']}, " in code[2]


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_it_is_healthy_while_it_is_ready(status: int, code: int) -> None:
    """Whatever proxy the environment names."""

    class Ready(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/readyz" else 404)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  http.server's name
            """Say nothing."""

    *_, program = json.loads(dict(last_stage())["HEALTHCHECK"].partition("CMD ")[2])
    with ThreadingHTTPServer(("127.0.0.1", 0), Ready) as server:
        Thread(target=server.handle_request).start()
        program = program.replace("8080", str(server.server_port))
        environment = {"http_proxy": "http://127.0.0.1:1"}
        assert subprocess.run([sys.executable, "-c", program], env=environment, check=False).returncode == code


def test_it_is_built_in_another_stage_with_the_extra_and_no_cache() -> None:
    assert [name for name, _ in instructions()].count("FROM") == 2
    commands = " ".join(arguments for name, arguments in instructions() if name == "RUN")
    assert "[${EXTRAS}]" in commands
    (extras,) = (arguments.partition("=")[2].split(",") for name, arguments in instructions() if name == "ARG")
    known = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert {"gateway", "prices"} <= set(extras) <= set(known)
    installs = [part for part in commands.split("&&") if " pip " in part]
    assert len(installs) == 2
    assert all("--no-cache-dir" in part for part in installs)
    assert not [name for name, _ in instructions() if name == "ADD"]


def test_all_that_is_copied_is_in_the_context_and_nothing_else_is() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if line and not line.startswith("#")]
    assert kept[0] == "*"
    allowed = {line[1:] for line in kept if line.startswith("!")}
    copied = {
        source
        for name, arguments in instructions()
        if name == "COPY" and "--from" not in arguments
        for source in shlex.split(arguments)[:-1]
    }
    assert copied == allowed
    assert all((ROOT / name).exists() for name in allowed)


def test_what_is_installed_has_the_versions_that_are_tested() -> None:
    """The lock without its hashes, as the image makes it, is a file of pins that pip reads."""
    (program,) = (part for name, run in instructions() if name == "RUN" for part in run.split("&&") if "sed" in part)
    command, _, _ = program.partition(">")
    found = subprocess.run(shlex.split(command), cwd=ROOT, capture_output=True, text=True, check=True).stdout
    pins = [line for line in found.splitlines() if line and not line.lstrip().startswith("#")]
    assert all(re.fullmatch(r"[a-z0-9._-]+==[^\s\\]+( ; .*)?", pin) for pin in pins)
    assert {"cryptography", "genai-prices", "msgspec"} <= {pin.partition("==")[0] for pin in pins}


def test_compose_gives_it_no_more_than_it_needs() -> None:
    service = gateway()
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert "privileged" not in service
    assert options(service["command"]) == options(json.loads(dict(last_stage())["CMD"]))
    assert service["volumes"] == [f"proveout:{dict(last_stage())['VOLUME']}"]
    host, outside, inside = service["ports"][0].split(":")
    assert host == "127.0.0.1"
    assert outside == inside == dict(last_stage())["EXPOSE"]
    assert int(service["stop_grace_period"].removesuffix("s")) > Server().drain_seconds + 5
