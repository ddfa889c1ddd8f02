"""What every error of the tree promises to whoever catches, prints or matches it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import import_module

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout import errors
from proveout.errors import ProveoutError

# README and the reference of the command line name these: scripts depend on them.
EXIT_CODES = {
    "BusyError": 5,
    "IntegrityError": 4,
    "ProviderError": 7,
    "SetupError": 6,
}


def below(kind: type[ProveoutError]) -> Iterator[type[ProveoutError]]:
    for child in kind.__subclasses__():
        # Others' tests make errors of their own.
        if child.__module__.startswith("proveout.errors"):
            yield child
            yield from below(child)


TREE = sorted(below(ProveoutError), key=lambda kind: kind.__name__)
FAMILIES = [kind for kind in TREE if kind.__base__ is ProveoutError]


def test_the_front_page_exports_the_whole_tree_and_nothing_else() -> None:
    assert set(errors.__all__) == {kind.__name__ for kind in TREE} | {"ProveoutError"}
    assert len(TREE) == len({kind.__name__ for kind in TREE})


@pytest.mark.parametrize("kind", TREE, ids=lambda kind: kind.__name__)
def test_every_error_is_explained_and_exported_where_it_is_defined(kind: type[ProveoutError]) -> None:
    assert getattr(errors, kind.__name__) is kind
    assert kind.__name__ in import_module(kind.__module__).__all__
    assert kind.__doc__
    first = kind.__doc__.splitlines()[0]
    assert first.endswith((".", ":"))
    assert kind.__doc__ != kind.__base__.__doc__


@pytest.mark.parametrize("kind", FAMILIES, ids=lambda kind: kind.__name__)
def test_a_family_has_one_exit_code(kind: type[ProveoutError]) -> None:
    """1 is any other failure of Python, and 2 is click's for wrong usage."""
    code = EXIT_CODES.get(kind.__name__, 3)
    assert {one.exit_code for one in (kind, *below(kind))} == {code}


@pytest.mark.parametrize("kind", TREE, ids=lambda kind: kind.__name__)
def test_every_error_says_what_why_and_what_next(kind: type[ProveoutError]) -> None:
    error = kind("it broke", why="the value is 7", fix="take 6", about="file.toml")
    assert str(error) == "file.toml: it broke: the value is 7. Next: take 6."
    assert error.to_dict() == {
        "error": kind.__name__,
        "about": "file.toml",
        "what": "it broke",
        "why": "the value is 7",
        "fix": "take 6",
    }
    assert error.code == kind.__name__


@given(st.text(st.characters(codec=None)), st.text(), st.integers())
def test_whatever_an_error_is_about_it_can_be_printed_as_json(about: str, why: str, fix: int) -> None:
    error = ProveoutError("it broke", why=why, fix=fix, about=about)  # type: ignore[arg-type]  # somebody's own error
    told = json.loads(json.dumps(error.to_dict()).encode("utf-8"))
    assert set(told) == {"error", "about", "what", "why", "fix"}
    assert told["why"] == why


def test_the_words_are_needed() -> None:
    with pytest.raises(TypeError):
        ProveoutError("it broke")  # type: ignore[call-arg]
