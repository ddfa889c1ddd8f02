from __future__ import annotations

import base64
import hashlib
import hmac
import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st

from proveout.errors import ExtraMissing, Forbidden, Refused, SettingsInvalid, Unauthenticated, UpstreamFailed
from proveout.gateway import AdminAccess
from proveout.gateway.keys import Admin, OidcGate, discover, verify_admin

ISSUER = "https://id.example.org/realm"
ACCESS = AdminAccess(issuer=ISSUER, audience="proveout", role_claim="realm_access.roles", role="admin")
NOW = 1_772_323_200.0
RSA_KEY = rsa.generate_private_key(65537, 2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
OTHER = rsa.generate_private_key(65537, 2048)


def jwk(key: Any, kid: str, **more: Any) -> dict[str, Any]:
    algorithm = jwt.algorithms.RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else jwt.algorithms.ECAlgorithm
    public: dict[str, Any] = json.loads(algorithm.to_jwk(key.public_key()))
    return public | {"kid": kid, "use": "sig"} | more


class Fake:
    """A provider's documents, and which of them were fetched."""

    def __init__(self, *keys: dict[str, Any], issuer: str = ISSUER) -> None:
        self.issuer, self.keys = issuer, list(keys)
        self.fetched: list[str] = []
        self.down = False

    def __call__(self, url: str) -> bytes:
        self.fetched.append(url)
        if self.down:
            raise UpstreamFailed("down", why="test", fix="none", about=url)
        if url.endswith("/.well-known/openid-configuration"):
            return json.dumps({"issuer": self.issuer, "jwks_uri": f"{self.issuer}/keys"}).encode()
        return json.dumps({"keys": self.keys}).encode()


def claims(**more: Any) -> dict[str, Any]:
    usual = {"iss": ISSUER, "aud": "proveout", "sub": "ada", "exp": NOW + 300, "nbf": NOW - 300}
    return usual | {"realm_access": {"roles": ["admin", "user"]}} | more


def token(key: Any = RSA_KEY, kid: str = "one", algorithm: str = "RS256", **more: Any) -> bytes:
    said = {name: value for name, value in claims(**more).items() if value is not None}
    return jwt.encode(said, key, algorithm=algorithm, headers={"kid": kid}).encode()


@pytest.fixture
def fake() -> Fake:
    return Fake(jwk(RSA_KEY, "one"), jwk(EC_KEY, "two"))


def refused(fake: Fake, presented: bytes) -> Unauthenticated:
    with pytest.raises(Unauthenticated) as caught:
        verify_admin(presented, discover(ISSUER, fake), ACCESS, now=NOW)
    return caught.value


def test_a_token_of_the_provider_lets_an_administrator_in(fake: Fake) -> None:
    issuer = discover(ISSUER, fake)
    expected = Admin("ada", ("admin", "user"))
    assert verify_admin(token(), issuer, ACCESS, now=NOW) == expected
    assert verify_admin(token(EC_KEY, "two", "ES256"), issuer, ACCESS, now=NOW) == expected
    assert verify_admin(token(aud=["other", "proveout"]), issuer, ACCESS, now=NOW) == expected


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://id.example.org/other"},
        {"iss": None},
        {"aud": "another"},
        {"aud": None},
        {"sub": None},
        {"exp": None},
        {"exp": NOW - 31},
        {"exp": float("nan")},
        {"exp": float("inf")},
        {"exp": True},
        {"exp": "tomorrow"},
        {"nbf": NOW + 31},
        {"nbf": float("nan")},
        {"key": OTHER},
        {"kid": "unknown"},
        {"kid": "two"},
        {"key": EC_KEY, "algorithm": "ES256"},
        {"algorithm": "RS512"},
        {"algorithm": "PS256"},
    ],
)
def test_any_other_token_is_refused(fake: Fake, wrong: dict[str, Any]) -> None:
    refused(fake, token(**wrong))


def test_clocks_may_differ_a_little(fake: Fake) -> None:
    issuer = discover(ISSUER, fake)
    verify_admin(token(exp=NOW - 29), issuer, ACCESS, now=NOW)
    verify_admin(token(nbf=NOW + 29), issuer, ACCESS, now=NOW)


def encoded(value: Any) -> bytes:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")


def by_hand(key: Any, kid: str, said: dict[str, Any]) -> bytes:
    """A token that PyJWT would not sign."""
    signed = encoded({"alg": "RS256", "kid": kid}) + b"." + encoded(said)
    signature = jwt.algorithms.RSAAlgorithm(jwt.algorithms.RSAAlgorithm.SHA256).sign(signed, key)
    return signed + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")


