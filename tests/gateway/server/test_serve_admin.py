"""The admin side in front of a fake identity provider, and who may see figures: over sockets."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from .conftest import until

Serve = Callable[..., Any]
KEY = rsa.generate_private_key(65537, 2048)


class Issuer(BaseHTTPRequestHandler):
    """Discovery and keys of an OpenID Connect provider."""

    def do_GET(self) -> None:
        url = f"http://127.0.0.1:{self.server.server_port}"  # type: ignore[attr-defined]
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key()))
        documents = {
            "/.well-known/openid-configuration": {"issuer": url, "jwks_uri": f"{url}/keys"},
            "/keys": {"keys": [public | {"kid": "one", "use": "sig"}]},
        }
        body = json.dumps(documents[self.path]).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  http.server's name
        """Say nothing."""


@pytest.fixture
def issuer() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Issuer)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def token(issuer: str, *roles: str) -> str:
    claims = {"iss": issuer, "aud": "proveout", "sub": "ada", "exp": time.time() + 60, "roles": list(roles)}
    return jwt.encode(claims, KEY, "RS256", headers={"kid": "one"})


def settings(home: Path, text: str) -> None:
    home.mkdir(exist_ok=True)
    (home / "gateway.toml").write_text(text, encoding="utf-8")


def test_an_administrator_sees_the_status_and_nobody_else_does(
    serve: Serve, provider: str, issuer: str, tmp_path: Path
) -> None:
    admin = f'[admin]\nissuer = "{issuer}"\naudience = "proveout"\n[tiers.standard.limits]\nusd_per_day = 5\n'
    price = "usd_per_million_in = 1000\nusd_per_million_out = 1000\n"
    settings(tmp_path / "home", f'{admin}[providers.open]\nbase_url = "{provider}"\n{price}')
    gateway = serve()
    secret = json.loads(gateway.key("create", "--name", "app", "--json"))["secret"]
    until(lambda: gateway.chat()[0] == 401, "no key is asked for")
    assert gateway.chat(secret)[0] == 200
    for credential, status in (("", 401), (secret, 401), (token(issuer), 403), (token("http://x", "admin"), 401)):
        assert gateway.ask("/admin/status", credential)[0] == status
    found, headers, told = gateway.ask("/admin/status", token(issuer, "admin"))
    assert (found, headers["cache-control"]) == (200, "no-store")
    assert told["workers"] == [
        {"number": 0, "process": gateway.serving["workers"][0], "configuration": told["configuration"]}
    ]
    assert told["providers"] == [
        {"name": "open", "breaker": "closed", "failures": 0, "retries_left": pytest.approx(10)}
    ]
    (key,) = told["keys"]
    # 5 + 1 tokens, at 1,000 dollars a million.
    assert (key["name"], key["usd_spent"]) == ("app", {"day": pytest.approx(0.006), "month": pytest.approx(0.006)})
    assert secret not in json.dumps(told)
    for credential, status in (("", 401), (secret, 200), (token(issuer, "admin"), 200)):
        assert gateway.ask("/metrics", credential)[0] == status
    assert gateway.ask("/readyz")[2]["breakers"] == {"open": "closed"}
    assert gateway.end() == 0


def test_without_an_identity_provider_there_is_no_admin_side(serve: Serve) -> None:
    gateway = serve()
    status, _, said = gateway.ask("/admin/status")
    assert (status, said["error"]["code"]) == (404, "unknown_url")
    assert gateway.ask("/metrics")[0] == gateway.ask("/readyz")[0] == gateway.ask("/healthz")[0] == 200
    assert gateway.end() == 0


def test_a_gateway_serves_while_its_identity_provider_is_down(serve: Serve, tmp_path: Path) -> None:
    settings(tmp_path / "home", '[admin]\nissuer = "http://127.0.0.1:1"\naudience = "proveout"\n')
    gateway = serve()
    status, _, said = gateway.ask("/admin/status", token("http://127.0.0.1:1", "admin"))
    assert (status, said["error"]["code"]) == (502, "upstream_failed")
    assert "127.0.0.1" not in said["error"]["message"]
    assert gateway.said("the identity provider does not answer")
    assert gateway.ask("/v1/models")[0] == 200
    assert gateway.end() == 0


def test_a_variable_that_is_not_set_ends_the_start_and_leaves_what_is_in_force(
    serve: Serve, provider: str, tmp_path: Path
) -> None:
    table = f'[providers.open]\nbase_url = "{provider}"\napi_key_env = "NO_SUCH_KEY_HERE"\n'
    settings(tmp_path / "home", table)
    gateway = serve()
    assert gateway.process.wait(20) == 3
    assert gateway.said("the environment variable NO_SUCH_KEY_HERE is not set")
    settings(tmp_path / "home", "")
    gateway = serve("--upstream", provider)
    settings(tmp_path / "home", table)
    until(lambda: gateway.said(f"Until then {gateway.serving['configuration']} stays in force."), "it is not told")
    assert gateway.chat()[0] == 200
    assert gateway.end() == 0
