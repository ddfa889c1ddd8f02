"""The version of a step's code."""

from __future__ import annotations

import functools
import hashlib
import inspect
from types import CodeType
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["PACKAGE", "code_of", "module_of"]

# Modules beside a graph live in a package of their own, so that two folders may each have a steps.py.
PACKAGE = "proveout_steps_"


def code_of(run: Callable[..., Any]) -> str:
    """A micro-model's own ``version``, or a hash of a function's source.

    What the function calls or closes over, and the state of an object without ``version``, are no part of it: a change
    there needs a new version, or a change here, to be seen.

    Example:
        >>> class Model:
        ...     version = "intent@3f2a"
        ...
        ...     def __call__(self, text: str) -> str:
        ...         return text
        >>> code_of(Model()), code_of(Model().__call__)
        ('intent@3f2a', 'intent@3f2a.__call__')
    """
    version = getattr(run, "version", None)
    if isinstance(version, str):
        return version
    if isinstance(run, functools.partial):
        named = [f"{name}={_constant(value)}" for name, value in run.keywords.items()]
        bound = "|".join([*map(_constant, run.args), *named])
        return f"{code_of(run.func)}({_hash(bound.encode())})"
    owner = getattr(getattr(run, "__self__", None), "version", None)
    if isinstance(owner, str):
        return f"{owner}.{run.__name__}"
    target: Any = run if inspect.isroutine(run) or inspect.isclass(run) else type(run)
    name = f"{module_of(target)}:{target.__qualname__}"
    try:
        content = inspect.getsource(target).encode()
    except (OSError, TypeError):
        # Typed at a prompt, built in, or compiled.
        code = getattr(target, "__code__", None)
        content = "\n".join(_parts(code)).encode() if isinstance(code, CodeType) else name.encode()
    return f"{name}@{_hash(content)}"


def module_of(target: Any) -> str:
    """The module of a function or class, for one beside a graph as that graph names it: wherever its folder stands."""
    package, _, rest = str(target.__module__).partition(".")
    return rest if package.startswith(PACKAGE) else str(target.__module__)


def _hash(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=6).hexdigest()


def _parts(code: CodeType) -> Iterator[str]:
    """What a function's code is made of, alike in each process: no address, no order of a set."""
    yield code.co_code.hex()
    yield from code.co_names
    for one in code.co_consts:
        if isinstance(one, CodeType):
            yield from _parts(one)
        else:
            yield repr(sorted(map(repr, one)) if isinstance(one, frozenset) else one)


def _constant(value: Any) -> str:
    if callable(value):
        return code_of(value)
    try:
        return msgspec.json.encode(value, order="deterministic").decode()
    except (TypeError, ValueError):
        return f"{module_of(type(value))}:{type(value).__qualname__}"