def test_a_token_without_a_signature_is_refused(fake: Fake) -> None:
    for algorithm in ("none", "None", "NONE", ""):
        head = encoded({"alg": algorithm, "kid": "one", "typ": "JWT"})
        refused(fake, head + b"." + encoded(claims()) + b".")
        refused(fake, head + b"." + encoded(claims()) + b".AAAA")


def test_a_public_key_is_never_taken_for_a_shared_secret(fake: Fake) -> None:
    pem = RSA_KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    signed = encoded({"alg": "HS256", "kid": "one"}) + b"." + encoded(claims())
    for secret in (pem, pem.strip(), json.dumps(jwk(RSA_KEY, "one")).encode()):
        mac = base64.urlsafe_b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).rstrip(b"=")
        refused(fake, signed + b"." + mac)


def test_keys_that_are_not_for_these_signatures_are_left_out() -> None:
    shared = {"kty": "oct", "kid": "shared", "k": "c2VjcmV0" * 8, "alg": "HS256"}
    weak = rsa.generate_private_key(65537, 1024)  # noqa: S505  that is why it is here
    others = [
        shared,
        jwk(OTHER, "encrypts", use="enc"),
        jwk(OTHER, "another", alg="RS512"),
        {"kty": "RSA", "kid": "broken"},
        {name: value for name, value in jwk(OTHER, "").items() if name != "kid"},
        "no object",
        jwk(weak, "weak"),
    ]
    fake = Fake(jwk(RSA_KEY, "one"), *others)  # type: ignore[arg-type]
    assert set(discover(ISSUER, fake).keys) == {"one", "weak"}
    refused(fake, token("secret" * 8, "shared", "HS256"))
    refused(fake, by_hand(weak, "weak", claims()))


def test_a_role_is_needed(fake: Fake) -> None:
    issuer = discover(ISSUER, fake)
    for roles in ({"roles": ["user"]}, {"roles": "user"}, {"roles": [1, {}]}, {}, "admin", None):
        with pytest.raises(Forbidden):
            verify_admin(token(realm_access=roles), issuer, ACCESS, now=NOW)
    verify_admin(token(realm_access={"roles": "user admin"}), issuer, ACCESS, now=NOW)
    anybody = AdminAccess(issuer=ISSUER, audience="proveout", role="")
    assert verify_admin(token(), issuer, anybody, now=NOW).roles == ()


@given(st.one_of(st.binary(max_size=300), st.text(alphabet="eyJ.AQ_-09", max_size=200).map(str.encode)))
def test_rubbish_is_refused(presented: bytes) -> None:
    refused(Fake(jwk(RSA_KEY, "one")), presented)


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda inner: st.lists(inner, max_size=3)))
def test_no_claim_of_any_type_breaks_it(value: Any) -> None:
    issuer = discover(ISSUER, Fake(jwk(RSA_KEY, "one")))
    for name in ("exp", "nbf", "aud", "iss", "sub", "realm_access"):
        presented = by_hand(RSA_KEY, "one", claims(**{name: value}))
        try:
            verify_admin(presented, issuer, ACCESS, now=NOW)
        except Refused as error:
            assert error.status in (401, 403)


def test_long_and_deep_tokens_are_refused(fake: Fake) -> None:
    refused(fake, b"a" * 1_000_000)
    deep = base64.urlsafe_b64encode(b'{"alg":"RS256","kid":' + b"[" * 5000).rstrip(b"=")
    refused(fake, deep + b".e30.AAAA")


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


def test_a_rotated_key_is_fetched_and_nobody_can_make_it_fetch_all_the_time(fake: Fake) -> None:
    clock = Clock()
    gate = OidcGate(ACCESS, fetch=fake, clock=clock)
    assert gate.authenticate(token()).subject == "ada"
    fake.keys = [jwk(OTHER, "three")]
    for _ in range(5):
        with pytest.raises(Unauthenticated):
            gate.authenticate(token(OTHER, "three"))
    assert len(fake.fetched) == 2
    clock.now += 60
    assert gate.authenticate(token(OTHER, "three")).subject == "ada"
    assert len(fake.fetched) == 4
    with pytest.raises(Unauthenticated):
        gate.authenticate(token())  # its key is gone
    assert len(fake.fetched) == 4


