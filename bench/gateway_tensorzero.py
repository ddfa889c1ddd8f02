"""TensorZero's embedded gateway, called from its own Python client; run in the environment that has it.

Each line of standard input, ``CONNECTIONS SECONDS STREAM``, is one measurement, answered with a line of JSON. The CPU
time is that of this whole process: the Rust gateway, and the little Python that calls it.

Run: python bench/gateway_tensorzero.py CONFIG
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

from tensorzero import AsyncTensorZeroGateway

INPUT = {
    "system": "You are a helpful assistant.",
    "messages": [{"role": "user", "content": "Say hello in a friendly way, please, and be brief."}],
}
MODEL = "fake"
WARM_SECONDS = 0.5


async def call(client: Any, *, stream: bool) -> None:
    """One inference."""
    answer = await client.inference(model_name=MODEL, input=INPUT, stream=stream)
    if stream:
        async for _ in answer:
            pass


async def measure(client: Any, connections: int, seconds: float, *, stream: bool) -> dict[str, Any]:
    """So many callers at a time, each one call after another."""
    latencies: list[float] = []
    ends = time.perf_counter() + WARM_SECONDS + seconds

    async def caller() -> None:
        while (began := time.perf_counter()) < ends:
            await call(client, stream=stream)
            latencies.append(time.perf_counter() - began)

    callers = [asyncio.create_task(caller()) for _ in range(connections)]
    await asyncio.sleep(WARM_SECONDS)
    latencies.clear()
    began, spent = time.perf_counter(), time.process_time()
    await asyncio.sleep(seconds)
    found = {
        "seconds": time.perf_counter() - began,
        "cpu_seconds": time.process_time() - spent,
        "latencies": latencies.copy(),
    }
    await asyncio.gather(*callers)
    return found


async def main() -> None:
    """Answer each line."""
    built = AsyncTensorZeroGateway.build_embedded(config_file=sys.argv[1], async_setup=True)
    async with await built as client:
        await call(client, stream=False)
        print("ready", flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            connections, seconds, stream = line.split()
            found = await measure(client, int(connections), float(seconds), stream=stream == "True")
            print(json.dumps(found), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
