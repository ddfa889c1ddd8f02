"""The plain baseline: Starlette in front, httpx behind, nothing in between.

Run: UPSTREAM=URL uvicorn --app-dir bench gateway_starlette:app
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import httpx
from starlette.applications import Starlette
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

if TYPE_CHECKING:
    from starlette.requests import Request

CLIENT = httpx.AsyncClient(timeout=60.0, limits=httpx.Limits(max_connections=256, max_keepalive_connections=256))
URL = f"{os.environ.get('UPSTREAM', '')}/chat/completions"
HEADERS = {"content-type": "application/json", "authorization": "Bearer sk-upstream"}


async def chat(request: Request) -> Response:
    """Pass the request on, and its answer back as it comes."""
    body = await request.body()
    if b'"stream":true' not in body:
        got = await CLIENT.post(URL, content=body, headers=HEADERS)
        return Response(got.content, got.status_code, media_type="application/json")
    sent = CLIENT.build_request("POST", URL, content=body, headers=HEADERS)
    answer = await CLIENT.send(sent, stream=True)
    return StreamingResponse(answer.aiter_raw(), answer.status_code, media_type="text/event-stream")


app = Starlette(routes=[Route("/v1/chat/completions", chat, methods=["POST"])])
