"""What is served besides answers: the list of models and the API's own description."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from proveout.errors import MethodUnknown, PathUnknown
from proveout.gateway._exchange import Reply
from proveout.gateway.api import JSON_TYPE, model_info, model_list, openapi
from proveout.gateway.path._body import read_head

if TYPE_CHECKING:
    from proveout.gateway._exchange import Operation, Scope
    from proveout.gateway.path._state import State

__all__ = ["OPERATIONS", "page"]

OPERATIONS: dict[str, Operation] = {
    "/v1/chat/completions": "chat",
    "/v1/responses": "responses",
    "/v1/embeddings": "embeddings",
}
MODELS = "/v1/models"
ONE_MODEL = "/v1/models/"
OPENAPI = "/openapi.json"
READS = ("GET", "HEAD")


async def page(state: State, scope: Scope, now: float) -> Reply:
    """Answer what is no POST to an operation.

    Args:
        state: in force.
        scope: of ASGI.
        now: seconds since the epoch.

    Raises:
        PathUnknown: there is no such path.
        MethodUnknown: it takes another method.
        Unauthenticated: it needs a key.
        ModelUnknown: there is no such model, or not for this key.
    """
    path: str = scope["path"]
    _check(path, scope["method"])
    if path == OPENAPI:
        return Reply(headers=[JSON_TYPE], body=msgspec.json.encode(openapi(keyed=state.keys is not None)))
    credential = read_head(scope).credential
    key = state.key_of(credential, now)
    if path == MODELS:
        return Reply(headers=[JSON_TYPE], body=model_list(await state.models(key, credential)))
    return Reply(headers=[JSON_TYPE], body=model_info(state.model(key, path[len(ONE_MODEL) :])))


def _check(path: str, method: str) -> None:
    reads = path in {MODELS, OPENAPI} or (path.startswith(ONE_MODEL) and len(path) > len(ONE_MODEL))
    if not reads and path not in OPERATIONS:
        why = f"the gateway serves {', '.join((*OPERATIONS, MODELS))}"
        raise PathUnknown("no such URL", why=why, fix="correct the path; base_url ends in /v1", about=path[:200])
    if not reads or method not in READS:
        allowed = "GET, HEAD" if reads else "POST"
        headers = ((b"allow", allowed.encode()),)
        why, fix = f"{method[:20]} is not taken here", f"use {allowed}"
        raise MethodUnknown("not allowed", why=why, fix=fix, about=path[:200], headers=headers)
