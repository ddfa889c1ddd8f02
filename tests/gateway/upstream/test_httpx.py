from __future__ import annotations

import asyncio
from typing import Any

import pytest

from proveout.errors import ExtraMissing, SettingsInvalid, UpstreamFailed
from proveout.gateway.upstream import Client, HttpxClient, Timeouts

from .conftest import JSON, QUICK, Faulty, Run, answer, closing, says


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


async def read(client: Client) -> bytes:
    response = await client.send(JSON)
    return await response.read()


def test_calls_go_through_the_proxy_of_the_environment(run: Run[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> bytes:
        async with Faulty(says(answer(b"by proxy"))) as proxy:
            monkeypatch.setenv("HTTP_PROXY", proxy.url.removesuffix("/v1"))
            async with closing(HttpxClient("http://api.example/v1", QUICK, most_connections=2)) as client:
                assert await read(client) == b"by proxy"
                return proxy.requests[0]

    request = run(main())
    assert request.startswith(b"POST http://api.example/v1/chat/completions HTTP/1.1\r\n")
    assert b"host: api.example\r\n" in request.lower()


def test_a_proxy_that_is_not_there_was_sent_nothing(run: Run[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with Faulty(says(answer())) as proxy:
            monkeypatch.setenv("HTTP_PROXY", proxy.url.removesuffix("/v1"))
        async with closing(HttpxClient("http://api.example/v1", QUICK, most_connections=2)) as client:
            with pytest.raises(UpstreamFailed) as caught:
                await read(client)
            assert not caught.value.sent

    run(main())


def test_cookies_of_one_call_are_not_sent_with_the_next(run: Run[Any]) -> None:
    async def main() -> list[bytes]:
        async with Faulty(says(answer(b"{}", b"Set-Cookie: session=secret; Path=/"))) as server:
            async with closing(HttpxClient(server.url, QUICK, most_connections=2)) as client:
                for _ in range(2):
                    await read(client)
            return server.requests

    assert all(b"secret" not in request for request in run(main()))


def test_redirects_are_not_followed(run: Run[Any]) -> None:
    async def main() -> tuple[int, int]:
        said = answer(b"", b"Location: /elsewhere", status=b"307 Temporary Redirect")
        async with Faulty(says(said)) as server, closing(HttpxClient(server.url, QUICK, most_connections=2)) as client:
            response = await client.send(JSON)
            response.close()
            return response.status, len(server.requests)

    assert run(main()) == (307, 1)


@pytest.mark.parametrize(
    ("proxy", "error"), [("socks5://localhost:1", ExtraMissing), ("ftp://me:secret@localhost:1", SettingsInvalid)]
)
def test_a_proxy_that_cannot_be_used_is_refused(
    monkeypatch: pytest.MonkeyPatch, proxy: str, error: type[Exception]
) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    with pytest.raises(error) as caught:
        HttpxClient("http://api.example/v1", Timeouts(), most_connections=2)
    assert "secret" not in str(caught.value)


def test_closing_waits_for_responses_that_were_given_up(run: Run[Any]) -> None:
    async def main() -> None:
        async with Faulty(says(answer(b"x" * 10)[:-5])) as server:
            client = HttpxClient(server.url, QUICK, most_connections=2)
            response = await client.send(JSON)
            response.close()
            await client.close()
            assert client._shared.closing == set()
            await asyncio.sleep(0)

    run(main())
