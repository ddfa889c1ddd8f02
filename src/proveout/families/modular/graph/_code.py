"""The version of a step's code."""

from __future__ import annotations

import hashlib
import inspect
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["code_of"]


def code_of(run: Callable[..., Any]) -> str:
    """A micro-model's own ``version``, or a hash of a function's source.

    What the function calls is not part of it: a change there needs a new name, or a change here, to be seen.

    Example:
        >>> class Model:
        ...     version = "intent@3f2a"
        ...
        ...     def __call__(self, text: str) -> str:
        ...         return text
        >>> code_of(Model())
        'intent@3f2a'
    """
    version = getattr(run, "version", None)
    if isinstance(version, str):
        return version
    target: Any = run if inspect.isroutine(run) or inspect.isclass(run) else type(run)
    name = f"{target.__module__}:{target.__qualname__}"
    try:
        content = inspect.getsource(target).encode()
    except (OSError, TypeError):
        # Typed at a prompt, built in, or compiled.
        code = getattr(target, "__code__", None)
        content = code.co_code + repr(code.co_consts).encode() if code else name.encode()
    return f"{name}@{hashlib.blake2b(content, digest_size=6).hexdigest()}"
