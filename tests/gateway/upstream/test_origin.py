from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.errors import RequestInvalid, SettingsInvalid
from proveout.gateway.upstream import Call
from proveout.gateway.upstream._origin import _MOST_HEADS, Heads, Origin, check_call, parse_origin


@pytest.mark.parametrize(
    ("base_url", "origin"),
    [
        ("https://api.example.com/v1", Origin(True, "api.example.com", 443, "api.example.com", "/v1")),  # noqa: FBT003  as read
        ("https://api.example.com:443/v1/", Origin(True, "api.example.com", 443, "api.example.com", "/v1")),  # noqa: FBT003  as read
        ("HTTP://LOCALHOST:8000", Origin(False, "localhost", 8000, "localhost:8000", "")),  # noqa: FBT003  as read
        ("http://[::1]:8000/v1", Origin(False, "::1", 8000, "[::1]:8000", "/v1")),  # noqa: FBT003  as read
        ("https://bücher.example/v1", Origin(True, "xn--bcher-kva.example", 443, "xn--bcher-kva.example", "/v1")),  # noqa: FBT003  as read
    ],
)
def test_a_base_url_is_read(base_url: str, origin: Origin) -> None:
    assert parse_origin(base_url) == origin


@pytest.mark.parametrize(
    "base_url",
    [
        "",
        "api.example.com/v1",
        "//api.example.com/v1",
        "ftp://api.example.com/v1",
        "file:///etc/passwd",
        "unix:///run/docker.sock",
        "https://",
        "https:///v1",
        "https://user@api.example.com/v1",
        "https://user:secret@api.example.com/v1",
        "https://@api.example.com/v1",
        "https://api.example.com/v1?key=secret",
        "https://api.example.com/v1?",
        "https://api.example.com/v1#a",
        "https://api.example.com:port/v1",
        "https://api.example.com:0/v1",
        "https://api.example.com:99999/v1",
        "https://api.example.com/v 1",
        "https://api.example.com/v1\r\nx: y",
        "https://api.example.com/\tv1",
        "https://api.example.com/ü",
        "https://[::1/v1",
        "https://" + "a" * 300 + ".com/v1",
        " https://api.example.com/v1",
    ],
)
def test_a_bad_base_url_is_refused_and_not_repeated(base_url: str) -> None:
    with pytest.raises(SettingsInvalid) as caught:
        parse_origin(base_url)
    assert "secret" not in str(caught.value)
    assert "user" not in caught.value.about


@given(st.text(max_size=60) | st.text(st.characters(codec="ascii"), max_size=60).map("http://{}".format))
def test_any_text_is_a_base_url_or_refused(text: str) -> None:
    try:
        origin = parse_origin(text)
    except SettingsInvalid:
        return
    assert origin.host
    assert 0 < origin.port < 65536
    assert origin.url.isascii()
    assert parse_origin(origin.url) == origin


@given(
    st.text(max_size=20),
    st.lists(st.tuples(st.binary(max_size=10), st.binary(max_size=10)), max_size=4).map(tuple),
)
def test_a_head_has_as_many_lines_as_were_meant(path: str, headers: tuple[tuple[bytes, bytes], ...]) -> None:
    call = Call(path, b"{}", headers)
    try:
        head = Heads(parse_origin("http://host/v1")).render(call)
    except RequestInvalid:
        with pytest.raises(RequestInvalid):
            check_call(call)
        return
    assert head.count(b"\r") == head.count(b"\n") == head.count(b"\r\n") == 8 + len(headers)
    assert b"\0" not in head
    assert head.endswith(b"\r\n\r\n")
    assert head.lower().count(b"\r\nhost:") == head.lower().count(b"\r\ncontent-length:") == 1


def test_heads_of_late_are_kept_and_no_more() -> None:
    heads = Heads(parse_origin("http://host/v1"))
    for number in range(3 * _MOST_HEADS):
        head = heads.render(Call("/a", b"{}", ((b"x", b"%d" % number),)))
        assert b"\r\nx: %d\r\n" % number in head
        assert len(heads._kept) <= _MOST_HEADS


def test_a_kept_head_says_the_length_of_each_body() -> None:
    heads = Heads(parse_origin("http://host/v1"))
    assert b"content-length: 2\r\n" in heads.render(Call("/a", b"{}"))
    assert b"content-length: 10\r\n" in heads.render(Call("/a", b"x" * 10))
    assert heads.render(Call("/a", b"")).startswith(b"GET ")