def test_known_keys_work_while_the_provider_is_down(fake: Fake) -> None:
    clock = Clock()
    gate = OidcGate(ACCESS, fetch=fake, clock=clock)
    assert gate.authenticate(token()).subject == "ada"
    fake.down = True
    clock.now += 100
    with pytest.raises(UpstreamFailed):
        gate.authenticate(token(OTHER, "three"))
    assert gate.authenticate(token()).subject == "ada"


def test_a_gate_is_made_while_the_provider_is_down_and_asks_it_once_a_minute(fake: Fake) -> None:
    clock = Clock()
    fake.down = True
    gate = OidcGate(ACCESS, fetch=fake, clock=clock)
    assert fake.fetched == []
    with pytest.raises(UpstreamFailed):
        gate.authenticate(token())
    fake.down = False
    with pytest.raises(Unauthenticated):
        gate.authenticate(token())
    clock.now += 60
    assert gate.authenticate(token()).subject == "ada"


def test_a_gate_of_a_provider_without_tls_is_not_made(fake: Fake) -> None:
    with pytest.raises(SettingsInvalid, match="identity provider"):
        OidcGate(AdminAccess(issuer="http://id.example.org", audience="proveout"), fetch=fake)


def test_an_audience_is_needed(fake: Fake) -> None:
    with pytest.raises(SettingsInvalid, match="audience"):
        OidcGate(AdminAccess(issuer=ISSUER), fetch=fake)


@pytest.mark.parametrize(
    "issuer", ["http://id.example.org", "file:///etc", "", "id.example.org", "https:", "http://[::"]
)
def test_a_provider_without_tls_is_refused(issuer: str) -> None:
    fetched: list[str] = []

    def fetch(url: str) -> bytes:
        fetched.append(url)
        return b"{}"

    with pytest.raises(SettingsInvalid):
        discover(issuer, fetch)
    assert all(url.startswith("https:") for url in fetched)


@pytest.mark.parametrize(
    "document",
    [
        b"<html>",
        b"[]",
        b"[" * 100_000,
        b'{"issuer": "https://evil.example.org"}',
        json.dumps({"issuer": ISSUER}).encode(),
        json.dumps({"issuer": ISSUER, "jwks_uri": "http://169.254.169.254/keys"}).encode(),
        json.dumps({"issuer": ISSUER, "jwks_uri": "file:///etc/passwd"}).encode(),
        json.dumps({"issuer": ISSUER, "jwks_uri": f"{ISSUER}/keys", "keys": "none"}).encode(),
    ],
)
def test_documents_that_are_not_right_are_refused(document: bytes) -> None:
    fetched: list[str] = []

    def fetch(url: str) -> bytes:
        fetched.append(url)
        return document

    with pytest.raises(SettingsInvalid):
        discover(ISSUER, fetch)
    assert all(url.startswith(ISSUER) for url in fetched)


def test_without_the_extra_it_is_named(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jwt", None)
    with pytest.raises(ExtraMissing, match=r"proveout\[oidc\]"):
        discover(ISSUER, fake)


@pytest.fixture
def server() -> Iterator[tuple[str, dict[str, bytes | None]]]:
    """A provider over HTTP on this machine: its URL, and its documents by path; None redirects."""
    documents: dict[str, bytes | None] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = documents.get(self.path, b"")
            self.send_response(302 if body is None else 200 if body else 404)
            self.send_header("location", "http://127.0.0.1:1/")
            self.send_header("content-length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_: Any) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{http.server_port}", documents
    http.shutdown()
    thread.join()
    http.server_close()


def test_a_provider_is_read_over_http(server: tuple[str, dict[str, bytes | None]]) -> None:
    url, documents = server
    well_known = "/.well-known/openid-configuration"
    documents[well_known] = json.dumps({"issuer": url, "jwks_uri": f"{url}/keys"}).encode()
    documents["/keys"] = json.dumps({"keys": [jwk(RSA_KEY, "one")]}).encode()
    gate = OidcGate(AdminAccess(issuer=url, audience="proveout", role=""), clock=lambda: NOW)
    assert gate.authenticate(token(iss=url)).subject == "ada"
    documents["/keys"] = b" " * (1024 * 1024 + 1)
    with pytest.raises(UpstreamFailed, match="more than"):
        discover(url)
    for answer in (b"", None):
        documents[well_known] = answer
        with pytest.raises(UpstreamFailed):
            discover(url)
    with pytest.raises(UpstreamFailed):
        discover("http://127.0.0.1:1")
