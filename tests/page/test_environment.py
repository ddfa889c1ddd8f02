from __future__ import annotations

import hashlib
from base64 import b64decode

import jinja2
import pytest

from proveout.page import environment, page_style


def test_the_policy_names_the_sheet_that_is_shipped() -> None:
    style = page_style()
    assert b64decode(style.source.removeprefix("sha256-")) == hashlib.sha256(str(style.sheet).encode()).digest()


def test_values_are_escaped_and_undefined_names_are_errors() -> None:
    made = environment("proveout.trial", {"twice": lambda value: value * 2})
    assert made.from_string("{{ x | twice }}").render(x="<b>") == "&lt;b&gt;&lt;b&gt;"
    with pytest.raises(jinja2.UndefinedError):
        made.from_string("{{ y }}").render()
