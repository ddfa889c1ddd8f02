from __future__ import annotations

import functools
import inspect
import subprocess
import sys
from pathlib import Path
from typing import Any

from proveout.families.modular.graph import code_of


class Versioned:
    version = "intent@3f2a"

    def __call__(self, text: str) -> str:
        return text

    def second(self, text: str) -> str:
        return text


class Bare:
    def __call__(self, text: str) -> str:
        return text


def one(text: str) -> str:
    return text


def other(text: str) -> str:
    return text + text


def test_a_micro_model_says_its_own_version() -> None:
    assert code_of(Versioned()) == "intent@3f2a"
    assert code_of(Versioned().second) == "intent@3f2a.second"


def test_a_function_has_the_version_of_its_source() -> None:
    assert code_of(one) == code_of(one)
    assert code_of(one) != code_of(other)
    assert code_of(one).startswith(f"{__name__}:one@")
    assert code_of(Bare()).startswith(f"{__name__}:Bare@")


def test_what_a_partial_binds_is_part_of_its_version() -> None:
    bound: list[Any] = ["a", "b", one, object(), object()]
    versions = [code_of(functools.partial(other, text=value)) for value in bound]
    assert len(set(versions)) == 4
    assert versions[3] == versions[4], "an address is no version"


TYPED = """
made = {}
exec("def f(x):\\n    return [y for y in x if y in {'a', 'b', 'c'}] + [lambda: 0]", made)
"""


def test_a_function_without_source_has_the_same_version_in_each_process() -> None:
    # The module alone, as importing the package takes a second.
    source = Path(inspect.getfile(code_of)).read_text(encoding="utf-8")
    program = f"{source}{TYPED}print(code_of(made['f']), code_of(len))"
    command = [sys.executable, "-c", program]
    environment = {"PYTHONHASHSEED": "1"}
    found = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    here: dict[str, Any] = {}
    exec(TYPED, here)  # noqa: S102  the same text as in the other process
    made = here["made"]["f"]
    assert found.split() == [code_of(made), code_of(len)]
    assert made(["a", "d"])[0] == "a"
