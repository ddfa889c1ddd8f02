"""A task that is built, certified and alarmed while it is served: nothing is restarted and nothing dropped."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from proveout import loop
from proveout.certify import CertificateAlarmed
from proveout.ledger import Ledger
from proveout.loop import CertifyOptions
from proveout.store import Workspace

from .conftest import until

Serve = Callable[..., Any]
INTENTS = {"card": "my card {} is lost", "refund": "please refund order {}"}
QUESTION = {"model": "desk", "messages": [{"role": "user", "content": "please refund order 7"}]}


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    rows = [f"{text.format(at)},{intent}" for at in range(200) for intent, text in INTENTS.items()]
    (tmp_path / "rows.csv").write_text("\n".join(["text,intent", *rows]) + "\n", encoding="utf-8")
    loop.new(tmp_path / "desk", kind="classify", examples=[tmp_path / "rows.csv"], inputs=["text"], outputs=["intent"])
    loop.build(tmp_path / "desk", names=["llm"], embedder="tfidf")
    return tmp_path / "desk"


class Seen:
    """What four clients were answered, one question after another."""

    def __init__(self) -> None:
        self.statuses: Counter[int] = Counter()
        self.certificates: list[str] = []


@contextmanager
def asked(gateway: Any) -> Iterator[Seen]:
    seen, stop = Seen(), Event()

    def client() -> None:
        while not stop.is_set():
            status, headers, said = gateway.ask("/v1/chat/completions", asked=QUESTION)
            seen.statuses[status] += 1
            seen.certificates.append(headers.get("x-proveout-certificate", ""))
            assert json.loads(said["choices"][0]["message"]["content"]) == {"intent": "refund"}
            time.sleep(0.005)

    with ThreadPoolExecutor(4) as pool:
        clients = [pool.submit(client) for _ in range(4)]
        try:
            until(lambda: seen.statuses.total() > 8, "no answers")
            yield seen
        finally:
            stop.set()
    for one in clients:
        one.result()


def test_a_certificate_is_served_once_it_is_issued_and_no_more_once_it_is_called_broken(
    serve: Serve, desk: Path
) -> None:
    gateway = serve(str(desk))
    workers = gateway.serving["workers"]
    with asked(gateway) as seen:
        assert set(seen.certificates) == {""}
        assert loop.certify(desk, CertifyOptions(names=("distilled",), embedder="tfidf", alpha=0.1)).certified
        until(lambda: bool(seen.certificates[-1]), "the certificate is not served")
        certificate = seen.certificates[-1]
        assert certificate.startswith("certificate@")
        with Ledger.open(Workspace(desk)) as ledger:
            ledger.append(
                CertificateAlarmed(certificate=certificate, audits=9, losses=9, evidence=99.0, action="roll back")
            )
        until(lambda: not any(seen.certificates[-8:]), "the certificate is served though it was called broken")
    assert set(seen.statuses) == {200}
    ready = gateway.ask("/readyz")[2]
    assert ready["configuration"] != gateway.serving["configuration"]
    assert ready["tasks"] == ["desk"]
    assert gateway.end() == 0
    assert gateway.serving["workers"] == workers
